//! A token behind PKCS#11.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use medsec_crypto::StanzaKind;
use medsec_kms::{
    FileFault, InvalidToken, KeyService, KeyServiceError, Pkcs11Keys, Pkcs11Settings, TokenPin,
    TokenSerial,
};
use zeroize::Zeroizing;

use super::lazy::{Named, Opening};
use super::{named, secret};
use crate::failure::Failure;
use crate::settings::Pkcs11Section;

/// Sessions at a time. Tokens have limits of their own.
const SESSIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);

pub(super) fn opening(section: &Pkcs11Section) -> Result<(Named, Opening), Failure> {
    let keys = named(&section.name, &section.keys)?;
    let invalid =
        |error: InvalidToken| Failure::usage(format!("service `{}`: {error}", section.name));
    let serial = TokenSerial::new(&section.token).map_err(invalid)?;
    let (module, pin_file) = (section.module.clone(), section.pin_file.clone());
    let shown_before = Arc::new(Mutex::new(None));
    // Which of the token's keys it is only the token knows.
    let of_token = [section.token.as_bytes(), &[0]].concat();
    let named: Named = Box::new(move |key| {
        key.kind() == StanzaKind::Pkcs11 && key.as_bytes().starts_with(&of_token)
    });
    let opening: Opening = Box::new(move || {
        let (keys, shown_before) = (keys.clone(), Arc::clone(&shown_before));
        let pin = another(&pin_file, &shown_before);
        let (module, token) = (module.clone(), serial.clone());
        Box::pin(async move {
            let pin = pin?;
            let shown = TokenPin::take_from(&mut pin.clone());
            let shown = shown.map_err(|_| KeyServiceError::File(FileFault::Malformed))?;
            let settings = Pkcs11Settings { module, token, pin: shown, sessions: SESSIONS };
            let opened = Pkcs11Keys::open(settings, keys).await;
            if matches!(opened, Ok(_) | Err(KeyServiceError::Unauthenticated)) {
                *held(&shown_before) = Some(pin);
            }
            Ok(Arc::new(opened?) as Arc<dyn KeyService>)
        })
    });
    Ok((named, opening))
}

/// The PIN that the token has judged. If it accepted it and is reached anew, it no longer does. Such a PIN is not shown a
/// second time: the token counts, and locks itself.
type Shown = Mutex<Option<Zeroizing<Vec<u8>>>>;

fn held(shown: &Shown) -> MutexGuard<'_, Option<Zeroizing<Vec<u8>>>> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The PIN in the file, if it is another than that.
fn another(file: &Path, shown: &Shown) -> Result<Zeroizing<Vec<u8>>, KeyServiceError> {
    let pin = secret(file)?;
    match held(shown).as_ref() == Some(&pin) {
        true => Err(KeyServiceError::Unauthenticated),
        false => Ok(pin),
    }
}
