//! A token behind PKCS#11.

use std::num::NonZeroUsize;
use std::sync::Arc;

use medsec_crypto::StanzaKind;
use medsec_kms::{InvalidToken, KeyService, Pkcs11Keys, Pkcs11Settings, TokenPin, TokenSerial};

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
    let mut pin = secret(&section.pin_file, "the token's PIN")?;
    let settings = Pkcs11Settings {
        module: section.module.clone(),
        token: TokenSerial::new(&section.token).map_err(invalid)?,
        pin: TokenPin::take_from(&mut pin).map_err(invalid)?,
        sessions: SESSIONS,
    };
    // Which of the token's keys it is only the token knows.
    let serial = [section.token.as_bytes(), &[0]].concat();
    let named: Named = Box::new(move |key| {
        key.kind() == StanzaKind::Pkcs11 && key.as_bytes().starts_with(&serial)
    });
    let opening: Opening = Box::new(move || {
        let (settings, keys) = (settings.clone(), keys.clone());
        Box::pin(async move {
            let opened = Pkcs11Keys::open(settings, keys).await?;
            Ok(Arc::new(opened) as Arc<dyn KeyService>)
        })
    });
    Ok((named, opening))
}
