//! AWS KMS as a key service: keys are named by ARN, data keys are bound to their package through the encryption
//! context, and every request names the key it is meant for.
//!
//! Aliases and key ids are resolved once, when [`AwsKeys`] is made; what a package names is used only if it is one of
//! the keys that were resolved then. Nothing is sent twice: the SDK's own retries are off, so that a retry is always
//! the caller's, who sees it.
//!
//! All calls must be awaited inside a tokio runtime with its time and network drivers on, and a connection in one that
//! lives as long as the connection; outside of any runtime they fail with
//! [`KeyServiceError::NoRuntime`](crate::KeyServiceError::NoRuntime). The feature needs Rust 1.94.1, more than the
//! crate without it.
//!
//! A data key arrives inside a TLS record, an HTTP body and a JSON string. The bytes decoded from them are moved and
//! erased; the SDK's buffers before that are freed without being erased, and cannot be reached from here.

mod admin;
mod arn;
mod bootstrap;
mod connection;
mod context;
mod error;
mod facts;
mod limit;
mod pins;
mod service;
mod settings;

pub use self::admin::{AwsAdmin, AwsKeyScope, AwsNewKey};
pub use self::arn::KeyArn;
pub use self::bootstrap::{
    AwsBootstrap, AwsBootstrapError, AwsDatasets, AwsPolicies, AwsPrincipals,
};
pub use self::connection::AwsConnection;
pub use self::facts::{AwsKeyFacts, AwsKeyOrigin};
pub use self::pins::AwsKeyError;
pub use self::service::AwsKeys;
pub use self::settings::{
    AwsAccessKey, AwsAddress, AwsCredentials, AwsOpenError, AwsPatience, AwsRoots, AwsSettings,
};
