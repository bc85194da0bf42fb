//! With which credentials the bucket is asked.

use std::fmt;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use zeroize::Zeroizing;

/// What of the environment is read: who we are. Not where the server is, nor whether requests are signed; a forgotten
/// variable must not move the log's anchor elsewhere.
const VARIABLES: [(&str, AmazonS3ConfigKey); 9] = [
    ("AWS_ACCESS_KEY_ID", AmazonS3ConfigKey::AccessKeyId),
    ("AWS_SECRET_ACCESS_KEY", AmazonS3ConfigKey::SecretAccessKey),
    ("AWS_SESSION_TOKEN", AmazonS3ConfigKey::Token),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", AmazonS3ConfigKey::WebIdentityTokenFile),
    ("AWS_ROLE_ARN", AmazonS3ConfigKey::RoleArn),
    ("AWS_ROLE_SESSION_NAME", AmazonS3ConfigKey::RoleSessionName),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", AmazonS3ConfigKey::ContainerCredentialsRelativeUri),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", AmazonS3ConfigKey::ContainerCredentialsFullUri),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", AmazonS3ConfigKey::ContainerAuthorizationTokenFile),
];

/// Where credentials come from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum S3Access {
    /// From the variables of AWS, or what the machine or container is given.
    Environment,
    /// These.
    Keys(S3Keys),
}

/// An access key. The secret is erased on drop and never shown.
#[derive(Clone)]
pub struct S3Keys {
    id: String,
    secret: Zeroizing<String>,
}

impl S3Keys {
    /// Takes a key over.
    #[must_use]
    pub fn new(id: String, secret: String) -> Self {
        Self { id, secret: Zeroizing::new(secret) }
    }
}

impl S3Access {
    pub(super) fn give(&self, builder: AmazonS3Builder) -> AmazonS3Builder {
        match self {
            Self::Keys(S3Keys { id, secret }) => {
                builder.with_access_key_id(id.as_str()).with_secret_access_key(secret.as_str())
            }
            Self::Environment => VARIABLES.into_iter().fold(builder, |builder, (name, key)| {
                match std::env::var(name) {
                    Ok(value) => builder.with_config(key, value),
                    Err(_) => builder,
                }
            }),
        }
    }
}

impl fmt::Debug for S3Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("S3Keys(redacted)")
    }
}
