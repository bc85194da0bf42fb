//! Encrypted metadata.

use crate::cobblestone::{open_message_with, seal_message_with};
use crate::fuzz::input::Input;
use crate::header::tlv::{FIRST_OPTIONAL_TAG, parse_fields};
use crate::label::labelled;
use crate::metadata::{MAX_METADATA_LEN, SECTION_LEN_FIELD, message_len};
use crate::{Backend, Context, Dek, HeaderHash, Metadata, Part, Suite};

/// The input as the plaintext of a section, as a section, and as the choice of its fields. What opens
/// is sealed to the same plaintext; what nobody sealed does not open.
pub fn metadata(data: &[u8]) {
    let (selector, data) = data.split_first().unwrap_or((&0, &[]));
    let keys = Keys {
        backend: Backend::ALL[usize::from(selector >> 4) % Backend::ALL.len()],
        suite: [Suite::Aes256Gcm, Suite::ChaCha20Poly1305][usize::from(selector >> 3 & 1)],
        dek: Dek::take_from(&mut [4; 32]).unwrap(),
        hash: HeaderHash::from_bytes([6; 64]),
    };
    match selector & 3 {
        0 | 1 => keys.plaintext(data),
        2 => keys.chosen(&mut Input::new(data)),
        _ => keys.section(data),
    }
}

struct Keys {
    backend: Backend,
    suite: Suite,
    dek: Dek,
    hash: HeaderHash,
}

impl Keys {
    fn open(&self, section: &[u8]) -> Option<Metadata> {
        Metadata::open(self.backend, self.suite, &self.dek, &self.hash, section).ok()
    }

    fn seal(&self, metadata: &Metadata) -> Option<Vec<u8>> {
        metadata.seal(self.backend, self.suite, &self.dek, &self.hash).ok()
    }

    /// A section whose plaintext is `plain`, which only who has the data key could make.
    fn section_of(&self, plain: &[u8]) -> Vec<u8> {
        let empty = Context::new().digest();
        let context = labelled("metadata", &[self.hash.as_bytes(), &empty]);
        let key = self.dek.expose_secret();
        let mut section =
            seal_message_with(self.backend, self.suite, key, &context, plain).unwrap();
        section.extend_from_slice(&(section.len() as u32).to_be_bytes());
        section
    }

    fn plain_of(&self, section: &[u8]) -> Vec<u8> {
        let empty = Context::new().digest();
        let context = labelled("metadata", &[self.hash.as_bytes(), &empty]);
        let message = &section[..section.len() - SECTION_LEN_FIELD];
        let key = self.dek.expose_secret();
        open_message_with(self.backend, self.suite, key, &context, message).unwrap().to_vec()
    }

    fn plaintext(&self, plain: &[u8]) {
        let section = self.section_of(plain);
        let Some(metadata) = self.open(&section) else {
            return;
        };
        let sealed = self.seal(&metadata).unwrap();
        assert!(self.open(&sealed).unwrap() == metadata);
        let fields = parse_fields(plain, Part::Metadata).unwrap();
        if fields.iter().all(|(tag, _)| *tag < FIRST_OPTIONAL_TAG) {
            assert!(self.plain_of(&sealed) == plain, "another encoding");
        }
    }

    fn section(&self, section: &[u8]) {
        assert!(self.open(section).is_none(), "opens what nobody sealed");
        if let Some((_, field)) = section.split_last_chunk()
            && let Ok(len) = message_len(*field)
        {
            assert!((72..=MAX_METADATA_LEN).contains(&len));
        }
        let genuine = self.section_of(&[0, 3, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 9]);
        assert_eq!(self.open(&genuine).unwrap().size, Some(9));
        let mut input = Input::new(section);
        let mut edited = genuine.clone();
        let at = input.below(genuine.len() - SECTION_LEN_FIELD);
        edited[at] ^= input.u8();
        assert_eq!(self.open(&edited).is_some(), edited == genuine);
    }

    fn chosen(&self, input: &mut Input<'_>) {
        let choice = input.u8();
        let mut text = |bit: u8| {
            (choice >> bit & 1 == 1).then(|| {
                let stretch = if input.u8() == 0xFF { 3000 } else { 1 };
                input.text(60).repeat(stretch)
            })
        };
        let mut metadata = Metadata::new();
        metadata.file_name = text(0);
        metadata.media_type = text(1);
        metadata.study_uid = text(2);
        metadata.series_uid = text(3);
        metadata.instance_uid = text(4);
        metadata.notes = text(5);
        metadata.size = (choice >> 6 & 1 == 1).then(|| input.u64());
        metadata.content_sha256 = (choice >> 7 & 1 == 1).then(|| input.array());
        assert_eq!(format!("{metadata:?}"), "Metadata(redacted)");
        if let Some(section) = self.seal(&metadata) {
            let (_, field) = section.split_last_chunk().unwrap();
            assert_eq!(message_len(*field).unwrap(), section.len() - SECTION_LEN_FIELD);
            assert!(self.open(&section).unwrap() == metadata);
            let other = HeaderHash::from_bytes([7; 64]);
            let moved = Metadata::open(self.backend, self.suite, &self.dek, &other, &section);
            assert!(moved.is_err(), "opens in another package");
        }
    }
}
