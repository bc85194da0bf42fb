//! After sealing and opening neither the data key nor the content is left in this process's memory.
//!
//! Each search runs in a process of its own, with one thread, so that nothing else moves.

use std::io::{self, Cursor, Read, Write};
use std::sync::Mutex;

use medsec_crypto::{
    Backend, Bind, Checked, Dek, Execution, HpkeKind, Identity, KeyRef, Recipient, Stanza,
    WrapError,
};
use zeroize::Zeroizing;

use super::scanner::{MASK, NEEDLE_LEN, Needle, find};
use crate::support::sample::Plan;
use crate::support::{hpke, kek};
use medsec_testkit::child::{child, number_in, output_of, task};

const HELPER: &str = "memory::scan::helper_searches_its_memory";
/// The content repeats 32 bytes; kept masked.
const PATTERN: [u8; NEEDLE_LEN] =
    *b"\xD1\xC2\xB3\xA4\x95\x86\x77\x68\x59\x4A\x3B\x2C\x1D\x0E\xFF\xE0\
    \xD0\xC1\xB2\xA3\x94\x85\x76\x67\x58\x49\x3A\x2B\x1C\x0D\xFE\xEF";
const LEN: u64 = 600_000;

/// Gives the content without ever holding more of it than the caller's buffer.
struct Content(u64);

impl Read for Content {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(LEN - self.0).unwrap();
        let len = out.len().min(left);
        for byte in &mut out[..len] {
            *byte = PATTERN[usize::try_from(self.0).unwrap() % NEEDLE_LEN] ^ MASK;
            self.0 += 1;
        }
        Ok(len)
    }
}

/// Checks what it is given against the content and keeps nothing.
struct Check(Content);

impl Write for Check {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            let mut expected = [0];
            self.0.read_exact(&mut expected)?;
            assert!(*byte == expected[0]);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Remembers, masked, the data key that passes through.
struct Spy<'a> {
    inner: &'a dyn Recipient,
    seen: Mutex<Option<Needle>>,
}

impl Recipient for Spy<'_> {
    fn key_ref(&self) -> KeyRef {
        self.inner.key_ref()
    }

    fn wrap_dek(&self, dek: &Dek, bind: &Bind) -> Result<Stanza, WrapError> {
        *self.seen.lock().unwrap() = Some(Needle::of(dek.expose_secret()));
        self.inner.wrap_dek(dek, bind)
    }
}

fn assert_clean(backend: Backend, key: &str, way: &str) {
    let text = output_of(child(HELPER, &[backend.name(), key, way]));
    println!("{}", text.lines().filter(|l| l.contains('=')).collect::<Vec<_>>().join("; "));
    // The search works: it finds what is there.
    assert!(number_in(&text, "key-alive") > 0, "{text}");
    assert!(number_in(&text, "content-alive") > 0, "{text}");
    for after in ["sealing", "opening"] {
        for place in ["key-on-stack", "key-elsewhere", "content-elsewhere"] {
            let left = number_in(&text, &format!("{place}-after-{after}"));
            assert_eq!(left, 0, "{text}");
        }
        let blocks = number_in(&text, &format!("content-on-stack-after-{after}"));
        assert!(blocks <= 8, "more than a few blocks of the cipher: {text}");
    }
}

fn on_all_backends(key: &str) {
    for backend in Backend::ALL {
        for way in ["seal_to", "address"] {
            assert_clean(*backend, key, way);
        }
    }
}

#[test]
fn local_key_leaves_no_secret_in_memory() {
    on_all_backends("local");
}

#[test]
fn x25519_leaves_no_secret_in_memory() {
    on_all_backends("x25519");
}

#[test]
fn x_wing_leaves_no_secret_in_memory() {
    on_all_backends("x-wing");
}

/// Seals and gives package and needle.
fn seal(execution: &Execution<'_>, recipient: &dyn Recipient, way: &str) -> (Vec<u8>, Needle) {
    let draft = Plan::new(0).signed().with_metadata().draft();
    let spy = Spy { inner: recipient, seen: Mutex::new(None) };
    let sealer = if way == "address" {
        let dek = Dek::generate().unwrap();
        let stanza = spy.wrap_dek(&dek, &draft.bind()).unwrap();
        draft.address(dek, vec![stanza]).unwrap()
    } else {
        draft.seal_to(&[&spy]).unwrap()
    };
    let needle = spy.seen.into_inner().unwrap().unwrap();
    println!("key-alive={}", find(&needle).len());
    let mut package = Vec::new();
    sealer.seal(Content(0), &mut package, execution).unwrap();
    (package, needle)
}

fn open(execution: &Execution<'_>, package: &[u8], identity: &dyn Identity) {
    let mut expectation = Plan::new(0).signed().expectation(1);
    expectation.keys = vec![identity.key_ref()];
    let mut rest = package;
    let checked = Checked::read(&mut rest, expectation).unwrap();
    let unlocked = checked.unlock_with(&[identity]).unwrap();
    let source = || Cursor::new(package);
    let (content, opened) = unlocked.open_to_memory(source(), LEN, execution).unwrap();
    println!("content-alive={}", find(&Needle(PATTERN)).len());
    Check(Content(0)).write_all(&content).unwrap();
    drop((content, opened));
    let mut released = unlocked.danger_release_unverified(rest, execution.backend).unwrap();
    let mut buffer = Zeroizing::new([0; 5000]);
    loop {
        let read = released.read(&mut *buffer).unwrap();
        if read == 0 {
            break;
        }
    }
    released.finish().unwrap();
    let mut ranged = unlocked.ranged_after_reading_all(source(), execution).unwrap();
    ranged.read_range(300_000, &mut *buffer).unwrap();
    drop(ranged);
    drop(unlocked);
}

/// Backend, kind of key, how the data key comes into the package.
#[test]
fn helper_searches_its_memory() {
    let Some(words) = task() else { return };
    let mut execution = Execution::default();
    let mut backends = Backend::ALL.iter();
    execution.backend = *backends.find(|backend| backend.name() == words[0]).unwrap();
    let identity: Box<dyn Identity> = match words[1].as_str() {
        "local" => Box::new(kek(1)),
        "x25519" => Box::new(hpke(HpkeKind::X25519, 1)),
        _ => Box::new(hpke(HpkeKind::XWing, 1)),
    };
    let recipient: Box<dyn Recipient> = match words[1].as_str() {
        "local" => Box::new(kek(1)),
        "x25519" => Box::new(hpke(HpkeKind::X25519, 1).recipient().clone()),
        _ => Box::new(hpke(HpkeKind::XWing, 1).recipient().clone()),
    };
    let (package, needle) = seal(&execution, &*recipient, &words[2]);
    report("sealing", &needle);
    open(&execution, &package, &*identity);
    report("opening", &needle);
}

/// Prints what is left. A cipher may leave its last few blocks on the stack, where we own no buffer;
/// the key may be nowhere.
fn report(after: &str, key: &Needle) {
    for (name, needle) in [("key", key), ("content", &Needle(PATTERN))] {
        let found = find(needle);
        let (stack, rest): (Vec<_>, Vec<_>) = found.iter().partition(|found| found.on_stack);
        println!("{name}-on-stack-after-{after}={}", stack.len());
        println!("{name}-elsewhere-after-{after}={}", rest.len());
        for found in found.iter().take(8) {
            println!("{name} after {after}: {}", found.place);
        }
    }
}
