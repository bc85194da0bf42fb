//! The persons, files and packages of the demo, and what is tried on them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use medsec::{
    Aim, Grant, Login, OpenWish, Refused, SealRequest, SealWish, SessionLogin, Unbound, UseError,
    WantedRecipients,
};
use medsec_audit::Action;
use medsec_crypto::{
    Access, Backend, ContentType, Context, Execution, Header, HpkeIdentity, HpkeKind, Inspection,
    Limits, LockedPackage, OpenError, PackageSpec, Recipient, Sealed, SignerExpectation,
};
use medsec_policy::Purpose;
use sha2::{Digest as _, Sha256};

use crate::args;
use crate::command::init;
use crate::custody::{Custody, CustodyOption, PurposeOption};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::passphrase::PassphraseOption;
use crate::session::{Session, now};
use crate::target;

/// Salt and commitment; a flip in them is another claim.
const PREFIX_LEN: u64 = 56;
/// The user of the demo's home, and the key that packages are sealed under.
const USER: &str = "ada";
const DATASET: &str = "demo";

/// A content and the package made of it.
pub(super) struct Piece {
    pub(super) content: PathBuf,
    pub(super) package: PathBuf,
}

/// Who takes part: a user of a home with key store, policy and audit log, and the same user with other keys.
pub(super) struct Cast {
    custody: Custody,
    /// With the key of a partner to whom packages are rewrapped.
    pub(super) partner: SessionLogin,
    /// With a key that no package is sealed to.
    pub(super) stranger: SessionLogin,
    partner_key: HpkeIdentity,
    signer: SignerExpectation,
    pub(super) patient: Context,
    pub(super) other_patient: Context,
}

impl Cast {
    /// Makes a home in the folder and logs its user in.
    pub(super) fn new(folder: &Path, patient: &str) -> Result<Self, Failure> {
        let options = args::Options {
            json: false,
            threads: None,
            home: Some(folder.join("home")),
            no_agent: true,
        };
        init::run(&Session::apart(&options), &init::Options::for_demo(USER, DATASET)?)?;
        // With the settings that were written just now.
        let session = Session::apart(&options);
        let who = CustodyOption {
            identity: None,
            passphrase: PassphraseOption { passphrase_fd: None },
            purpose: PurposeOption { purpose: Some(Purpose::Treatment) },
        };
        let signer = session.settings()?.signer.value.clone();
        let custody = Custody::enter(&session, &who, Action::Seal, signer.as_deref())?;
        let signer = custody.signer()?.map(|signer| signer.verifying_key());
        let partner_key = HpkeIdentity::generate(HpkeKind::X25519)?;
        let stranger = HpkeIdentity::generate(HpkeKind::X25519)?;
        let context = |patient: &str| {
            let mut context = Context::new();
            context.insert("patient", patient).map(|()| context)
        };
        Ok(Self {
            stranger: custody.with_other_key(stranger)?,
            partner: custody.with_other_key(copy_of(&partner_key)?)?,
            partner_key,
            signer: SignerExpectation::OneOf(signer.into_iter().collect()),
            custody,
            patient: context(patient)?,
            other_patient: context("DEMO-0002")?,
        })
    }

    /// The user with the keys of the home.
    pub(super) const fn own(&self) -> &dyn Login {
        self.custody.login()
    }

    /// Ends it: the audit log is closed.
    pub(super) fn leave(self) -> Result<(), Failure> {
        self.custody.leave()
    }

    /// Seals under the home's key, with the patient's identity, signed.
    pub(super) fn seal(
        &self,
        content: impl Read + Send,
        package: &Path,
        execution: &Execution<'_>,
    ) -> Result<Sealed, Failure> {
        let mut spec = PackageSpec::default();
        spec.reproduced = self.patient.clone();
        spec.dataset = Some(medsec_crypto::DatasetId::new(DATASET)?);
        spec.content_type = Some(ContentType::new("application/dicom")?);
        let key = DATASET.parse().map_err(|_| Failure::usage("the demo's key has no name"))?;
        let wish = SealWish {
            purpose: self.custody.purpose(),
            keys: &[&key],
            recipients: &[],
            sign: self.custody.signer()?.is_some(),
            patient: None,
        };
        let grant =
            self.custody.seal(SealRequest { spec, created_at: now(), content_len: None }, &wish)?;
        let options = target::options(Access::Owner);
        Ok(grant.seal_to_file(content, package, options, execution)?)
    }

    /// A grant to open, or why there is none.
    pub(super) fn grant(
        &self,
        package: &mut File,
        login: &dyn Login,
        patient: &Context,
    ) -> Result<Grant, Refused> {
        let wish = OpenWish {
            aim: Aim::Content,
            purpose: self.custody.purpose(),
            signer: self.signer.clone(),
            reproduced: patient.clone(),
            limits: Limits::default(),
            patient: None,
            unbound: Unbound::Refused,
            filed_under: None,
        };
        self.custody.open_as(login, Header::read_patiently(package), &wish)
    }

    /// Opens into a file beside the package and compares; nothing is left.
    pub(super) fn opens_to_file(
        &self,
        piece: &Piece,
        login: &dyn Login,
        execution: &Execution<'_>,
    ) -> Result<bool, Failure> {
        let output = piece.package.with_extension("opened");
        let mut package = open(&piece.package)?;
        let grant = self.grant(&mut package, login, &self.patient)?;
        let options = target::options(Access::Owner);
        grant.open_to_file(package, &output, options, execution)?;
        let same = same(open(&output)?, open(&piece.content)?);
        std::fs::remove_file(&output).map_err(failed)?;
        same.map_err(failed)
    }

    /// Opens and compares on the way; no plaintext is written anywhere.
    pub(super) fn opens_to_the_same(
        &self,
        piece: &Piece,
        login: &dyn Login,
    ) -> Result<bool, Failure> {
        let mut package = open(&piece.package)?;
        let grant = self.grant(&mut package, login, &self.patient)?;
        let mut reader = grant.danger_release_unverified(package, Backend::default())?;
        let same = same(&mut reader, open(&piece.content)?).map_err(failed)?;
        reader.finish()?;
        grant.close(Ok(()))?;
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
        let grant = self.grant(&mut package, self.own(), &self.patient)?;
        let options = target::options(Access::Owner);
        let opened = grant.open_to_file(package, &output, options, execution);
        flip_bit(&piece.package, middle).map_err(failed)?;
        let damaged = matches!(opened, Err(medsec::ReleaseError::Open(OpenError::Damaged { .. })));
        Ok(damaged && !output.exists())
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
        header.verify_origin(file, &self.signer, limit, execution)?;
        Ok(true)
    }

    /// Adds the partner as a recipient, in place; no context is needed for it.
    pub(super) fn add_partner(&self, package: &Path) -> Result<(), Failure> {
        let wish =
            medsec::RewrapWish { purpose: self.custody.purpose(), reproduced: Context::new() };
        let header = Header::read_patiently(&mut open(package)?)?;
        let grant = self.custody.rewrap(Ok(header), &wish)?;
        let kept = grant.header().stanzas().to_vec();
        let partner: &dyn Recipient = self.partner_key.recipient();
        let wanted = WantedRecipients { kept, added: vec![partner], keys: &[] };
        let (grant, list) = self.custody.list_for(grant, wanted)?;
        let confirm = |header: &Header| self.custody.confirm(&grant, header);
        let done = LockedPackage::open(package)
            .map_err(UseError::from)
            .and_then(|mut package| grant.rewrap(&mut package, &list, confirm));
        let closed = grant.finish(done.as_ref());
        done?;
        Ok(closed?)
    }
}

fn copy_of(identity: &HpkeIdentity) -> Result<HpkeIdentity, Failure> {
    let mut secret = zeroize::Zeroizing::new(*identity.expose_secret());
    HpkeIdentity::take_from(HpkeKind::X25519, secret.as_mut_slice())
        .map_err(|error| Failure::new(Exit::Failure, error.to_string()))
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
