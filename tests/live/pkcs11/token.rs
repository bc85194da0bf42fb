//! Tokens of this process. SoftHSM2 reads its settings once and keeps tokens below the working folder, so the process
//! moves into a folder of its own before the module is loaded.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use medsec_kms::{KeyName, KeyServiceError, Pkcs11Admin, Pkcs11Keys, Pkcs11Settings};
use medsec_kms::{SystemClock, TokenPin, TokenSerial};
use pollster::block_on;
use tempfile::TempDir;

use crate::support::variable;

/// PINs that no text holds by chance.
pub(crate) const PIN: &str = "pin-4711-of-the-user";
const SO_PIN: &str = "pin-0815-of-the-officer";

/// The module's path. The process is in its own folder from here on.
pub(crate) fn module() -> PathBuf {
    static HOME: OnceLock<TempDir> = OnceLock::new();
    HOME.get_or_init(|| {
        let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        std::fs::create_dir(home.path().join("tokens")).unwrap();
        std::env::set_current_dir(home.path()).unwrap();
        assert!(variable("SOFTHSM2_CONF").starts_with('/'), "relative to a folder that is left");
        home
    });
    variable("MEDSEC_LIVE_PKCS11").into()
}

/// The module as the test itself uses it, beside the services.
pub(crate) fn raw() -> Pkcs11 {
    let module = Pkcs11::new(module()).unwrap();
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => module,
        Err(error) => panic!("{error}"),
    }
}

/// A token with a user, and nothing on it.
#[derive(Clone, Debug)]
pub(crate) struct Token(pub(crate) TokenSerial);

impl Token {
    pub(crate) fn new() -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let module = raw();
        let empty = |slot: &cryptoki::slot::Slot| {
            !module.get_token_info(*slot).unwrap().token_initialized()
        };
        let slot = module.get_slots_with_token().unwrap().into_iter().find(empty).unwrap();
        let officer = AuthPin::new(SO_PIN.into());
        let before = serials(&module);
        module.init_token(slot, &officer, "medsec").unwrap();
        let serial = serials(&module).into_iter().find(|serial| !before.contains(serial)).unwrap();
        let token = Self(TokenSerial::new(&serial).unwrap());
        let session = module.open_rw_session(token.slot(&module)).unwrap();
        session.login(UserType::So, Some(&officer)).unwrap();
        session.init_pin(&AuthPin::new(PIN.into())).unwrap();
        session.logout().unwrap();
        token
    }

    /// Whether the token has counted a wrong PIN since the last right one.
    pub(crate) fn is_pin_count_low(&self) -> bool {
        let module = raw();
        // A login of this process would be used instead of the PIN that is shown.
        let _out = module.open_ro_session(self.slot(&module)).unwrap().logout();
        module.get_token_info(self.slot(&module)).unwrap().user_pin_count_low()
    }

    /// The token is gone until what this gives is dropped: SoftHSM2 keeps each in a folder, which its serial number ends.
    pub(crate) fn pull_out(&self) -> PulledOut {
        let tokens = std::env::current_dir().unwrap().join("tokens");
        let is_own = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.replace('-', "").ends_with(self.0.as_str())
        };
        let folders = std::fs::read_dir(&tokens).unwrap().map(|entry| entry.unwrap().path());
        let place = folders.into_iter().find(is_own).unwrap();
        let away = tokens.parent().unwrap().join(self.0.as_str());
        std::fs::rename(&place, &away).unwrap();
        // Read again when the module is started again.
        raw().finalize().unwrap();
        PulledOut { place, away }
    }

    pub(crate) fn slot(&self, module: &Pkcs11) -> cryptoki::slot::Slot {
        let own = |slot: &cryptoki::slot::Slot| {
            module.get_token_info(*slot).unwrap().serial_number() == self.0.as_str()
        };
        module.get_slots_with_token().unwrap().into_iter().find(own).unwrap()
    }

    /// A session of the test's own, logged in as the user.
    pub(crate) fn session(&self) -> Session {
        let module = raw();
        let session = module.open_rw_session(self.slot(&module)).unwrap();
        match session.login(UserType::User, Some(&AuthPin::new(PIN.into()))) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => session,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn settings(&self) -> Pkcs11Settings {
        self.settings_with(PIN)
    }

    pub(crate) fn settings_with(&self, pin: &str) -> Pkcs11Settings {
        Pkcs11Settings {
            module: module(),
            token: self.0.clone(),
            pin: TokenPin::take_from(&mut pin.as_bytes().to_vec()).unwrap(),
            sessions: NonZeroUsize::new(4).unwrap(),
        }
    }

    pub(crate) fn admin(&self) -> Pkcs11Admin<SystemClock> {
        block_on(Pkcs11Admin::open(self.settings(), SystemClock)).unwrap()
    }

    pub(crate) fn try_keys(&self, names: &[&str]) -> Result<Pkcs11Keys, KeyServiceError> {
        block_on(Pkcs11Keys::open(self.settings(), names.iter().map(|text| name(text))))
    }

    #[track_caller]
    pub(crate) fn keys(&self, names: &[&str]) -> Pkcs11Keys {
        self.try_keys(names).unwrap()
    }
}

/// A token that is not there.
#[derive(Debug)]
pub(crate) struct PulledOut {
    place: PathBuf,
    away: PathBuf,
}

impl Drop for PulledOut {
    fn drop(&mut self) {
        std::fs::rename(&self.away, &self.place).unwrap();
        raw().finalize().unwrap();
    }
}

/// Whether the module is in use.
pub(crate) fn is_started() -> bool {
    let module = Pkcs11::new(module()).unwrap();
    !matches!(module.get_slots_with_token(), Err(Error::Pkcs11(RvError::CryptokiNotInitialized, _)))
}

fn serials(module: &Pkcs11) -> Vec<String> {
    let slots = module.get_slots_with_token().unwrap().into_iter();
    let told = slots.map(|slot| module.get_token_info(slot).unwrap());
    told.filter(cryptoki::slot::TokenInfo::token_initialized)
        .map(|told| told.serial_number().to_owned())
        .collect()
}

pub(crate) fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}
