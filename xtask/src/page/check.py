"""Looks at pages in a real browser: `check.py BROWSER AXE PICTURES PAGE…`.

Each page is loaded from disk with scripts switched off, in light, in dark and narrow, and printed. It has to ask
nobody for anything, to stay below a megabyte, to be reachable by the keyboard, to need no scrolling to the side, and
to show axe-core no violation. The pictures are left in the folder PICTURES, for people. Prints a line for everything
that is wrong and ends with 1 where there is any.

The browser is driven over a pipe with its own DevTools protocol; nothing listens on a port.
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

LIMIT = 1_000_000
PATIENCE = 60
# Which rules: those of WCAG 2.2 AA and what axe-core takes for good practice besides.
AXE = "axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations))"
FOCUSED = """(() => {
  const e = document.activeElement, b = e.getBoundingClientRect(), s = getComputedStyle(e);
  if (e === document.body) return 'body';
  const ring = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2;
  const all = [...document.querySelectorAll('a[href], summary, [tabindex="0"]')];
  return JSON.stringify([all.indexOf(e), b.width > 0 && b.height > 0, ring]);
})()"""
REACHABLE = """[...document.querySelectorAll('a[href], summary, [tabindex="0"]')]
  .filter(e => e.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true}))
  .map(e => [...document.querySelectorAll('a[href], summary, [tabindex="0"]')].indexOf(e))"""


class Browser:
    """A headless browser with an empty profile."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="page-")
        to_browser, our_end = os.pipe()
        our_other_end, from_browser = os.pipe()

        def ends():
            # The protocol's pipe is on descriptors 3 and 4.
            os.dup2(os.dup(to_browser), 13)
            os.dup2(os.dup(from_browser), 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--disable-dev-shm-usage", "--remote-debugging-pipe", f"--user-data-dir={self.profile}"]
        self.process = subprocess.Popen([program, *flags], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, preexec_fn=ends, close_fds=False)
        os.close(to_browser)
        os.close(from_browser)
        self.write, self.read = our_end, our_other_end
        self.rest, self.count, self.events = b"", 0, []

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def message(self):
        import select
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.read], [], [], PATIENCE)
            more = os.read(self.read, 1 << 20) if ready else b""
            if not more:
                raise SystemExit("the browser does not answer")
            self.rest += more
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def ask(self, method, session=None, **params):
        self.count += 1
        request = {"id": self.count, "method": method, "params": params}
        if session:
            request["sessionId"] = session
        os.write(self.write, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def until(self, event):
        while not any(e.get("method") == event for e in self.events):
            self.events.append(self.message())


class Page:
    """One page in one size and one colour scheme."""

    def __init__(self, browser, path, width, scheme, scripts=False):
        self.browser = browser
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        self.target = target
        self.session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Network", "Runtime"]:
            self.ask(f"{domain}.enable")
        self.ask("Page.setBypassCSP", enabled=True)
        self.ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1,
                 mobile=width < 600)
        browser.events.clear()
        self.ask("Page.navigate", url=path.absolute().as_uri())
        browser.until("Page.loadEventFired")
        self.ask("Runtime.evaluate", expression="1")
        sent = [e for e in browser.events if e.get("method") == "Network.requestWillBeSent"]
        self.requests = [e["params"]["request"]["url"] for e in sent]

    def ask(self, method, **params):
        return self.browser.ask(method, session=self.session, **params)

    def value(self, expression):
        self.ask("Emulation.setScriptExecutionDisabled", value=False)
        result = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise SystemExit(f"{expression[:60]}…: {result['exceptionDetails']['text']}")
        return result["result"].get("value")

    def press_tab(self):
        key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
        self.ask("Input.dispatchKeyEvent", type="rawKeyDown", **key)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **key)

    def picture(self, file):
        shot = self.ask("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        self.browser.ask("Target.closeTarget", targetId=self.target)


def violations(page, axe):
    page.value(axe + ";1")
    for one in json.loads(page.value(AXE)):
        places = [node["target"][0] for node in one["nodes"]]
        yield f"axe: {one['id']}: {one['help']}: {', '.join(map(str, places[:5]))} ({len(places)})"


def keyboard(page):
    """Presses Tab until the focus comes round, and names what it does not reach or does not show."""
    wanted = set(page.value(REACHABLE))
    reached, unseen = [], 0
    for _ in range(len(wanted) + 2):
        page.press_tab()
        focused = page.value(FOCUSED)
        if focused == "body" or json.loads(focused)[0] in reached:
            break
        index, visible, ring = json.loads(focused)
        reached.append(index)
        unseen += not (visible and ring)
    missed = wanted - set(reached)
    if missed:
        yield f"keyboard: {len(missed)} of {len(wanted)} links and controls are not reached by Tab"
    if unseen:
        yield f"keyboard: {unseen} of {len(reached)} do not show that they have the focus"
    if reached != sorted(reached):
        yield "keyboard: Tab does not go in the order of the page"


def judge(browser, path, axe, pictures):
    if path.stat().st_size >= LIMIT:
        yield f"{path.stat().st_size} bytes; {LIMIT} are too many"
    for name, width, scheme in [("light", 1280, "light"), ("dark", 1280, "dark"), ("narrow", 360, "light")]:
        page = Page(browser, path, width, scheme)
        foreign = [url for url in page.requests if url != path.absolute().as_uri() and not url.startswith("data:")]
        if foreign:
            yield f"{name}: asks for {', '.join(foreign[:5])}"
        if not page.value("document.body.innerText.trim().length > 0"):
            yield f"{name}: shows nothing without scripts"
        over = page.value("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            yield f"{name}: {over} pixels wider than the window"
        page.picture(pictures / f"{path.stem}-{name}.png")
        if name == "light":
            yield from keyboard(page)
            printed = page.ask("Page.printToPDF", preferCSSPageSize=True)
            (pictures / f"{path.stem}.pdf").write_bytes(base64.b64decode(printed["data"]))
        yield from (f"{name}: {one}" for one in violations(page, axe))
        page.close()


def main():
    program, axe, pictures, *pages = sys.argv[1:]
    axe, pictures = pathlib.Path(axe).read_text(encoding="utf-8"), pathlib.Path(pictures)
    pictures.mkdir(parents=True, exist_ok=True)
    browser = Browser(program)
    try:
        wrong = [f"{page}: {what}" for page in pages for what in judge(browser, pathlib.Path(page), axe, pictures)]
    finally:
        browser.close()
    print("\n".join(wrong), end="\n" if wrong else "")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
