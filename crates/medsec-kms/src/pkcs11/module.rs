//! The modules of this process. Each is loaded once, whoever asks, and stays until the process ends: finalising it would
//! end the sessions of everybody else in the process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::slot::Slot;

use super::fault::General;
use super::settings::TokenSerial;
use crate::service::TokenFault;

static MODULES: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

/// The module of that path, ready to use.
pub(super) fn load(path: &Path) -> Result<Pkcs11, TokenFault> {
    // A bare name would be looked for wherever the system looks for libraries.
    let path = Some(path).filter(|path| path.is_absolute()).ok_or(TokenFault::Module)?;
    let path = path.canonicalize().map_err(|_| TokenFault::Module)?;
    let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    let module = match modules.get(&path) {
        Some(module) => module.clone(),
        None => Pkcs11::new(&path).map_err(|_| TokenFault::Module)?,
    };
    // Also of one that is known: another part of the process may have finalised it.
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // Another part of the process was first, which is as good.
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(_) => return Err(TokenFault::Start),
    }
    modules.insert(path, module.clone());
    Ok(module)
}

/// What its general error means while it unwraps. One that cannot be asked is not SoftHSM.
pub(super) fn general_of(module: &Pkcs11) -> General {
    let told = module.get_library_info();
    match told.is_ok_and(|told| told.manufacturer_id().trim() == "SoftHSM") {
        true => General::WrongTag,
        false => General::Failure,
    }
}

/// The slot that holds the token now.
pub(super) fn slot_of(module: &Pkcs11, token: &TokenSerial) -> Result<Slot, TokenFault> {
    let slots = module.get_slots_with_token().map_err(|_| TokenFault::Failed)?;
    // One that cannot be asked is not the one.
    let holds = |slot: &Slot| {
        let told = module.get_token_info(*slot).ok().filter(|told| told.token_initialized());
        told.is_some_and(|told| told.serial_number() == token.as_str())
    };
    let mut found = slots.into_iter().filter(holds);
    let slot = found.next().ok_or(TokenFault::Missing)?;
    found.next().map_or(Ok(slot), |_| Err(TokenFault::Twice))
}
