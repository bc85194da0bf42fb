//! A token behind PKCS#11.

use std::num::NonZeroUsize;
use std::sync::Arc;

use medsec_crypto::StanzaKind;
use medsec_kms::{
    FileFault, InvalidToken, KeyService, KeyServiceError, Pkcs11Keys, Pkcs11Settings, TokenPin,
    TokenSerial,
};

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
    // Which of the token's keys it is only the token knows.
    let of_token = [section.token.as_bytes(), &[0]].concat();
    let named: Named = Box::new(move |key| {
        key.kind() == StanzaKind::Pkcs11 && key.as_bytes().starts_with(&of_token)
    });
    let opening: Opening = Box::new(move || {
        let (keys, module, token) = (keys.clone(), module.clone(), serial.clone());
        let pin = secret(&pin_file);
        Box::pin(async move {
            // One that the token refused is not shown again, however often the service is reached: the token counts.
            let pin = TokenPin::take_from(&mut pin?);
            let pin = pin.map_err(|_| KeyServiceError::File(FileFault::Malformed))?;
            let settings = Pkcs11Settings { module, token, pin, sessions: SESSIONS };
            let opened = Pkcs11Keys::open_usable(settings, keys).await?;
            Ok(Arc::new(opened) as Arc<dyn KeyService>)
        })
    });
    Ok((named, opening))
}
