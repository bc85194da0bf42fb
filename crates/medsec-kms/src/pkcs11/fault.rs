//! What the return values of a module mean here.

use cryptoki::error::{Error, RvError};

use crate::service::{KeyServiceError, TokenFault};

/// Why a piece of work on a token was not done.
#[derive(Debug)]
pub(super) enum Fault {
    /// The module said so.
    Module(Error),
    /// It was found out here.
    Told(KeyServiceError),
}

/// What a module's general error means while it unwraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum General {
    /// That it failed, as PKCS#11 says.
    Failure,
    /// That the tag is wrong: SoftHSM has no other word for it.
    WrongTag,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Module(error)
    }
}

impl From<KeyServiceError> for Fault {
    fn from(error: KeyServiceError) -> Self {
        Self::Told(error)
    }
}

impl From<TokenFault> for Fault {
    fn from(fault: TokenFault) -> Self {
        Self::Told(KeyServiceError::Token(fault))
    }
}

impl From<Fault> for KeyServiceError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Told(error) => error,
            Fault::Module(Error::Pkcs11(value, _)) => of_value(value),
            Fault::Module(
                Error::LibraryLoading(_) | Error::MissingSymbol(_) | Error::NullFunctionPointer,
            ) => Self::Token(TokenFault::Module),
            Fault::Module(_) => Self::Answer("a value that PKCS#11 does not have"),
        }
    }
}

impl Fault {
    /// Whether a new session may help.
    pub(super) const fn is_lost_session(&self) -> bool {
        use RvError as R;
        matches!(
            self,
            Self::Module(Error::Pkcs11(
                R::SessionClosed
                    | R::SessionHandleInvalid
                    | R::UserNotLoggedIn
                    | R::CryptokiNotInitialized
                    | R::DeviceRemoved
                    | R::TokenNotPresent
                    | R::SlotIdInvalid,
                _
            ))
        )
    }

    /// As the answer to an unwrap: by what PKCS#11 has for a wrong tag, or what this module says in its place.
    pub(super) fn of_unwrap(error: Error, general: General) -> Self {
        use RvError as R;
        match error {
            Error::Pkcs11(R::GeneralError, _) if general == General::WrongTag => {
                Self::Told(KeyServiceError::NotAuthentic)
            }
            Error::Pkcs11(
                R::WrappedKeyInvalid
                | R::WrappedKeyLenRange
                | R::EncryptedDataInvalid
                | R::EncryptedDataLenRange,
                _,
            ) => Self::Told(KeyServiceError::NotAuthentic),
            other => Self::Module(other),
        }
    }
}

const fn of_value(value: RvError) -> KeyServiceError {
    use KeyServiceError as K;
    use RvError as R;
    match value {
        R::DeviceRemoved | R::TokenNotPresent | R::TokenNotRecognized | R::SlotIdInvalid => {
            K::Token(TokenFault::Removed)
        }
        R::SessionClosed
        | R::SessionHandleInvalid
        | R::UserNotLoggedIn
        | R::CryptokiNotInitialized => K::Token(TokenFault::Session),
        R::PinIncorrect | R::PinInvalid | R::PinLenRange => K::Unauthenticated,
        R::PinLocked => K::Token(TokenFault::PinLocked),
        R::PinExpired | R::UserPinNotInitialized => K::Token(TokenFault::PinExpired),
        R::SessionCount => K::Busy,
        R::DeviceMemory | R::HostMemory => K::Token(TokenFault::Full),
        R::TokenWriteProtected | R::SessionReadOnly => K::Token(TokenFault::ReadOnly),
        R::KeyFunctionNotPermitted => K::Disabled,
        R::MechanismInvalid | R::MechanismParamInvalid => {
            K::Unsuitable("the token does not wrap with CKM_AES_KEY_WRAP_PAD")
        }
        R::KeyHandleInvalid
        | R::ObjectHandleInvalid
        | R::WrappingKeyHandleInvalid
        | R::UnwrappingKeyHandleInvalid => K::NoSuchKey,
        R::ActionProhibited | R::AttributeReadOnly | R::FunctionRejected => K::NotPermitted,
        R::AttributeSensitive => K::Unsuitable("the token does not show what it unwrapped"),
        _ => K::Token(TokenFault::Failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;

    fn told(value: RvError) -> KeyServiceError {
        Fault::Module(Error::Pkcs11(value, Function::UnwrapKey)).into()
    }

    #[test]
    fn each_fault_of_a_token_has_its_own_error() {
        let fault = |value| match told(value) {
            KeyServiceError::Token(fault) => Some(fault),
            _ => None,
        };
        assert_eq!(fault(RvError::DeviceRemoved), Some(TokenFault::Removed));
        assert_eq!(fault(RvError::SessionHandleInvalid), Some(TokenFault::Session));
        assert_eq!(fault(RvError::PinLocked), Some(TokenFault::PinLocked));
        assert_eq!(fault(RvError::UserPinNotInitialized), Some(TokenFault::PinExpired));
        assert_eq!(fault(RvError::DeviceMemory), Some(TokenFault::Full));
        assert_eq!(fault(RvError::TokenWriteProtected), Some(TokenFault::ReadOnly));
        assert_eq!(fault(RvError::DeviceError), Some(TokenFault::Failed));
        assert!(matches!(told(RvError::PinIncorrect), KeyServiceError::Unauthenticated));
        assert!(matches!(told(RvError::KeyFunctionNotPermitted), KeyServiceError::Disabled));
        assert!(matches!(told(RvError::SessionCount), KeyServiceError::Busy));
    }

    #[test]
    fn general_error_is_tampering_only_when_softhsm_unwraps() {
        let error = || Error::Pkcs11(RvError::GeneralError, Function::UnwrapKey);
        let unwrapping = |general| KeyServiceError::from(Fault::of_unwrap(error(), general));
        assert!(matches!(unwrapping(General::WrongTag), KeyServiceError::NotAuthentic));
        let failed = unwrapping(General::Failure);
        assert!(matches!(failed, KeyServiceError::Token(TokenFault::Failed)), "{failed:?}");
        assert!(matches!(told(RvError::GeneralError), KeyServiceError::Token(TokenFault::Failed)));
    }

    #[test]
    fn wrong_pin_is_never_a_lost_session() {
        for value in [RvError::PinIncorrect, RvError::PinLocked, RvError::PinExpired] {
            let fault = Fault::Module(Error::Pkcs11(value, Function::Login));
            assert!(!fault.is_lost_session());
        }
    }
}
