//! What is wrong with a connection, found in the errors of whichever client made it.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError};

use crate::service::ConnectionFault;

/// Longest chain of causes that is followed.
const MAX_DEPTH: usize = 32;

/// The fault of TLS among the causes of an error, if that is what it is.
pub(crate) fn connection_fault(error: &(dyn Error + 'static)) -> Option<ConnectionFault> {
    let mut next = Some(error);
    for _ in 0..MAX_DEPTH {
        let cause = next?;
        if let Some(fault) = cause.downcast_ref::<rustls::Error>().and_then(of_tls) {
            return Some(fault);
        }
        // An input or output error hides what it holds from `source`: that is the source of what it holds.
        next = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held),
            None => cause.source(),
        };
    }
    None
}

fn of_tls(error: &rustls::Error) -> Option<ConnectionFault> {
    use rustls::Error as E;
    match error {
        E::InvalidCertificate(certificate) => Some(of_certificate(certificate)),
        E::NoCertificatesPresented => Some(ConnectionFault::Certificate),
        E::PeerIncompatible(_) => Some(ConnectionFault::Version),
        E::AlertReceived(alert) => of_alert(*alert),
        E::InvalidMessage(_)
        | E::InappropriateMessage { .. }
        | E::InappropriateHandshakeMessage { .. }
        | E::DecryptError
        | E::PeerMisbehaved(_)
        | E::PeerSentOversizedRecord => Some(ConnectionFault::Altered),
        _ => None,
    }
}

fn of_certificate(error: &CertificateError) -> ConnectionFault {
    use CertificateError as C;
    match error {
        C::NotValidForName | C::NotValidForNameContext { .. } => ConnectionFault::HostName,
        C::UnknownIssuer => ConnectionFault::UnknownIssuer,
        C::Expired | C::ExpiredContext { .. } => ConnectionFault::Expired,
        C::NotValidYet | C::NotValidYetContext { .. } => ConnectionFault::NotYetValid,
        _ => ConnectionFault::Certificate,
    }
}

fn of_alert(alert: AlertDescription) -> Option<ConnectionFault> {
    use AlertDescription as A;
    match alert {
        A::ProtocolVersion | A::HandshakeFailure | A::InsufficientSecurity => {
            Some(ConnectionFault::Version)
        }
        A::BadRecordMac | A::DecryptError | A::DecodeError | A::RecordOverflow => {
            Some(ConnectionFault::Altered)
        }
        A::CertificateRequired
        | A::BadCertificate
        | A::UnknownCA
        | A::CertificateExpired
        | A::CertificateUnknown
        | A::AccessDenied => Some(ConnectionFault::ClientCertificate),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(error: rustls::Error) -> io::Error {
        io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error))
    }

    #[test]
    fn fault_is_found_however_deep_it_is_wrapped() {
        let cases = [
            (CertificateError::NotValidForName, ConnectionFault::HostName),
            (CertificateError::UnknownIssuer, ConnectionFault::UnknownIssuer),
            (CertificateError::Expired, ConnectionFault::Expired),
            (CertificateError::NotValidYet, ConnectionFault::NotYetValid),
            (CertificateError::BadSignature, ConnectionFault::Certificate),
        ];
        for (error, fault) in cases {
            let error = wrapped(rustls::Error::InvalidCertificate(error));
            assert_eq!(connection_fault(&error), Some(fault));
        }
        let altered = wrapped(rustls::Error::DecryptError);
        assert_eq!(connection_fault(&altered), Some(ConnectionFault::Altered));
    }

    #[test]
    fn connection_that_only_broke_is_no_fault() {
        let closed = wrapped(rustls::Error::AlertReceived(AlertDescription::CloseNotify));
        assert_eq!(connection_fault(&closed), None);
        assert_eq!(connection_fault(&io::Error::from(io::ErrorKind::ConnectionReset)), None);
    }
}
