//! What can be seen of the machine.

use std::path::Path;

use medsec_crypto::Timestamp;

use crate::session::{Session, now};

/// Facts about the machine and this process; `None` where the system does not tell.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) now: Timestamp,
    /// Largest core file that this process would leave, in bytes.
    pub(crate) core_limit: Option<u64>,
    /// Whether this process's memory can be dumped or read by others of the same user.
    pub(crate) dumpable: Option<bool>,
    /// Bytes that may be locked in memory.
    pub(crate) memlock_limit: Option<u64>,
    /// Lines of `/proc/swaps` below its head.
    pub(crate) swaps: Vec<String>,
    /// Free bytes, and free inodes where the file system counts them, where the home is or will be.
    pub(crate) free_bytes: Option<u64>,
    pub(crate) free_inodes: Option<u64>,
    /// Whether files without a name can be made there.
    pub(crate) nameless_files: Option<bool>,
    /// Modes that new files of this process lose.
    pub(crate) umask: Option<u32>,
}

impl Facts {
    pub(crate) fn gather(session: &Session) -> Self {
        let home = session.settings().ok().map(|settings| settings.home.value.clone());
        let place = home.as_deref().and_then(existing);
        let (free_bytes, free_inodes) = place.and_then(free_space).unzip();
        Self {
            now: now(),
            core_limit: core_limit(),
            dumpable: dumpable(),
            memlock_limit: memlock_limit(),
            swaps: swaps(&std::fs::read_to_string("/proc/swaps").unwrap_or_default()),
            free_bytes,
            free_inodes: free_inodes.flatten(),
            nameless_files: place.and_then(nameless_files),
            umask: umask(&std::fs::read_to_string("/proc/self/status").unwrap_or_default()),
        }
    }
}

/// The nearest folder that exists.
fn existing(path: &Path) -> Option<&Path> {
    path.ancestors().find(|path| path.is_dir())
}

/// Lines that name a swap area.
pub(super) fn swaps(text: &str) -> Vec<String> {
    text.lines().skip(1).filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

/// The line `Umask:` of a process's status, in octal.
pub(super) fn umask(status: &str) -> Option<u32> {
    let digits = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(digits.trim(), 8).ok()
}

#[cfg(unix)]
fn core_limit() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    Some(getrlimit(Resource::Core).current.unwrap_or(u64::MAX))
}

#[cfg(unix)]
fn memlock_limit() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    Some(getrlimit(Resource::Memlock).current.unwrap_or(u64::MAX))
}

#[cfg(unix)]
fn free_space(path: &Path) -> Option<(u64, Option<u64>)> {
    let about = rustix::fs::statvfs(path).ok()?;
    // Some file systems make inodes as they need them and count none.
    let inodes = (about.f_files > 0).then_some(about.f_favail);
    Some((about.f_bavail.saturating_mul(about.f_frsize), inodes))
}

#[cfg(target_os = "linux")]
fn dumpable() -> Option<bool> {
    use rustix::process::{DumpableBehavior, dumpable_behavior};
    dumpable_behavior().ok().map(|behaviour| !matches!(behaviour, DumpableBehavior::NotDumpable))
}

#[cfg(target_os = "linux")]
fn nameless_files(folder: &Path) -> Option<bool> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    Some(open(folder, flags, Mode::RUSR | Mode::WUSR).is_ok())
}

#[cfg(not(unix))]
fn core_limit() -> Option<u64> {
    None
}

#[cfg(not(unix))]
fn memlock_limit() -> Option<u64> {
    None
}

#[cfg(not(unix))]
fn free_space(_: &Path) -> Option<(u64, Option<u64>)> {
    None
}

#[cfg(not(target_os = "linux"))]
fn dumpable() -> Option<bool> {
    None
}

#[cfg(not(target_os = "linux"))]
fn nameless_files(_: &Path) -> Option<bool> {
    None
}
