//! The logins of this process. PKCS#11 has one for each token, whoever asks, and the token counts PINs that are wrong: so
//! they are shown one after the other, and one that the token refused is not shown again by any service of the process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::settings::{TokenPin, TokenSerial};
use crate::service::KeyServiceError;

/// What is known of one token's PIN.
type Refused = Arc<Mutex<Option<TokenPin>>>;

static TOKENS: Mutex<BTreeMap<(PathBuf, TokenSerial), Refused>> = Mutex::new(BTreeMap::new());

/// Has a PIN shown to a token by `log_in`, if the token did not refuse that one before. Nobody else shows one meanwhile.
///
/// # Errors
/// [`KeyServiceError::Unauthenticated`] for a PIN that was refused; else what `log_in` answers.
pub(super) fn once(
    module: &Path,
    token: &TokenSerial,
    pin: &TokenPin,
    log_in: impl FnOnce() -> Result<(), KeyServiceError>,
) -> Result<(), KeyServiceError> {
    // The same file under another name is the same module.
    let module = module.canonicalize().unwrap_or_else(|_| module.to_owned());
    let refused = {
        let mut tokens = TOKENS.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tokens.entry((module, token.clone())).or_default())
    };
    // Held over the login: whoever comes meanwhile with the same PIN waits for what becomes of it.
    let mut refused = refused.lock().unwrap_or_else(PoisonError::into_inner);
    if refused.as_ref().is_some_and(|refused| refused.is(pin)) {
        return Err(KeyServiceError::Unauthenticated);
    }
    let done = log_in();
    if matches!(done, Err(KeyServiceError::Unauthenticated)) {
        *refused = Some(pin.clone());
    }
    done
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn pin(text: &str) -> TokenPin {
        TokenPin::take_from(&mut text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn refused_pin_is_shown_once_whoever_asks() {
        let (shown, token) = (AtomicUsize::new(0), TokenSerial::new("once").unwrap());
        let show = |text: &str| {
            let refuse = || {
                shown.fetch_add(1, Ordering::SeqCst);
                Err(KeyServiceError::Unauthenticated)
            };
            once(Path::new("/module"), &token, &pin(text), refuse)
        };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert!(show("wrong").is_err()));
            }
        });
        assert_eq!(shown.load(Ordering::SeqCst), 1);
        assert!(show("another").is_err());
        assert_eq!(shown.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn pin_that_was_not_judged_may_be_shown_again() {
        let token = TokenSerial::new("away").unwrap();
        let away = || Err(KeyServiceError::Busy);
        for _ in 0..2 {
            let told = once(Path::new("/module"), &token, &pin("right"), away);
            assert!(matches!(told, Err(KeyServiceError::Busy)), "{told:?}");
        }
        once(Path::new("/module"), &token, &pin("right"), || Ok(())).unwrap();
    }
}
