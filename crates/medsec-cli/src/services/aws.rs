//! AWS KMS.

use std::sync::Arc;
use std::time::Duration;

use medsec_crypto::StanzaKind;
use medsec_kms::{
    AwsAddress, AwsConnection, AwsCredentials, AwsKeys, AwsOpenError, AwsPatience, AwsRoots,
    AwsSettings, KeyArn, KeyName, KeyService, KeyServiceError,
};

use super::lazy::{Named, Opening};
use super::runtime::{OnRuntime, inside, runtime};
use super::{address_of, certificates, named};
use crate::failure::Failure;
use crate::settings::AwsSection;

pub(super) fn opening(section: &AwsSection) -> Result<(Named, Opening), Failure> {
    let keys = named(&section.name, &section.keys)?;
    let endpoint = section.endpoint.as_deref();
    let endpoint =
        endpoint.map(|text| address_of(&section.name, text, section.plain_loopback)).transpose()?;
    let roots = section.roots.clone();
    let (region, patience) = (section.region.clone(), section.patience_seconds);
    let named = names(&keys, region.clone());
    let opening: Opening = Box::new(move || {
        let roots = roots.as_deref().map(certificates).transpose();
        let settings = roots.map(|roots| AwsSettings {
            region: region.clone(),
            address: endpoint.clone().map_or(AwsAddress::Regional, AwsAddress::At),
            credentials: AwsCredentials::DefaultChain,
            roots: roots.map_or(AwsRoots::System, AwsRoots::Only),
            patience: AwsPatience::with_call(Duration::from_secs(patience.0)),
        });
        let keys = keys.clone();
        Box::pin(async move {
            let settings = settings?;
            let runtime = runtime().map_err(KeyServiceError::Unavailable)?;
            let service = inside(runtime, pinned(settings, keys)).await?;
            Ok(Arc::new(OnRuntime::new(service, runtime)) as Arc<dyn KeyService>)
        })
    });
    Ok((named, opening))
}

/// ARNs name their keys. What an alias or an id means only KMS knows: a key of the section's region, in the account that an
/// alias' own ARN says, or a replica of one.
fn names(keys: &[KeyName], region: Option<String>) -> Named {
    let keys: Vec<Listed> = keys.iter().map(|key| Listed::of(key.as_str())).collect();
    Box::new(move |key| {
        let text = str::from_utf8(key.as_bytes()).unwrap_or_default();
        let Some(found) = text.parse::<KeyArn>().ok() else { return false };
        key.kind() == StanzaKind::AwsKms
            && keys.iter().any(|key| key.may_be(&found, region.as_deref()))
    })
}

/// A key as the settings name it.
enum Listed {
    Key(KeyArn),
    Alias { account: Option<String> },
}

impl Listed {
    fn of(text: &str) -> Self {
        if let Ok(arn) = text.parse() {
            return Self::Key(arn);
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", _, "kms", _, account, _] => {
                Self::Alias { account: Some((*account).to_owned()) }
            }
            _ => Self::Alias { account: None },
        }
    }

    fn may_be(&self, found: &KeyArn, region: Option<&str>) -> bool {
        match self {
            Self::Key(arn) => arn.shares_material_with(found),
            Self::Alias { account } => {
                let near = region.is_none_or(|region| region == found.region());
                (near || found.is_multi_region())
                    && account.as_deref().is_none_or(|account| account == found.account())
            }
        }
    }
}

async fn pinned(settings: AwsSettings, keys: Vec<KeyName>) -> Result<AwsKeys, KeyServiceError> {
    let connection = AwsConnection::open(settings).await.map_err(|error| match error {
        AwsOpenError::NoRuntime => KeyServiceError::NoRuntime,
        AwsOpenError::NoRegion | AwsOpenError::Region => {
            KeyServiceError::Unacceptable { field: "region" }
        }
        AwsOpenError::Roots => KeyServiceError::Unacceptable { field: "file of roots" },
        AwsOpenError::RootsOfEnvironment => KeyServiceError::Unacceptable {
            field: "environment: SSL_CERT_FILE or SSL_CERT_DIR; `roots` says whom to trust",
        },
        _ => KeyServiceError::Unacceptable { field: "environment: it has data keys logged" },
    })?;
    // A key that is missing takes none of the others away: a call that names it says so.
    AwsKeys::pin_usable(connection, &keys).await.map_err(|error| error.source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use medsec_crypto::KeyRef;

    const KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/0a";

    fn may_be(listed: &str, region: Option<&str>, key: &str) -> bool {
        let named = names(&[KeyName::new(listed).unwrap()], region.map(str::to_owned));
        named(&KeyRef::new(StanzaKind::AwsKms, key.as_bytes()).unwrap())
    }

    #[test]
    fn alias_claims_keys_of_its_region_alone() {
        let region = Some("eu-central-1");
        assert!(may_be("alias/a", region, KEY) && may_be("alias/a", None, KEY));
        assert!(!may_be("alias/a", Some("eu-west-1"), KEY));
        let replica = KEY.replace("key/0a", "key/mrk-0a");
        assert!(may_be("alias/a", Some("eu-west-1"), &replica));
        let alias = "arn:aws:kms:eu-central-1:999999999999:alias/a";
        assert!(!may_be(alias, region, KEY) && !may_be(alias, region, &replica));
        assert!(may_be(&alias.replace("999999999999", "123456789012"), region, KEY));
    }

    #[test]
    fn key_claims_itself_and_its_replicas() {
        assert!(may_be(KEY, None, KEY) && !may_be(KEY, None, &KEY.replace("0a", "0b")));
        assert!(!may_be(KEY, None, &KEY.replace("central-1", "west-1")));
        let replica = KEY.replace("key/0a", "key/mrk-0a");
        assert!(may_be(&replica, None, &replica.replace("central-1", "west-1")));
        let of_another_kind = KeyRef::new(StanzaKind::HpkeX25519, &[9; 32]).unwrap();
        assert!(!names(&[KeyName::new(KEY).unwrap()], None)(&of_another_kind));
    }
}
