//! The disk as a volume: logs every operation, and fails where it is told.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use medsec_testkit::Random;

use super::disk::{Disk, Op, folder_of};
use crate::volume::{Access, FileIdentity, Lock, Volume, VolumeFile};

/// A volume in memory. Copies are the same volume.
#[derive(Clone, Debug)]
pub(super) struct Model(Arc<Mutex<Inner>>);

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// EIO; of a sync, some of the data arrives and is never written again.
    Io,
    /// ENOSPC, of calls that need room.
    Full,
    /// A write of a part, then EIO.
    Short,
    /// The process dies in the call; what it wrote stays in the system.
    Killed,
}

/// Which call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Number(usize),
    Every(Call),
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Look,
    Create,
    Write,
    SetLen,
    Allocate,
    Sync,
    Rename,
    Remove,
    SyncFolder,
}

#[derive(Debug, Default)]
struct Inner {
    disk: Disk,
    history: Vec<Op>,
    calls: Vec<Call>,
    fails: Option<(When, Failure)>,
    dead: bool,
    locked: bool,
}

/// The lock of the one writer.
#[derive(Debug)]
struct Held(Model);

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.inner().locked = false;
    }
}

#[derive(Debug)]
struct ModelFile {
    volume: Model,
    file: usize,
    writable: bool,
}

impl Failure {
    pub(super) fn concerns(self, call: Call) -> bool {
        match self {
            Self::Io | Self::Killed => true,
            Self::Full => !matches!(call, Call::Look | Call::Remove),
            Self::Short => call == Call::Write,
        }
    }

    fn error(self) -> io::Error {
        match self {
            Self::Full => io::ErrorKind::StorageFull.into(),
            Self::Io | Self::Short | Self::Killed => io::Error::from_raw_os_error(5),
        }
    }
}

impl Inner {
    /// Counts a call; how it is to fail, if it is.
    fn called(&mut self, call: Call) -> io::Result<Option<Failure>> {
        if self.dead {
            return Err(Failure::Killed.error());
        }
        let number = self.calls.len();
        self.calls.push(call);
        let due = [When::Number(number), When::Every(call)];
        let failure =
            self.fails.filter(|(when, failure)| due.contains(when) && failure.concerns(call));
        let failure = failure.map(|(_, failure)| failure);
        self.dead = failure == Some(Failure::Killed);
        Ok(failure)
    }

    /// A call that is done whole or not at all.
    fn step(&mut self, call: Call) -> io::Result<()> {
        self.called(call)?.map_or(Ok(()), |failure| Err(failure.error()))
    }

    fn log(&mut self, op: Op) {
        self.disk.apply(&op);
        self.history.push(op);
    }
}

impl Model {
    pub(super) fn new(disk: Disk) -> Self {
        Self(Arc::new(Mutex::new(Inner { disk, ..Inner::default() })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// Has the call of this number fail; the ones after it do not.
    pub(super) fn fail_at(&self, call: usize, failure: Failure) {
        self.inner().fails = Some((When::Number(call), failure));
    }

    /// Has every call of a kind fail.
    pub(super) fn fail_every(&self, call: Call, failure: Failure) {
        self.inner().fails = Some((When::Every(call), failure));
    }

    /// The calls so far.
    pub(super) fn calls(&self) -> Vec<Call> {
        self.inner().calls.clone()
    }

    /// Another process begins.
    pub(super) fn revive(&self) {
        let mut inner = self.inner();
        (inner.dead, inner.fails) = (false, None);
    }

    pub(super) fn note(&self, op: Op) {
        self.inner().log(op);
    }

    pub(super) fn disk(&self) -> Disk {
        self.inner().disk.clone()
    }

    pub(super) fn history(&self) -> Vec<Op> {
        self.inner().history.clone()
    }

    fn file(&self, file: usize, writable: bool) -> Box<dyn VolumeFile> {
        Box::new(ModelFile { volume: self.clone(), file, writable })
    }
}

impl Volume for Model {
    fn open(&self, name: &str, access: Access) -> io::Result<Option<Box<dyn VolumeFile>>> {
        let mut inner = self.inner();
        inner.step(Call::Look)?;
        let file = inner.disk.names.get(name).copied();
        drop(inner);
        Ok(file.map(|file| self.file(file, access == Access::Write)))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn VolumeFile>> {
        let mut inner = self.inner();
        inner.step(Call::Create)?;
        if inner.disk.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = inner.disk.files.len();
        inner.log(Op::Create { name: name.to_owned() });
        drop(inner);
        Ok(self.file(file, true))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step(Call::Rename)?;
        if !inner.disk.names.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        inner.log(Op::Rename { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step(Call::Remove)?;
        if !inner.disk.names.contains_key(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        inner.log(Op::Remove { name: name.to_owned() });
        Ok(())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut inner = self.inner();
        inner.step(Call::Look)?;
        let inside = inner.disk.names.keys().filter(|name| folder_of(name) == folder);
        Ok(inside.map(|name| name.rsplit('/').next().unwrap_or(name).to_owned()).collect())
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step(Call::SyncFolder)?;
        inner.log(Op::SyncFolder { folder: folder.to_owned() });
        Ok(())
    }

    fn sync_everything(&self) -> io::Result<()> {
        let mut inner = self.inner();
        inner.step(Call::Sync)?;
        inner.log(Op::SyncEverything);
        Ok(())
    }

    fn try_lock(&self) -> io::Result<Option<Box<dyn Lock>>> {
        let mut inner = self.inner();
        inner.step(Call::Look)?;
        if std::mem::replace(&mut inner.locked, true) {
            return Ok(None);
        }
        drop(inner);
        Ok(Some(Box::new(Held(self.clone()))))
    }

    fn free_space(&self) -> io::Result<u64> {
        self.inner().step(Call::Look)?;
        Ok(u64::MAX)
    }

    fn identity(&self, name: &str) -> io::Result<Option<FileIdentity>> {
        let mut inner = self.inner();
        inner.step(Call::Look)?;
        Ok(inner.disk.names.get(name).map(|file| identity_of(*file)))
    }
}

fn identity_of(file: usize) -> FileIdentity {
    FileIdentity { device: 0, number: file as u64 }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

impl VolumeFile for ModelFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut inner = self.volume.inner();
        inner.step(Call::Look)?;
        let content = &inner.disk.files[self.file].cache;
        let rest = content.get(size(offset)..).unwrap_or_default();
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        assert!(self.writable, "written, though opened for reading");
        let mut inner = self.volume.inner();
        let failure = inner.called(Call::Write)?;
        let done = match failure {
            None => bytes.len(),
            Some(Failure::Io | Failure::Full) => 0,
            Some(Failure::Short | Failure::Killed) => {
                let part = Random::new(inner.calls.len() as u64).below(bytes.len() + 1);
                // A sector is not torn: neither a signal nor a full disk ends a write within a page.
                if bytes.len() > 512 { part } else { 0 }
            }
        };
        let (file, offset, bytes) = (self.file, size(offset), bytes.to_vec());
        inner.log(Op::Write { file, offset, bytes, done });
        failure.map_or(Ok(()), |failure| Err(failure.error()))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        assert!(self.writable, "cut, though opened for reading");
        let mut inner = self.volume.inner();
        inner.step(Call::SetLen)?;
        inner.log(Op::SetLen { file: self.file, len: size(len) });
        Ok(())
    }

    fn allocate(&self, _offset: u64, _len: u64) -> io::Result<()> {
        let mut inner = self.volume.inner();
        inner.step(Call::Allocate)?;
        inner.log(Op::Allocate);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut inner = self.volume.inner();
        let failure = inner.called(Call::Sync)?;
        let seed = inner.calls.len() as u64;
        match failure {
            None => inner.log(Op::Sync { file: self.file }),
            // Nothing is known of it, and nothing lost yet.
            Some(Failure::Killed) => {}
            Some(_) => inner.log(Op::FailedSync { file: self.file, seed }),
        }
        failure.map_or(Ok(()), |failure| Err(failure.error()))
    }

    fn len(&self) -> io::Result<u64> {
        let mut inner = self.volume.inner();
        inner.step(Call::Look)?;
        Ok(inner.disk.files[self.file].cache.len() as u64)
    }

    fn identity(&self) -> io::Result<FileIdentity> {
        self.volume.inner().step(Call::Look)?;
        Ok(identity_of(self.file))
    }

    fn try_lock(&self) -> io::Result<bool> {
        self.volume.inner().step(Call::Look)?;
        Ok(true)
    }

    fn unlock(&self) -> io::Result<()> {
        Ok(())
    }
}
