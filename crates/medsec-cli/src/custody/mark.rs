//! What remembers which policy was in force last. One process at a time changes it, and none puts an older policy in
//! the place of a newer one, unless a person says so.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::time::{Duration, Instant};

use medsec_crypto::{Existing, OutputOptions};
use medsec_policy::{Bundle, BundleMark, MarkError};

use crate::exit::Exit;
use crate::failure::Failure;

/// How long another process is waited for, which has one record to write.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(5);

/// The mark, kept from all other processes until this is dropped, where the file system can do that.
#[derive(Debug)]
pub(crate) struct HeldMark<'p> {
    path: &'p Path,
    _lock: Option<File>,
}

impl<'p> HeldMark<'p> {
    /// Waits for the mark at this place. Its folder must be there.
    pub(crate) fn hold(path: &'p Path) -> Result<Self, Failure> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let lock = lock(folder.unwrap_or_else(|| Path::new(".")))?;
        Ok(Self { path, _lock: lock })
    }

    /// What was in force last, as it is now.
    pub(crate) fn read(&self) -> Result<Option<BundleMark>, Failure> {
        read_mark(self.path)
    }

    /// Whether a policy has to be remembered: it follows the one that is.
    ///
    /// # Errors
    /// None is remembered, or this one may not follow it.
    pub(crate) fn lacks(&self, bundle: &Bundle) -> Result<bool, Failure> {
        let mark = self.read()?.ok_or_else(forgotten)?;
        mark.admits(bundle)?;
        Ok(mark.hash() != bundle.hash())
    }

    /// Remembers a policy that came into force. A newer one that another process has seen meanwhile stays.
    ///
    /// # Errors
    /// What is remembered is damaged, or of another line, and stays.
    pub(crate) fn advance(&self, bundle: &Bundle) -> Result<(), Failure> {
        match self.read()?.map(|mark| mark.admits(bundle)) {
            Some(Err(MarkError::Older)) => Ok(()),
            Some(Err(error)) => Err(error.into()),
            None | Some(Ok(())) => self.set(bundle),
        }
    }

    /// Remembers the first policy of a home.
    pub(crate) fn begin(&self, bundle: &Bundle) -> Result<(), Failure> {
        match self.read()? {
            None => self.set(bundle),
            Some(_) => Err(Failure::new(
                Exit::Policy,
                "something remembers a policy here already; it was left alone",
            )
            .next("name another place: `medsec config show` tells which it is")),
        }
    }

    /// Remembers this policy, whatever was remembered.
    pub(crate) fn set(&self, bundle: &Bundle) -> Result<(), Failure> {
        let mut options = OutputOptions::default();
        options.existing = Existing::Replace;
        let text = BundleMark::of(bundle).render();
        Ok(medsec_crypto::write_file(self.path, text.as_bytes(), options)?)
    }
}

/// What was in force last; none if nothing is remembered.
pub(crate) fn read_mark(path: &Path) -> Result<Option<BundleMark>, Failure> {
    let failed = |error| Failure::io("the mark of the policy cannot be read", &error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut text = Vec::new();
    let limit = BundleMark::MAX_LEN.saturating_add(1);
    file.take(limit as u64).read_to_end(&mut text).map_err(failed)?;
    BundleMark::parse(&text).map(Some).map_err(|_| {
        Failure::new(Exit::Policy, "the mark of the policy is damaged; nothing was done").next(
            "find out who changed it; `medsec policy accept` sets it to the policy that is there",
        )
    })
}

/// Nothing is remembered where something must be: else an older policy could stand there.
pub(super) fn forgotten() -> Failure {
    let what = "nothing remembers which policy was in force last; nothing was done";
    Failure::new(Exit::Policy, what).next(
        "find out who removed the mark; `medsec policy accept` sets it to the policy that is there",
    )
}

fn lock(folder: &Path) -> Result<Option<File>, Failure> {
    // Nobody who may only pass through it changes what lies there; others are not to go on without the lock.
    let folder = File::open(folder)
        .map_err(|error| Failure::io("the folder of the policy's mark cannot be opened", &error))?;
    let begun = Instant::now();
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(Some(folder)),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(PAUSE);
            }
            Err(error) => return unlocked(error).map(|()| None),
        }
    }
}

/// Whether one may go on without the lock: where the file system has none, and nowhere else.
fn unlocked(error: TryLockError) -> Result<(), Failure> {
    match error {
        TryLockError::Error(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
        TryLockError::Error(error) => {
            Err(Failure::io("the policy's mark cannot be kept from others", &error))
        }
        TryLockError::WouldBlock => Err(Failure::new(
            Exit::Io,
            "another run keeps what remembers the policy; nothing was done",
        )
        .next("run the command again when the other one has ended")),
    }
}

#[cfg(test)]
mod tests {
    use medsec_policy::{DatasetId, PrincipalId, Ready, Source};

    use super::*;

    /// A line of policies, each following the one before.
    fn line(count: usize) -> Vec<Bundle> {
        let (ada, data) = (PrincipalId::new("ada").unwrap(), DatasetId::new("ct").unwrap());
        let source = |number: usize| {
            let days = 300_usize.saturating_add(number);
            let files = Ready::HipaaDefault.for_owner(&ada, &data);
            let text = |text: String| text.replace("= 365", &format!("= {days}"));
            let files: Vec<_> = files.into_iter().map(|f| (f.path, text(f.text))).collect();
            Source::from_files(files.iter().map(|(path, text)| (*path, text.as_str()))).unwrap()
        };
        let mut all = vec![Bundle::compile(&source(0)).unwrap()];
        for days in 1..count {
            let next = Bundle::succeed(&source(days), all.last().unwrap()).unwrap();
            all.push(next);
        }
        all
    }

    #[test]
    fn older_policy_never_takes_the_place_of_a_newer_one() {
        let (folder, line) = (tempfile::tempdir().unwrap(), line(3));
        let path = folder.path().join("policy.mark");
        let mark = HeldMark::hold(&path).unwrap();
        mark.begin(&line[0]).unwrap();
        mark.advance(&line[2]).unwrap();
        mark.advance(&line[1]).unwrap();
        assert_eq!(mark.read().unwrap(), Some(BundleMark::of(&line[2])));
        assert_eq!(mark.lacks(&line[1]).unwrap_err().exit, Exit::Policy);
        assert_eq!(mark.begin(&line[0]).unwrap_err().exit, Exit::Policy);
        assert_eq!(mark.read().unwrap(), Some(BundleMark::of(&line[2])));
    }

    #[test]
    fn damaged_mark_is_not_written_over() {
        let (folder, line) = (tempfile::tempdir().unwrap(), line(1));
        let path = folder.path().join("policy.mark");
        std::fs::write(&path, "no mark").unwrap();
        let mark = HeldMark::hold(&path).unwrap();
        assert_eq!(mark.advance(&line[0]).unwrap_err().exit, Exit::Policy);
        assert_eq!(mark.lacks(&line[0]).unwrap_err().exit, Exit::Policy);
        assert_eq!(std::fs::read(&path).unwrap(), b"no mark");
    }

    #[test]
    fn missing_mark_is_not_made_by_who_only_follows() {
        let (folder, line) = (tempfile::tempdir().unwrap(), line(1));
        let path = folder.path().join("policy.mark");
        assert_eq!(HeldMark::hold(&path).unwrap().lacks(&line[0]).unwrap_err().exit, Exit::Policy);
        assert!(!path.exists());
    }

    #[test]
    fn mark_in_a_folder_that_cannot_be_locked_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing").join("policy.mark");
        assert_eq!(HeldMark::hold(&missing).unwrap_err().exit, Exit::Io);
    }

    #[test]
    fn only_a_file_system_without_locks_is_worked_on_without_one() {
        assert!(unlocked(TryLockError::Error(ErrorKind::Unsupported.into())).is_ok());
        for kind in [ErrorKind::PermissionDenied, ErrorKind::Interrupted, ErrorKind::Other] {
            let failure = unlocked(TryLockError::Error(kind.into())).unwrap_err();
            assert_eq!(failure.exit, Exit::Io, "{kind}");
        }
        assert_eq!(unlocked(TryLockError::WouldBlock).unwrap_err().exit, Exit::Io);
    }

    #[test]
    fn newest_of_many_writers_at_once_stays() {
        let (folder, line) = (tempfile::tempdir().unwrap(), line(9));
        let path = folder.path().join("policy.mark");
        HeldMark::hold(&path).unwrap().begin(&line[0]).unwrap();
        std::thread::scope(|scope| {
            for bundle in line.iter().rev() {
                let path = &path;
                scope.spawn(move || HeldMark::hold(path).unwrap().advance(bundle).unwrap());
            }
        });
        let newest = HeldMark::hold(&path).unwrap().read().unwrap();
        assert_eq!(newest, Some(BundleMark::of(line.last().unwrap())));
    }
}
