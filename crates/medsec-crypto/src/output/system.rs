//! What output files ask of the operating system.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::{Access, PART_PREFIX, PART_SUFFIX};
use crate::secret::random_array;

pub(super) fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A private name beside the target; random, so that it tells nothing of the content.
pub(super) fn part_name(target: &Path) -> io::Result<PathBuf> {
    let random: [u8; 8] = random_array().map_err(io::Error::other)?;
    let name = format!("{PART_PREFIX}{:016x}{PART_SUFFIX}", u64::from_be_bytes(random));
    Ok(folder_of(target).join(name))
}

pub(super) fn create_part(target: &Path, access: Access) -> io::Result<(File, PathBuf)> {
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

/// Without /proc a file without a name could never get one. Looked at once: for many small files it would be a
/// notable part of the work.
#[cfg(target_os = "linux")]
static HAS_PROC: std::sync::LazyLock<bool> =
    std::sync::LazyLock::new(|| Path::new("/proc/self/fd").exists());

#[cfg(target_os = "linux")]
pub(super) fn create_nameless(target: &Path, access: Access) -> Option<File> {
    use rustix::fs::{Mode, OFlags};
    if !*HAS_PROC {
        return None;
    }
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let descriptor = rustix::fs::open(folder_of(target), flags, Mode::from(mode(access))).ok()?;
    Some(File::from(descriptor))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn create_nameless(_: &Path, _: Access) -> Option<File> {
    None
}

/// Links through `/proc/self/fd`, which needs no privilege.
#[cfg(target_os = "linux")]
pub(super) fn link_nameless(file: &File, name: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD};
    let from = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(CWD, from.as_str(), CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn link_nameless(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Renames without replacing: in one step where the system can, which file systems without hard links
/// need; else by a link and the removal of the old name.
#[cfg(target_os = "linux")]
pub(super) fn rename_to_new(part: &Path, target: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags};
    use rustix::io::Errno;
    match rustix::fs::renameat_with(CWD, part, CWD, target, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => link_then_remove(part, target),
        renamed => Ok(renamed?),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn rename_to_new(part: &Path, target: &Path) -> io::Result<()> {
    link_then_remove(part, target)
}

fn link_then_remove(part: &Path, target: &Path) -> io::Result<()> {
    fs::hard_link(part, target)?;
    // The output is there; a private name that stays is swept later.
    let _ = fs::remove_file(part);
    Ok(())
}

/// Makes the names in a folder durable.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The file system a file stands on, where one call may make all of it durable.
#[cfg(target_os = "linux")]
pub(super) fn system_of(file: &File) -> io::Result<Option<u64>> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(Some(file.metadata()?.dev()))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn system_of(_: &File) -> io::Result<Option<u64>> {
    Ok(None)
}

/// Whether there is such a call for the file system of `file` and it is known to do so: on a network or in
/// user space it may end before the other side has written anything.
#[cfg(target_os = "linux")]
pub(super) fn is_synced_as_one(file: &File) -> io::Result<bool> {
    let kind = u64::try_from(rustix::fs::fstatfs(file)?.f_type).unwrap_or_default();
    // ext2 to ext4, XFS, Btrfs, F2FS, ZFS, tmpfs (statfs(2)).
    Ok(matches!(kind, 0xEF53 | 0x5846_5342 | 0x9123_683E | 0xF2F5_2010 | 0x2FC1_2FC1 | 0x0102_1994))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_synced_as_one(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// Makes everything durable on the file system of `file`. It tells of every failed write on that file system
/// since `file` was opened (Linux 5.8 and later).
#[cfg(target_os = "linux")]
pub(super) fn sync_file_system(file: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(file)?)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn sync_file_system(file: &File) -> io::Result<()> {
    file.sync_all()
}
