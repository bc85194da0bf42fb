//! A file on its way to its name.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::system::{
    create_nameless, create_part, folder_of, link_nameless, part_name, rename_to_new, sync_folder,
};
use super::{Existing, OutputError, OutputOptions};

/// An output that has no name yet, or a private one. What was written to it appears under its name when it
/// is published, alone or in an [`OutputGroup`](crate::OutputGroup); dropped before, it is gone.
pub struct PendingFile {
    file: File,
    target: PathBuf,
    options: OutputOptions,
    /// The private name, where the file has one; removed on drop.
    part: Option<PathBuf>,
    /// From here on its descriptor is told of failed writes.
    pub(super) opened_at: Instant,
}

impl PendingFile {
    /// Makes an empty file that is to be called `target`.
    ///
    /// # Errors
    /// [`OutputError`]; no file was made.
    pub fn create(target: &Path, options: OutputOptions) -> Result<Self, OutputError> {
        check_target(target, options.existing)?;
        let target = target.to_owned();
        if let Some(file) = create_nameless(&target, options.access) {
            return Ok(Self { file, target, options, part: None, opened_at: Instant::now() });
        }
        let (file, part) = create_part(&target, options.access).map_err(OutputError::Io)?;
        Ok(Self { file, target, options, part: Some(part), opened_at: Instant::now() })
    }

    /// Adds `bytes` at the end, for what is written by its maker and not by a sealer or opener.
    ///
    /// # Errors
    /// [`OutputError::Io`]; the content is incomplete and must not be published.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.file.write_all(bytes).map_err(OutputError::Io)
    }

    pub(crate) const fn writer(&mut self) -> &mut File {
        &mut self.file
    }

    pub(super) const fn file(&self) -> &File {
        &self.file
    }

    /// The folder its name will stand in.
    pub(super) fn folder(&self) -> &Path {
        folder_of(&self.target)
    }

    /// Makes the content durable, then gives it its name, then makes the name durable.
    ///
    /// # Errors
    /// [`OutputError`]; unless it is [`OutputError::NameNotDurable`], nothing has the name that had not had
    /// it before.
    pub fn publish(self) -> Result<(), OutputError> {
        self.file.sync_all().map_err(OutputError::Io)?;
        let folder = self.folder().to_owned();
        self.give_name()?;
        sync_folder(&folder).map_err(OutputError::NameNotDurable)
    }

    /// Gives a file its name whose content is durable.
    pub(super) fn give_name(mut self) -> Result<(), OutputError> {
        match self.options.existing {
            Existing::Refuse => self.publish_new(),
            Existing::Replace => self.publish_over(),
        }
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

impl Drop for PendingFile {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            // The content is worthless now; a later sweep removes what cannot be removed here.
            let _ = fs::remove_file(part);
        }
    }
}

/// Shows no name: it may be a patient's.
impl fmt::Debug for PendingFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingFile").field("options", &self.options).finish_non_exhaustive()
    }
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
