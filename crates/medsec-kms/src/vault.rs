//! Transit keys of Vault and OpenBao as a key service.
//!
//! [`VaultKeys`] uses the keys it was made with and no others, [`VaultAdmin`] makes and changes them, and
//! [`BootstrapPlan`] sets up what both need. All of them need a tokio runtime around their calls, and always the
//! same one: connections are kept open between calls.
//!
//! A data key is bound by key derivation: a transit key made with `derived` mixes the `context` of each call into
//! its key. A key that is not `derived` silently ignores the context, so such keys are refused; see
//! [`VaultKeys::open`]. The client is a small one over `reqwest`, with types of our own: nothing of the process's
//! environment (`VAULT_ADDR`, `VAULT_TOKEN`, `VAULT_SKIP_VERIFY`, proxies…) is read, no redirect is followed, every
//! answer has a limit, and tokens and data keys are erased after use.
//!
//! The interface is that of <https://openbao.org/api-docs/secret/transit/>.

mod admin;
mod batch;
mod bootstrap;
mod calls;
mod fault;
mod keys;
mod link;
mod login;
mod place;
mod refusals;
mod reply;
mod retired;
mod secret;
mod session;
mod settings;
mod suitability;
mod wire;
mod wrapped;

#[cfg(test)]
mod tests;

pub use self::admin::VaultAdmin;
pub use self::bootstrap::{BootstrapError, BootstrapPlan, BootstrapSpec, BootstrapStep};
pub use self::keys::VaultKeys;
pub use self::link::VaultHealth;
pub use self::login::VaultLogin;
pub use self::place::VaultPlace;
pub use self::secret::SecretText;
pub use self::settings::{Patience, VaultIdentity, VaultSettings};
