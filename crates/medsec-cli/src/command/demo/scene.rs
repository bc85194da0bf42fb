//! The persons, files and packages of the demo, and what is tried on them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medsec_crypto::{
    Access, Backend, Confirmation, ContentType, Context, Draft, Execution, Header, HpkeIdentity,
    HpkeKind, Identity as _, Inspection, Limits, LockedPackage, NewRecipients, OpenError,
    PackageSpec, Recipient, SealError, Sealed, SignerExpectation, SigningKey, Unlocked,
};
use sha2::{Digest as _, Sha256};

use crate::exit::Exit;
use crate::expectation::expectation;
use crate::failure::Failure;
use crate::session::now;
use crate::target;

/// Salt and commitment; a flip in them is another claim.
const PREFIX_LEN: u64 = 56;

/// A content and the package made of it.
pub(super) struct Piece {
    pub(super) content: PathBuf,
    pub(super) package: PathBuf,
}

/// Who takes part.
pub(super) struct Cast {
    pub(super) recipient: HpkeIdentity,
    pub(super) partner: HpkeIdentity,
    pub(super) stranger: HpkeIdentity,
    pub(super) signer: Arc<SigningKey>,
    pub(super) patient: Context,
    pub(super) other_patient: Context,
}

impl Cast {
    pub(super) fn new(patient: &str) -> Result<Self, Failure> {
        let context = |patient: &str| {
            let mut context = Context::new();
            context.insert("patient", patient).map(|()| context)
        };
        Ok(Self {
            recipient: HpkeIdentity::generate(HpkeKind::X25519)?,
            partner: HpkeIdentity::generate(HpkeKind::X25519)?,
            stranger: HpkeIdentity::generate(HpkeKind::X25519)?,
            signer: Arc::new(SigningKey::generate()?),
            patient: context(patient)?,
            other_patient: context("DEMO-0002")?,
        })
    }

    /// Seals for the recipient, with the patient's identity, signed.
    pub(super) fn seal(
        &self,
        content: impl Read + Send,
        package: &Path,
        execution: &Execution<'_>,
    ) -> Result<Sealed, SealError> {
        let mut spec = PackageSpec::default();
        spec.reproduced = self.patient.clone();
        spec.content_type = Some(ContentType::new("application/dicom")?);
        let recipients: [&dyn Recipient; 1] = [self.recipient.recipient()];
        let sealer =
            Draft::new(spec, now(), Some(Arc::clone(&self.signer)))?.seal_to(&recipients)?;
        let options = target::options(Access::Owner);
        sealer.seal_to_file(content, package, options, execution)
    }

    fn signer(&self) -> SignerExpectation {
        SignerExpectation::OneOf(vec![self.signer.verifying_key()])
    }

    /// Finds key, context and header of a package right, or says why not.
    pub(super) fn unlock(
        &self,
        package: &mut File,
        identity: &HpkeIdentity,
        patient: &Context,
    ) -> Result<Unlocked, OpenError> {
        let expected = expectation(vec![identity.key_ref()], &self.signer(), patient);
        Header::read_patiently(package)?.check(expected)?.unlock_with(&[identity])
    }

    /// Opens into a file beside the package and compares; nothing is left.
    pub(super) fn opens_to_file(
        &self,
        piece: &Piece,
        identity: &HpkeIdentity,
        execution: &Execution<'_>,
    ) -> Result<bool, Failure> {
        let output = piece.package.with_extension("opened");
        let mut package = open(&piece.package)?;
        let unlocked = self.unlock(&mut package, identity, &self.patient)?;
        let options = target::options(Access::Owner);
        unlocked.open_to_file(package, &output, options, execution)?;
        let same = same(open(&output)?, open(&piece.content)?);
        std::fs::remove_file(&output).map_err(failed)?;
        same.map_err(failed)
    }

    /// Opens and compares on the way; no plaintext is written anywhere.
    pub(super) fn opens_to_the_same(
        &self,
        piece: &Piece,
        identity: &HpkeIdentity,
    ) -> Result<bool, Failure> {
        let mut package = open(&piece.package)?;
        let unlocked = self.unlock(&mut package, identity, &self.patient)?;
        let mut reader = unlocked.danger_release_unverified(package, Backend::default())?;
        let same = same(&mut reader, open(&piece.content)?).map_err(failed)?;
        reader.finish()?;
        Ok(same)
    }

    /// Whether a package with one flipped bit is refused as damaged and leaves no file.
    pub(super) fn notices_damage(
        &self,
        piece: &Piece,
        execution: &Execution<'_>,
    ) -> Result<bool, Failure> {
        let output = piece.package.with_extension("damaged");
        let inspection = Inspection::read(open(&piece.package)?)?;
        let middle = (inspection.payload_len / 2).max(PREFIX_LEN);
        let middle = payload_offset(&inspection).saturating_add(middle);
        flip_bit(&piece.package, middle).map_err(failed)?;
        let mut package = open(&piece.package)?;
        let opened =
            self.unlock(&mut package, &self.recipient, &self.patient).and_then(|unlocked| {
                let options = target::options(Access::Owner);
                unlocked.open_to_file(package, &output, options, execution)
            });
        flip_bit(&piece.package, middle).map_err(failed)?;
        Ok(matches!(opened, Err(OpenError::Damaged { .. })) && !output.exists())
    }

    /// Verifies the signature as somebody who has no key at all.
    pub(super) fn origin_holds(
        &self,
        package: &Path,
        execution: &Execution<'_>,
    ) -> Result<bool, Failure> {
        let mut file = open(package)?;
        let header = Header::read_patiently(&mut file)?;
        let limit = Limits::default().max_chunks;
        header.verify_origin(file, &self.signer(), limit, execution)?;
        Ok(true)
    }

    /// Adds the partner as a recipient, in place; no context is needed for it.
    pub(super) fn add_partner(&self, package: &Path) -> Result<(), Failure> {
        let header = Header::read_patiently(&mut open(package)?)?;
        let unlocked = header.unlock_recipients_with(&[&self.recipient])?;
        let stanzas = unlocked.wrap_for(&[self.partner.recipient()])?;
        let stanzas = [unlocked.header().stanzas(), &stanzas].concat();
        let recipients = NewRecipients::Authenticated { unlocked: &unlocked, stanzas };
        let own = self.partner.key_ref();
        let confirm = |header: &Header| {
            let stanza = header.stanzas().iter().find(|s| *s.key_ref() == own);
            let dek = stanza.map(|stanza| self.partner.unwrap_dek(stanza, &header.bind()));
            match dek {
                Some(Ok(dek)) => Confirmation::Unwrapped(dek),
                _ => Confirmation::Failed,
            }
        };
        LockedPackage::open(package)?.rewrap(&recipients, confirm)?;
        Ok(())
    }
}

/// SHA-256 of salt, commitment and all encrypted chunks, as they stand in the file.
pub(super) fn payload_digest(package: &Path) -> Result<[u8; 32], Failure> {
    let inspection = Inspection::read(open(package)?)?;
    let mut file = open(package)?;
    file.seek(SeekFrom::Start(payload_offset(&inspection))).map_err(failed)?;
    let mut payload = file.take(inspection.payload_len);
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match payload.read(&mut buffer).map_err(failed)? {
            0 => return Ok(digest.finalize().into()),
            read => digest.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// Behind the immutable part come the slots' length and the two slots.
fn payload_offset(inspection: &Inspection) -> u64 {
    let slots = (inspection.header.slot_len() as u64).saturating_mul(2);
    inspection.immutable_len.saturating_add(4).saturating_add(slots)
}

fn flip_bit(path: &Path, at: u64) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut byte = [0];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut byte)?;
    byte = byte.map(|byte| byte ^ 1);
    file.seek(SeekFrom::Start(at))?;
    file.write_all(&byte)
}

pub(super) fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(failed)
}

pub(super) fn failed(error: io::Error) -> Failure {
    match error.downcast::<OpenError>() {
        Ok(error) => error.into(),
        Err(error) => Failure::new(Exit::Io, format!("the demo's files: {}", error.kind())),
    }
}

/// Whether both readers give the same bytes.
fn same(mut left: impl Read, mut right: impl Read) -> io::Result<bool> {
    let (mut a, mut b) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        let (read_a, read_b) = (fill(&mut left, &mut a)?, fill(&mut right, &mut b)?);
        if a.get(..read_a) != b.get(..read_b) {
            return Ok(false);
        }
        if read_a == 0 {
            return Ok(true);
        }
    }
}

fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0_usize;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest)? {
            0 => break,
            read => filled = filled.saturating_add(read),
        }
    }
    Ok(filled)
}
