//! Emergency access and emergency keys through the program. Each command is a process of its own.

mod access;
pub(crate) mod clinic;
mod followed;
mod key;
mod limits;
mod recovery;
