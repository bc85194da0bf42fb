//! What key services on a network share: whom they may talk to, and what is wrong where they cannot.

mod address;
mod fault;

pub use self::address::{InvalidAddress, ServiceAddress};
pub(crate) use self::fault::connection_fault;
