//! Every way to seal and to open gives the same bytes, whatever the reader, the size, the number of
//! threads, the suite, the backend.

mod compare;
mod faulty;
mod property;
mod ranges;
mod sizes;
mod twice;

use std::io::{Cursor, Read, Write};

use medsec_crypto::{Backend, Execution, OutputOptions, Suite, Unlocked};
use tempfile::TempDir;

use crate::support::sample::{Plan, origin_of};

/// How a package is made and opened.
#[derive(Clone, Copy, Debug)]
struct Case {
    plan: Plan,
    execution: Execution<'static>,
}

/// All combinations of suite, backend and signature that `plan` leaves open, with these threads.
fn cases(plan: Plan, threads: &[usize]) -> Vec<Case> {
    let mut cases = Vec::new();
    for suite in [Suite::Aes256Gcm, Suite::ChaCha20Poly1305] {
        for backend in Backend::ALL {
            for signed in [false, true] {
                for threads in threads {
                    let mut execution = crate::support::threads(*threads);
                    execution.backend = *backend;
                    let plan = Plan { suite, signed, ..plan };
                    cases.push(Case { plan, execution });
                }
            }
        }
    }
    cases
}

impl Case {
    fn seal(&self, content: impl Read + Send) -> Vec<u8> {
        let mut package = Vec::new();
        let sealed = self.plan.sealer().seal(content, &mut package, &self.execution);
        assert_eq!(sealed.unwrap().package_len, package.len() as u64);
        package
    }

    /// Seals by pushing pieces of these lengths in turn.
    fn push(&self, content: &[u8], lengths: &[usize]) -> Vec<u8> {
        let sealer = self.plan.sealer();
        let mut writer = sealer.into_writer(Vec::new(), self.execution.backend).unwrap();
        let mut rest = content;
        for len in lengths.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, tail) = rest.split_at((*len).min(rest.len()));
            writer.write_all(piece).unwrap();
            rest = tail;
        }
        writer.flush().unwrap();
        let (sealed, package) = writer.finish().unwrap();
        assert_eq!(sealed.package_len, package.len() as u64);
        package
    }

    fn unlock(&self, reader: &mut impl Read) -> Unlocked {
        self.plan.unlock(1, reader).unwrap()
    }

    /// Opens in every way; all must give `content`.
    fn opens_to(&self, package: &[u8], content: &[u8]) {
        let context = format!("{self:?}");
        let unlocked = self.unlock(&mut &package[..]);
        let source = || Cursor::new(package);
        let memory = unlocked.open_to_memory(source(), content.len() as u64, &self.execution);
        let (opened, facts) = memory.unwrap();
        assert!(*opened == content, "{context}");
        assert_eq!(facts.plain_len, content.len() as u64, "{context}");
        assert_eq!(facts.signer.is_some(), self.plan.signed, "{context}");
        assert_eq!(facts.metadata.is_some(), self.plan.metadata, "{context}");
        let verified = unlocked.verify(source(), &self.execution).unwrap();
        assert_eq!(verified.plain_len, content.len() as u64, "{context}");
        self.releases_and_ranges(&unlocked, package, content);
        if self.plan.signed {
            let origin = origin_of(package).unwrap();
            assert_eq!(origin.plain_len, content.len() as u64, "{context}");
        }
    }

    fn releases_and_ranges(&self, unlocked: &Unlocked, package: &[u8], content: &[u8]) {
        let backend = self.execution.backend;
        let mut rest = package;
        let unlocked_too = self.unlock(&mut rest);
        let mut released = unlocked_too.danger_release_unverified(rest, backend).unwrap();
        let mut out = Vec::new();
        released.read_to_end(&mut out).unwrap();
        released.finish().unwrap();
        assert!(out == content, "{self:?}");
        let source = Cursor::new(package);
        let mut ranged = if self.plan.signed {
            unlocked.ranged_after_reading_all(source, &self.execution)
        } else {
            unlocked.ranged(source, backend)
        }
        .unwrap();
        out.clear();
        ranged.read_to_end(&mut out).unwrap();
        assert!(out == content, "{self:?}");
        assert_eq!(ranged.content_len().unwrap(), content.len() as u64);
    }

    /// Opens into files, sought in and streamed.
    fn opens_to_files(&self, package: &[u8], content: &[u8]) {
        let folder = TempDir::new().unwrap();
        let options = OutputOptions::default();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let unlocked = self.unlock(&mut &package[..]);
        let source = Cursor::new(package);
        unlocked.open_to_file(source, &one, options, &self.execution).unwrap();
        let mut rest = package;
        let unlocked = self.unlock(&mut rest);
        unlocked.open_stream_to_file(rest, &two, options, &self.execution).unwrap();
        for path in [one, two] {
            assert!(std::fs::read(path).unwrap() == content, "{self:?}");
        }
    }
}
