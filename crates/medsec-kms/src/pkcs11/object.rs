//! A key as the token holds it: all objects with its label.

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::fault::Fault;
use super::label::{About, Family, label_of};
use crate::name::KeyName;
use crate::service::{KeyDescription, KeyServiceError, KeyState};

/// Length of an AES-256 key in bytes.
pub(super) const AES_256_LEN: u64 = 32;

const WANTED: [AttributeType; 9] = [
    AttributeType::Id,
    AttributeType::KeyType,
    AttributeType::ValueLen,
    AttributeType::Private,
    AttributeType::Sensitive,
    AttributeType::Extractable,
    AttributeType::Wrap,
    AttributeType::Unwrap,
    AttributeType::Label,
];

/// What the token tells of one object.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) id: Vec<u8>,
    pub(super) label: Vec<u8>,
    aes: bool,
    len: u64,
    private: bool,
    sensitive: bool,
    /// Absent is not the same as false.
    extractable: Option<bool>,
    wraps: bool,
    unwraps: bool,
}

impl Told {
    pub(super) fn of(session: &Session, object: ObjectHandle) -> Result<Self, Fault> {
        let mut told = Self::default();
        for attribute in session.get_attributes(object, &WANTED)? {
            match attribute {
                Attribute::Id(id) => told.id = id,
                Attribute::Label(label) => told.label = label,
                Attribute::KeyType(kind) => told.aes = kind == KeyType::AES,
                Attribute::ValueLen(len) => told.len = u64::from(len),
                Attribute::Private(private) => told.private = private,
                Attribute::Sensitive(sensitive) => told.sensitive = sensitive,
                Attribute::Extractable(extractable) => told.extractable = Some(extractable),
                Attribute::Wrap(wraps) => told.wraps = wraps,
                Attribute::Unwrap(unwraps) => told.unwraps = unwraps,
                _ => {}
            }
        }
        Ok(told)
    }

    /// Whether it can be a wrapping key.
    fn check(&self) -> Result<(), KeyServiceError> {
        let needs = [
            (self.aes && self.len == AES_256_LEN, "it is no AES key of 256 bits"),
            (self.private, "it can be used without a login"),
            (self.sensitive, "the token shows its value"),
            (self.extractable == Some(false), "it can be taken off the token"),
            (!self.id.is_empty(), "it has no CKA_ID"),
        ];
        let missing = needs.into_iter().find(|(met, _)| !met);
        missing.map_or(Ok(()), |(_, why)| Err(KeyServiceError::Unsuitable(why)))
    }
}

/// One version of a key.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) handle: ObjectHandle,
    pub(super) number: u32,
    /// Known of objects made here.
    about: Option<About>,
    pub(super) told: Told,
}

/// A key with all its versions, the oldest first. There is at least one.
#[derive(Clone, Debug)]
pub(super) struct TokenKey {
    name: KeyName,
    older: Vec<Version>,
    newest: Version,
}

impl TokenKey {
    /// Finds it.
    ///
    /// # Errors
    /// `NoSuchKey`, and `Unsuitable` if any object of its label cannot be a version of it.
    pub(super) fn find(session: &Session, name: &KeyName) -> Result<Self, Fault> {
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::Token(true),
            Attribute::Label(label_of(name)?),
        ];
        let mut versions = Vec::new();
        for handle in session.find_objects(&template)? {
            versions.push((handle, Told::of(session, handle)?));
        }
        Ok(Self::of(name, versions)?)
    }

    fn of(name: &KeyName, found: Vec<(ObjectHandle, Told)>) -> Result<Self, KeyServiceError> {
        let family = Family::of(name);
        let mut versions = Vec::with_capacity(found.len());
        for (handle, told) in found {
            told.check()?;
            // An object of another program's is the first version.
            let about = family.about(&told.id);
            let number = about.map_or(1, |about| about.version);
            versions.push(Version { handle, number, about, told });
        }
        versions.sort_by_key(|version| version.number);
        let twice = versions.iter().zip(versions.iter().skip(1)).any(|(a, b)| a.number == b.number);
        if twice {
            return Err(KeyServiceError::Unsuitable(
                "several objects claim to be one version of it",
            ));
        }
        let newest = versions.pop().ok_or(KeyServiceError::NoSuchKey)?;
        Ok(Self { name: name.clone(), older: versions, newest })
    }

    pub(super) const fn newest(&self) -> &Version {
        &self.newest
    }

    /// The oldest first.
    pub(super) fn versions(&self) -> impl DoubleEndedIterator<Item = &Version> {
        self.older.iter().chain([&self.newest])
    }

    /// The version of that id. One that is not there was destroyed, or is newer than this token's state.
    pub(super) fn version(&self, id: &[u8]) -> Result<&Version, KeyServiceError> {
        let found = self.versions().find(|version| version.told.id == id);
        found.ok_or_else(|| match Family::of(&self.name).about(id) {
            Some(about) if about.version > self.newest.number => KeyServiceError::NoSuchVersion,
            _ => KeyServiceError::Destroyed,
        })
    }

    /// Disabled unless the newest version wraps and all of them unwrap.
    pub(super) fn state(&self) -> KeyState {
        let enabled = self.newest.told.wraps && self.versions().all(|version| version.told.unwraps);
        if enabled { KeyState::Enabled } else { KeyState::Disabled }
    }

    pub(super) fn enabled(&self) -> Result<(), KeyServiceError> {
        match self.state() {
            KeyState::Enabled => Ok(()),
            _ => Err(KeyServiceError::Disabled),
        }
    }

    pub(super) fn describe(&self) -> KeyDescription {
        let oldest = self.versions().next().unwrap_or(&self.newest);
        let mut description = KeyDescription::new(self.name.clone(), self.state());
        description.version = Some(self.newest.number);
        description.created = oldest.about.map(|about| about.made);
        description.rotated = self.newest.about.map(|about| about.made);
        let due = |about: About| about.max_age_days.map(|days| about.made.plus_days(days));
        description.rotation_due = self.newest.about.and_then(due);
        description
    }

    /// Days after which a version is to be replaced.
    pub(super) fn max_age_days(&self) -> Option<u32> {
        self.newest.about.and_then(|about| about.max_age_days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(id: &[u8]) -> Told {
        Told {
            id: id.to_vec(),
            aes: true,
            len: AES_256_LEN,
            private: true,
            sensitive: true,
            extractable: Some(false),
            wraps: true,
            unwraps: true,
            ..Told::default()
        }
    }

    #[test]
    fn object_that_shows_its_key_is_no_wrapping_key() {
        let changes: [fn(&mut Told); 7] = [
            |told| told.aes = false,
            |told| told.len = 16,
            |told| told.private = false,
            |told| told.sensitive = false,
            |told| told.extractable = Some(true),
            |told| told.extractable = None,
            |told| told.id.clear(),
        ];
        for change in changes {
            let mut told = good(b"1");
            change(&mut told);
            assert!(matches!(told.check(), Err(KeyServiceError::Unsuitable(_))), "{told:?}");
        }
        assert!(good(b"1").check().is_ok());
    }
}
