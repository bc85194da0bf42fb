//! What is in the agent's memory, and what is not any more.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{IdentityFile, Passphrase};

use super::{OPEN, Office, PHRASE, SEAL};
use crate::ward::Refused;

/// How often the bytes stand in the memory of the process. Only root may look: the agent is not dumpable.
fn count(pid: u32, wanted: &[u8]) -> io::Result<usize> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let mut memory = File::open(format!("/proc/{pid}/mem"))?;
    let mut found = 0;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, rest) = line.split_once('-').unwrap();
        let until = rest.split_once(' ').unwrap().0;
        let [from, until] = [from, until].map(|at| u64::from_str_radix(at, 16).unwrap());
        let mut bytes = Vec::new();
        memory.seek(SeekFrom::Start(from)).unwrap();
        // Some regions are the kernel's own.
        if (&memory).take(until - from).read_to_end(&mut bytes).is_ok() {
            found += bytes.windows(wanted.len()).filter(|window| *window == wanted).count();
        }
    }
    Ok(found)
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iii)", "164.312(d)"],
    claim = "after the end of a session nothing of what it unlocked can be read from the agent's memory",
    polarity = deny,
)]
fn logout_erases_what_the_session_unlocked(ev: Ev) -> Proven {
    let office = Office::locked();
    let pid = office.agent.id();
    let secrets = ["ada.identity", "ada.signer"].map(|name| {
        let file =
            IdentityFile::load(&office.ward.path(&format!("home/identities/{name}"))).unwrap();
        let phrase = Passphrase::take_from(&mut b"correct horse".to_vec()).unwrap();
        *file.unlock(Some(&phrase)).unwrap().expose_secret()
    });
    let phrase = PHRASE.strip_suffix(b"\n").unwrap();
    if !rustix::process::geteuid().is_root() {
        // What cannot be looked for is at least out of reach.
        ev.denies(count(pid, &secrets[0]), |e| e.kind() == io::ErrorKind::PermissionDenied);
        return ev.proven();
    }
    ev.equal("nothing is there before the login", &ev.allows(count(pid, &secrets[0])), &0);
    ev.allows(office.log_in().result());
    ev.allows(office.ward.line(SEAL).result());
    for secret in &secrets {
        let during = ev.allows(count(pid, secret));
        ev.holds("the keys are there during the session", during >= 1);
    }
    ev.equal("the passphrase is not", &ev.allows(count(pid, phrase)), &0);
    ev.allows(office.ward.line("logout").result());
    for secret in &secrets {
        ev.equal("the keys are not there any more", &ev.allows(count(pid, secret)), &0);
    }
    ev.equal("nor is the passphrase", &ev.allows(count(pid, phrase)), &0);
    ev.denies(office.ward.line(OPEN).result(), |e| *e == Refused(25));
    ev.proven()
}
