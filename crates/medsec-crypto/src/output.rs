//! Outputs that exist completely or not at all.
//!
//! Where the system can make a file without a name (`O_TMPFILE`: Linux with the usual file systems), the
//! content gets a name only when it is complete and durable: a process killed before leaves nothing.
//! Elsewhere, and in folders that refuse it, the content is written to a private file `.medsec-….part`
//! beside the target and renamed; [`sweep_unfinished`] removes what a killed process left.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::secret::random_array;

const PART_PREFIX: &str = ".medsec-";
const PART_SUFFIX: &str = ".part";

/// Knobs of an output file.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct OutputOptions {
    /// What to do if something exists under the name.
    pub existing: Existing,
    /// Who may read the file.
    pub access: Access,
}

/// What to do if something already exists under the output's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Existing {
    /// Fail and leave it alone. The default.
    #[default]
    Refuse,
    /// Replace a regular file when the new one is complete; never a folder, link, pipe or device.
    /// Between the two steps the complete new file stands beside it as `.medsec-….part`.
    Replace,
}

/// Who may read an output file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Its owner only (mode 0600). The default, right for plaintext and keys. On systems without such modes
    /// the folder's own access rules apply.
    #[default]
    Owner,
    /// As the process's umask says; packages need no more protection than that.
    Umask,
}

/// The output could not be made. Unless [`Self::NameNotDurable`], nothing stands under its name that was
/// not there before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// Something exists under the name.
    #[error("the output exists already; nothing was written")]
    Exists,
    /// What is to be replaced is not a regular file.
    #[error("the output exists and is not a regular file; nothing was written")]
    NotAFile,
    /// The file system failed.
    #[error("writing the output failed; nothing was left")]
    Io(#[source] io::Error),
    /// The output is complete under its name, but the folder could not be made durable: after a power
    /// failure the name may be missing.
    #[error("the output is complete, but its folder could not be made durable")]
    NameNotDurable(#[source] io::Error),
}

/// A file without a name, or with a private one, that is published as a whole.
#[derive(Debug)]
pub(crate) struct AtomicFile {
    file: File,
    target: PathBuf,
    options: OutputOptions,
    /// The private name, where the file has one; removed on drop.
    part: Option<PathBuf>,
}

impl AtomicFile {
    pub(crate) fn create(target: &Path, options: OutputOptions) -> Result<Self, OutputError> {
        check_target(target, options.existing)?;
        let target = target.to_owned();
        if let Some(file) = create_nameless(&target, options.access) {
            return Ok(Self { file, target, options, part: None });
        }
        let (file, part) = create_part(&target, options.access).map_err(OutputError::Io)?;
        Ok(Self { file, target, options, part: Some(part) })
    }

    pub(crate) const fn writer(&mut self) -> &mut File {
        &mut self.file
    }

    /// Makes the content durable, then gives it its name, then makes the name durable.
    pub(crate) fn publish(mut self) -> Result<(), OutputError> {
        self.file.flush().and_then(|()| self.file.sync_all()).map_err(OutputError::Io)?;
        match self.options.existing {
            Existing::Refuse => self.publish_new()?,
            Existing::Replace => self.publish_over()?,
        }
        sync_folder(&self.target).map_err(OutputError::NameNotDurable)
    }

    fn publish_new(&self) -> Result<(), OutputError> {
        let linked = match &self.part {
            None => link_nameless(&self.file, &self.target),
            Some(part) => rename_to_new(part, &self.target),
        };
        linked.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => OutputError::Exists,
            _ => OutputError::Io(error),
        })
    }

    fn publish_over(&mut self) -> Result<(), OutputError> {
        check_target(&self.target, Existing::Replace)?;
        if self.part.is_none() {
            let part = part_name(&self.target).map_err(OutputError::Io)?;
            link_nameless(&self.file, &part).map_err(OutputError::Io)?;
            self.part = Some(part);
        }
        let part = self.part.as_deref().unwrap_or(&self.target);
        fs::rename(part, &self.target).map_err(OutputError::Io)?;
        self.part = None;
        Ok(())
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            // The content is worthless now; a later sweep removes what cannot be removed here.
            let _ = fs::remove_file(part);
        }
    }
}

/// Writes a small file that appears under `path` only when it is complete and durable.
///
/// # Errors
/// [`OutputError`]; no file was made.
pub fn write_file(path: &Path, content: &[u8], options: OutputOptions) -> Result<(), OutputError> {
    let mut file = AtomicFile::create(path, options)?;
    file.writer().write_all(content).map_err(OutputError::Io)?;
    file.publish()
}

/// Removes private output files that killed processes left in `folder`: those older than `min_age`, so
/// that files other processes are writing just now stay. Returns how many went.
///
/// # Errors
/// The folder cannot be read.
pub fn sweep_unfinished(folder: &Path, min_age: std::time::Duration) -> io::Result<usize> {
    let mut swept = 0_usize;
    for entry in fs::read_dir(folder)? {
        let Ok(entry) = entry else { continue };
        // The name first: looking at every file of a large folder would take long.
        if !is_part(&entry.file_name()) {
            continue;
        }
        let is_old = entry
            .metadata()
            .and_then(|data| data.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age >= min_age));
        if is_old && fs::remove_file(entry.path()).is_ok() {
            swept = swept.saturating_add(1);
        }
    }
    Ok(swept)
}

fn is_part(name: &OsStr) -> bool {
    let random =
        name.to_str().and_then(|name| name.strip_prefix(PART_PREFIX)?.strip_suffix(PART_SUFFIX));
    random.is_some_and(|hex| hex.len() == 16 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn check_target(target: &Path, existing: Existing) -> Result<(), OutputError> {
    match (fs::symlink_metadata(target), existing) {
        (Err(error), _) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        (Err(error), _) => Err(OutputError::Io(error)),
        (Ok(_), Existing::Refuse) => Err(OutputError::Exists),
        (Ok(data), Existing::Replace) if data.file_type().is_file() => Ok(()),
        (Ok(_), Existing::Replace) => Err(OutputError::NotAFile),
    }
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A private name beside the target; random, so that it tells nothing of the content.
fn part_name(target: &Path) -> io::Result<PathBuf> {
    let random: [u8; 8] = random_array().map_err(io::Error::other)?;
    let name = format!("{PART_PREFIX}{:016x}{PART_SUFFIX}", u64::from_be_bytes(random));
    Ok(folder_of(target).join(name))
}

fn create_part(target: &Path, access: Access) -> io::Result<(File, PathBuf)> {
    let part = part_name(target)?;
    let mut options = OpenOptions::new();
    options.write(true).read(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode(access));
    #[cfg(not(unix))]
    let _ = access;
    Ok((options.open(&part)?, part))
}

#[cfg(unix)]
const fn mode(access: Access) -> u32 {
    match access {
        Access::Owner => 0o600,
        Access::Umask => 0o666,
    }
}

#[cfg(target_os = "linux")]
fn create_nameless(target: &Path, access: Access) -> Option<File> {
    use rustix::fs::{Mode, OFlags};
    // Without /proc the file could never get its name.
    if !Path::new("/proc/self/fd").exists() {
        return None;
    }
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let descriptor = rustix::fs::open(folder_of(target), flags, Mode::from(mode(access))).ok()?;
    Some(File::from(descriptor))
}

#[cfg(not(target_os = "linux"))]
fn create_nameless(_: &Path, _: Access) -> Option<File> {
    None
}

/// Links through `/proc/self/fd`, which needs no privilege.
#[cfg(target_os = "linux")]
fn link_nameless(file: &File, name: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD};
    let from = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(CWD, from.as_str(), CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn link_nameless(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Renames without replacing: in one step where the system can, which file systems without hard links
/// need; else by a link and the removal of the old name.
#[cfg(target_os = "linux")]
fn rename_to_new(part: &Path, target: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags};
    use rustix::io::Errno;
    match rustix::fs::renameat_with(CWD, part, CWD, target, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => link_then_remove(part, target),
        renamed => Ok(renamed?),
    }
}

#[cfg(not(target_os = "linux"))]
fn rename_to_new(part: &Path, target: &Path) -> io::Result<()> {
    link_then_remove(part, target)
}

fn link_then_remove(part: &Path, target: &Path) -> io::Result<()> {
    fs::hard_link(part, target)?;
    // The output is there; a private name that stays is swept later.
    let _ = fs::remove_file(part);
    Ok(())
}

#[cfg(unix)]
fn sync_folder(target: &Path) -> io::Result<()> {
    File::open(folder_of(target))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
