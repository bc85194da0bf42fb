//! Rewraps on storage that fails, tears writes and loses what was not made durable.

use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};

use crate::fuzz::input::Input;
use crate::fuzz::samples::{KEKS, Sample, keks, samples};
use crate::fuzz::scratch::Scratch;
use crate::{
    Confirmation, Dek, Execution, Header, KeyRef, LockedPackage, NewRecipients, OutputOptions,
    PackageFile, Recipient as _, RecipientProfile, RewrapError, SlotCondition, Stanza, StanzaKind,
    UnlockedRecipients,
};

/// Most rewraps in one execution.
const MOST: usize = 5;
/// What a disk writes as a whole.
const SECTOR: usize = 512;
/// Most states of a write that are looked at.
const LOOKS: usize = 12;

/// A sequence of rewraps, each perhaps interrupted. After each, and between any two writes, the package
/// opens with its old or its new recipients, and nothing but the slots has changed. What is reported as
/// done is durable; what is reported as not begun changed nothing.
pub fn rewrap(data: &[u8]) {
    let mut input = Input::new(data);
    // Signed with metadata; blind; three recipients; unfinished from the start.
    let sample = &samples()[*input.pick(&[3, 4, 7, 9])];
    let mut state = State { sample, disk: Disk::new(sample.bytes.clone()), stale: None };
    for _ in 0..MOST {
        if input.is_empty() {
            break;
        }
        state.step(&mut input);
    }
    let bytes = &state.disk.seen;
    let (content, _) = sample.open(bytes, &Execution::default()).unwrap();
    assert!(content == sample.plain);
}

struct State {
    sample: &'static Sample,
    disk: Disk,
    /// What an earlier reader unlocked.
    stale: Option<UnlockedRecipients>,
}

impl State {
    fn step(&mut self, input: &mut Input<'_>) {
        let before = Header::read(&mut &*self.disk.seen).unwrap();
        let unlocked = UnlockedRecipients::from(self.sample.unlock(&self.disk.seen).unwrap());
        let stanzas = chosen(input, &before, &unlocked);
        let lists = [before.stanzas().to_vec(), stanzas.clone()];
        let unlocked = match self.stale.take() {
            Some(stale) if input.u8() % 8 == 7 => stale,
            _ => unlocked,
        };
        let blind = before.core().profile == RecipientProfile::Blind;
        let recipients = if blind ^ (input.u8() % 16 == 15) {
            NewRecipients::Blind { stanzas }
        } else {
            NewRecipients::Authenticated { unlocked: &unlocked, stanzas }
        };
        if input.u8() % 8 == 7 {
            self.copy(input, &recipients, &lists);
        } else {
            self.in_place(input, &recipients, &before, &lists);
        }
        self.stale = Some(unlocked);
    }

    fn in_place(
        &mut self,
        input: &mut Input<'_>,
        recipients: &NewRecipients<'_>,
        before: &Header,
        lists: &[Vec<Stanza>; 2],
    ) {
        let old = self.disk.seen.clone();
        let sample = self.sample;
        self.disk.plan(input);
        // What an earlier failure left in the cache only may be lost with the power, as if never written.
        let durable = Header::read(&mut &*self.disk.durable).unwrap();
        let answer = *input.pick(&Answer::ALL);
        let dek = self.unwrapped();
        let confirm = |header: &Header| {
            assert!(header.stanzas() == lists[1], "other recipients");
            opens(sample, header);
            answer.confirmation(&dek)
        };
        let result = LockedPackage::over(&mut self.disk)
            .and_then(|mut package| package.rewrap(recipients, confirm));
        for look in std::mem::take(&mut self.disk.looks) {
            self.check(&look, lists);
        }
        match result {
            Ok(done) => {
                let header = self.check(&self.disk.seen, lists);
                assert!(header.stanzas() == lists[1], "the old recipients");
                assert_eq!(header.slot_condition(), SlotCondition::Clean);
                assert_eq!(header.generation(), before.generation() + 1);
                assert_eq!(done.generation, header.generation());
                assert_eq!(done.old_slot, before.slot_digest());
                assert_eq!(done.new_slot, header.slot_digest());
                assert!(self.disk.durable == self.disk.seen, "done but not durable");
            }
            Err(RewrapError::NotConfirmed) => {
                assert!(answer.is_refused(before), "refused without cause");
                let header = self.check(&self.disk.seen, lists);
                assert!(header.stanzas() == lists[0], "the new recipients");
            }
            Err(RewrapError::NotScrubbed(done, _)) => {
                assert!(self.disk.failed, "failed without cause");
                let header = self.check(&self.disk.seen, lists);
                assert_eq!(header.slot_digest(), done.new_slot);
            }
            Err(RewrapError::Read(_) | RewrapError::Write(_)) => {
                assert!(self.disk.failed, "failed without cause");
            }
            Err(_) => assert!(self.disk.seen == old, "changed by what was refused"),
        }
        if self.disk.dead || input.u8() % 4 == 3 {
            self.disk.lose_power(input.bytes(8));
        }
        self.disk.revive();
        let [old, new] = lists.clone();
        let lists = [old, new, durable.stanzas().to_vec()];
        self.check(&self.disk.seen, &lists);
    }

    fn copy(
        &mut self,
        input: &mut Input<'_>,
        recipients: &NewRecipients<'_>,
        lists: &[Vec<Stanza>; 2],
    ) {
        let old = self.disk.seen.clone();
        let scratch = Scratch::new();
        self.disk.plan(input);
        let answer = *input.pick(&Answer::ALL);
        let dek = self.unwrapped();
        let result = LockedPackage::over(&mut self.disk).and_then(|mut package| {
            let confirm = |_: &Header| answer.confirmation(&dek);
            package.rewrap_into_copy(recipients, &scratch.file(), OutputOptions::default(), confirm)
        });
        self.disk.revive();
        assert!(self.disk.seen == old, "the original was changed");
        if result.is_err() {
            scratch.assert_empty();
            return;
        }
        let copy = std::fs::read(scratch.file()).unwrap();
        let header = Header::read(&mut &*copy).unwrap();
        assert!(header.stanzas() == lists[1], "other recipients");
        let (content, _) = self.sample.open(&copy, &Execution::default()).unwrap();
        assert!(content == self.sample.plain);
        let payload = &self.sample.bytes[self.sample.layout.payload..];
        assert!(copy.ends_with(payload));
    }

    /// The package as it stands opens with one of the lists.
    fn check(&self, bytes: &[u8], lists: &[Vec<Stanza>]) -> Header {
        let layout = self.sample.layout;
        let genuine = &self.sample.bytes;
        assert!(bytes[..layout.slots] == genuine[..layout.slots]);
        assert!(bytes[layout.payload..] == genuine[layout.payload..]);
        let header = Header::read(&mut &*bytes).unwrap();
        let listed = lists.iter().any(|list| header.stanzas() == list);
        assert!(listed, "neither the old nor the new recipients");
        opens(self.sample, &header);
        header
    }
}

impl State {
    /// The package's data key.
    fn unwrapped(&self) -> Vec<u8> {
        let unlocked = self.sample.unlock(&self.sample.bytes).unwrap();
        unlocked.dek.expose_secret().to_vec()
    }
}

/// What the caller says of the new recipients.
#[derive(Clone, Copy)]
enum Answer {
    Right,
    WrongKey,
    NotPermitted,
    Failed,
}

impl Answer {
    const ALL: [Self; 4] = [Self::Right, Self::WrongKey, Self::NotPermitted, Self::Failed];

    fn confirmation(self, dek: &[u8]) -> Confirmation {
        match self {
            Self::Right => Confirmation::Unwrapped(Dek::take_from(&mut dek.to_vec()).unwrap()),
            Self::WrongKey => Confirmation::Unwrapped(Dek::take_from(&mut [7; 32]).unwrap()),
            Self::NotPermitted => Confirmation::NotPermitted,
            Self::Failed => Confirmation::Failed,
        }
    }

    /// Nobody can tell a wrong key of a blind package.
    fn is_refused(self, header: &Header) -> bool {
        let blind = header.core().profile == RecipientProfile::Blind;
        matches!(self, Self::Failed) || (matches!(self, Self::WrongKey) && !blind)
    }
}

/// Key, recipients' MAC, context and commitment are right.
fn opens(sample: &Sample, header: &Header) {
    let checked = header.clone().check(sample.expectation.clone()).unwrap();
    let identities = keks().each_ref().map(|kek| kek as &dyn crate::Identity);
    checked.unlock_with(&identities).unwrap();
}

/// A list of some of the keys and of recipients that nobody here can serve; sometimes none, or too many.
fn chosen(input: &mut Input<'_>, header: &Header, unlocked: &UnlockedRecipients) -> Vec<Stanza> {
    let mask = input.u8();
    if mask == 0xFF {
        return Vec::new();
    }
    let bind = header.bind();
    let first = input.below(KEKS);
    let in_list = |n: &usize| *n == first || mask >> n & 1 == 1;
    let mut stanzas: Vec<Stanza> = (0..KEKS)
        .filter(in_list)
        .map(|n| {
            let kek = &keks()[n];
            let kept = header.stanzas().iter().find(|s| *s.key_ref() == kek.key_ref());
            match kept {
                Some(kept) if mask & 0x40 != 0 => kept.clone(),
                _ => kek.wrap_dek(unlocked.dek(), &bind).unwrap(),
            }
        })
        .collect();
    if mask & 0x80 != 0 {
        for n in 0..input.below(32) {
            let name = format!("arn:aws:kms:eu-central-1:111122223333:key/{n}");
            let key_ref = KeyRef::new(StanzaKind::AwsKms, name.as_bytes()).unwrap();
            let wrapped = vec![1; usize::from(input.u8()).max(1)];
            stanzas.push(Stanza::new(key_ref, wrapped).unwrap());
        }
    }
    stanzas
}

/// A file on a disk with a cache.
struct Disk {
    /// What the running system reads.
    seen: Vec<u8>,
    /// What is there after a loss of power, whatever happens.
    durable: Vec<u8>,
    position: u64,
    /// Calls until one fails.
    left: Option<u8>,
    /// How much of the write that fails still gets through.
    torn: usize,
    /// Whether everything after the failure fails too.
    fatal: bool,
    /// Most bytes that one call writes.
    step: usize,
    failed: bool,
    dead: bool,
    /// What a reader would have seen after some of the writes.
    looks: Vec<Vec<u8>>,
}

impl Disk {
    fn new(bytes: Vec<u8>) -> Self {
        Self {
            durable: bytes.clone(),
            seen: bytes,
            position: 0,
            left: None,
            torn: 0,
            fatal: false,
            step: usize::MAX,
            failed: false,
            dead: false,
            looks: Vec::new(),
        }
    }

    fn plan(&mut self, input: &mut Input<'_>) {
        let plan = input.u8();
        self.left = (plan & 3 != 0).then(|| input.u8() % 32);
        self.fatal = plan & 4 != 0;
        self.torn = usize::from(input.u16());
        self.step = match plan >> 3 & 3 {
            0 => usize::MAX,
            1 => 1 + usize::from(input.u8()) * 8,
            _ => 200 + usize::from(input.u8()),
        };
        self.position = 0;
    }

    /// Counts a call; an error if it is the one that fails.
    fn call(&mut self) -> io::Result<()> {
        match self.left {
            _ if self.dead => return Err(ErrorKind::NotConnected.into()),
            Some(0) => {
                self.left = None;
                self.failed = true;
                self.dead = self.fatal;
                return Err(ErrorKind::StorageFull.into());
            }
            Some(left) => self.left = Some(left - 1),
            None => {}
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) {
        let start = usize::try_from(self.position).unwrap();
        // A rewrap in place never grows the file.
        self.seen[start..start + bytes.len()].copy_from_slice(bytes);
        self.position += bytes.len() as u64;
        if self.looks.len() < LOOKS {
            self.looks.push(self.seen.clone());
        }
    }

    /// Of every sector written since the last sync either the old or the new state survives.
    fn lose_power(&mut self, choice: &[u8]) {
        let pairs = self
            .seen
            .chunks_mut(SECTOR)
            .zip(self.durable.chunks(SECTOR))
            .filter(|(seen, durable)| seen != durable);
        for (n, (seen, durable)) in pairs.enumerate() {
            let byte = choice.get(n / 8 % choice.len().max(1)).copied();
            if byte.unwrap_or(0) >> (n % 8) & 1 == 0 {
                seen.copy_from_slice(durable);
            }
        }
        self.durable = self.seen.clone();
    }

    fn revive(&mut self) {
        self.left = None;
        self.dead = false;
        self.failed = false;
        self.looks.clear();
    }
}

impl Read for Disk {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.call()?;
        let mut cursor = Cursor::new(&self.seen);
        cursor.set_position(self.position);
        let read = cursor.read(out)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len().min(self.step);
        if let Err(error) = self.call() {
            if error.kind() == ErrorKind::StorageFull {
                self.put(&bytes[..self.torn.min(len)]);
            }
            return Err(error);
        }
        self.put(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let mut cursor = Cursor::new(&self.seen);
        cursor.set_position(self.position);
        self.position = cursor.seek(to)?;
        Ok(self.position)
    }
}

impl PackageFile for &mut Disk {
    fn sync(&mut self) -> io::Result<()> {
        self.call()?;
        self.durable = self.seen.clone();
        Ok(())
    }
}
