//! The pages of the report in a real browser: what a reader with a keyboard, a screen reader or a small screen gets.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::debian::{self, program};
use crate::node::{Node, Package};
use crate::process;
use crate::workspace::Workspace;

const CHECK: &str = "xtask/src/page/check.py";
/// A page with faults: a check that finds none in it is broken.
const WRONG: &str = "xtask/src/page/wrong.html";
/// What it finds there, at least.
const FAULTS: [&str; 7] = [
    "asks for https://example.invalid",
    "color-contrast",
    "html-has-lang",
    "image-alt",
    "are not reached by Tab",
    "do not show that they have the focus",
    "wider than the window",
];
/// Names under which systems have it.
const BROWSERS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The checker of accessibility that most tools are made with.
const AXE: Package = Package {
    name: "axe-core",
    version: "4.14.1",
    sha256: "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745",
    files: &["axe.min.js"],
};

/// Looks at pages; pictures of them are left under `target/pages`.
///
/// # Errors
/// The browser or axe-core cannot be had, a page has a fault (already printed), or the check is blind.
pub(crate) fn check(ws: &Workspace, pages: &[&Path]) -> Result<()> {
    let browser = BROWSERS.iter().find_map(|name| program(name));
    let browser = match browser {
        Some(browser) => browser,
        None => {
            debian::install(ws, &["chromium"])?;
            program("chromium").context("Debian's chromium is not on the path")?
        }
    };
    let axe = Node::install(ws)?.fetch(ws, &ws.target.join("axe"), &AXE)?.join("axe.min.js");
    let pictures = ws.target.join("pages");
    let look = |pages: &[&Path]| {
        let mut look = process::command("python3", &ws.root);
        look.arg(ws.root.join(CHECK)).arg(&browser).arg(&axe).arg(&pictures).args(pages);
        look
    };
    sees_faults(&process::printed(&mut look(&[&ws.root.join(WRONG)]))?)?;
    process::run(&mut look(pages))?;
    println!("    pictures in {}", pictures.display());
    Ok(())
}

/// The page with faults shows that the check is not blind.
fn sees_faults(said: &str) -> Result<()> {
    let unseen: Vec<_> = FAULTS.into_iter().filter(|fault| !said.contains(fault)).collect();
    if !unseen.is_empty() {
        bail!("the check of pages does not see: {}. It said:\n{said}", unseen.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blind_check_is_noticed() {
        let all = FAULTS.join("\n");
        assert!(sees_faults(&all).is_ok());
        assert!(sees_faults(&all.replace("image-alt", "")).is_err());
        assert!(sees_faults("the browser does not answer").is_err());
    }
}
