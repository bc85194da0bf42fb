//! Files, their names, and the operations that change them.

use std::collections::{BTreeMap, BTreeSet};

use medsec_testkit::Random;

use super::file::{Arrived, Inode};
use crate::tree::Hash;

/// What was done to a disk, or told about it.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Create {
        name: String,
    },
    /// Of these bytes so many were written.
    Write {
        file: usize,
        offset: usize,
        bytes: Vec<u8>,
        done: usize,
    },
    SetLen {
        file: usize,
        len: usize,
    },
    Allocate,
    Sync {
        file: usize,
    },
    FailedSync {
        file: usize,
        seed: u64,
    },
    Rename {
        from: String,
        to: String,
    },
    Remove {
        name: String,
    },
    SyncFolder {
        folder: String,
    },
    SyncEverything,
    /// The machine stopped, and this is what it came back with.
    PowerCut(Disk),
    /// Not an operation: a caller was told that this record is durable.
    Acknowledged {
        seq: u64,
        leaf: Hash,
    },
}

/// A disk, as processes see it and as a power cut would leave it.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    pub(super) files: Vec<Inode>,
    /// As processes see them.
    pub(super) names: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    durable_folders: BTreeSet<String>,
    // In their order, not synced.
    pending: Vec<Renaming>,
}

#[derive(Clone, Debug)]
enum Renaming {
    Folder(String),
    Link(String, usize),
    Unlink(String),
    Rename { from: String, to: String, file: usize },
}

pub(super) fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Renaming {
    /// The folder whose sync makes it durable.
    fn folder(&self) -> &str {
        match self {
            Self::Folder(_) => "",
            Self::Link(name, _) | Self::Unlink(name) | Self::Rename { to: name, .. } => {
                folder_of(name)
            }
        }
    }
}

impl Disk {
    pub(super) fn apply(&mut self, op: &Op) {
        match op {
            Op::Create { name } => self.create(name),
            Op::Write { file, offset, bytes, done } => {
                self.files[*file].write(*offset, &bytes[..*done]);
            }
            Op::SetLen { file, len } => self.files[*file].set_len(*len),
            Op::Sync { file } => self.files[*file].sync(),
            Op::FailedSync { file, seed } => {
                self.files[*file].fail_sync(&mut Random::new(*seed));
            }
            Op::Rename { from, to } => self.rename(from, to),
            Op::Remove { name } => {
                self.names.remove(name);
                self.pending.push(Renaming::Unlink(name.clone()));
            }
            Op::SyncFolder { folder } => self.sync_folder(folder),
            Op::SyncEverything => self.sync_everything(),
            Op::PowerCut(disk) => self.clone_from(disk),
            Op::Allocate | Op::Acknowledged { .. } => {}
        }
    }

    fn create(&mut self, name: &str) {
        let folder = folder_of(name).to_owned();
        let known = self.names.keys().any(|name| folder_of(name) == folder);
        if !folder.is_empty() && !known && !self.durable_folders.contains(&folder) {
            self.pending.push(Renaming::Folder(folder));
        }
        let file = self.files.len();
        self.files.push(Inode::default());
        self.names.insert(name.to_owned(), file);
        self.pending.push(Renaming::Link(name.to_owned(), file));
    }

    fn rename(&mut self, from: &str, to: &str) {
        let Some(file) = self.names.remove(from) else { return };
        self.names.insert(to.to_owned(), file);
        self.pending.push(Renaming::Rename { from: from.to_owned(), to: to.to_owned(), file });
    }

    fn sync_folder(&mut self, folder: &str) {
        let pending = std::mem::take(&mut self.pending);
        let (now, later) = pending.into_iter().partition(|change| change.folder() == folder);
        self.pending = later;
        for change in now {
            take_name(&mut self.durable, &mut self.durable_folders, &change, false);
        }
    }

    fn sync_everything(&mut self) {
        self.files.iter_mut().for_each(Inode::sync);
        for change in std::mem::take(&mut self.pending) {
            take_name(&mut self.durable, &mut self.durable_folders, &change, false);
        }
    }

    /// What is there after a power cut, all of it durable.
    pub(super) fn after_power_cut(&self, seed: u64, style: Arrived) -> Self {
        let mut random = Random::new(seed);
        let (mut names, mut folders) = (self.durable.clone(), self.durable_folders.clone());
        let prefix = random.below(self.pending.len() + 1);
        for (number, change) in self.pending.iter().enumerate() {
            let comes = match style {
                Arrived::Nothing => false,
                Arrived::All => true,
                Arrived::InOrder => number < prefix,
                _ => random.below(2) == 0,
            };
            if comes {
                let half = style != Arrived::All && random.below(3) == 0;
                take_name(&mut names, &mut folders, change, half);
            }
        }
        names.retain(|name, _| folder_of(name).is_empty() || folders.contains(folder_of(name)));
        let mut disk = Self { durable_folders: folders, ..Self::default() };
        for (name, file) in names {
            let content = self.files[file].after(&mut random, style);
            disk.names.insert(name, disk.files.len());
            disk.files.push(Inode::durable(content));
        }
        disk.durable = disk.names.clone();
        disk
    }

    /// Content as processes see it.
    pub(super) fn content(&self, name: &str) -> Option<&[u8]> {
        self.names.get(name).map(|file| self.files[*file].cache.as_slice())
    }

    /// Content of the files of a folder, in the order of their names.
    pub(super) fn in_folder<'d>(
        &'d self,
        folder: &'d str,
    ) -> impl Iterator<Item = (&'d str, &'d [u8])> {
        let inside = self.names.iter().filter(move |(name, _)| folder_of(name) == folder);
        inside.map(|(name, file)| (name.as_str(), self.files[*file].cache.as_slice()))
    }
}

/// A rename that comes by half leaves both names.
fn take_name(
    names: &mut BTreeMap<String, usize>,
    folders: &mut BTreeSet<String>,
    change: &Renaming,
    half: bool,
) {
    match change {
        Renaming::Folder(name) => drop(folders.insert(name.clone())),
        Renaming::Link(name, file) => drop(names.insert(name.clone(), *file)),
        Renaming::Unlink(name) => drop(names.remove(name)),
        Renaming::Rename { from, to, file } => {
            names.insert(to.clone(), *file);
            if !half {
                names.remove(from);
            }
        }
    }
}
