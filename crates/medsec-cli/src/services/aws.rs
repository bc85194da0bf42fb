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
    let named = names(&keys);
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

/// ARNs name their keys; what an alias or an id means only KMS knows.
fn names(keys: &[KeyName]) -> Named {
    let arns: Option<Vec<KeyArn>> = keys.iter().map(|key| key.as_str().parse().ok()).collect();
    Box::new(move |key| {
        let text = str::from_utf8(key.as_bytes()).unwrap_or_default();
        let Some(found) = text.parse::<KeyArn>().ok() else { return false };
        let is = |arn: &KeyArn| *arn == found || arn.shares_material_with(&found);
        key.kind() == StanzaKind::AwsKms && arns.as_ref().is_none_or(|arns| arns.iter().any(is))
    })
}

async fn pinned(settings: AwsSettings, keys: Vec<KeyName>) -> Result<AwsKeys, KeyServiceError> {
    let connection = AwsConnection::open(settings).await.map_err(|error| match error {
        AwsOpenError::NoRuntime => KeyServiceError::NoRuntime,
        AwsOpenError::NoRegion | AwsOpenError::Region => {
            KeyServiceError::Unacceptable { field: "region" }
        }
        AwsOpenError::Roots => KeyServiceError::Unacceptable { field: "file of roots" },
        _ => KeyServiceError::Unacceptable { field: "environment: it has data keys logged" },
    })?;
    AwsKeys::pin(connection, &keys).await.map_err(|error| error.source)
}
