//! What every request says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::DatasetId;
use medsec_kms::KeyService as _;

use super::emulator::{Emulator, Kind, context, plain_url, wait};

#[test]
fn every_request_names_its_keys_and_its_whole_context() {
    let emulator = Emulator::new(Kind::Moto);
    let (one, other) = (emulator.create("one").name, emulator.create("other").name);
    let proxy = emulator.proxy();
    let keys = emulator.keys_through(&plain_url(&proxy), &[one.clone(), other.clone()]);
    proxy.recording().clear();
    let mut context = context(9);
    context.dataset = Some(DatasetId::new("mri-2026").unwrap());
    let (dek, stanza) = wait(keys.generate_dek(&one, &context)).unwrap();
    wait(keys.wrap_dek(&other, &dek, &context)).unwrap();
    wait(keys.unwrap_dek(&stanza, &context)).unwrap();
    wait(keys.rewrap_dek(&stanza, &other, &context)).unwrap();

    let pairs = |name: &str| {
        format!(
            "\"{name}\":{{\"medsec:bind\":\"{}\",\"medsec:dataset\":\"mri-2026\"}}",
            STANDARD.encode([9; 32])
        )
    };
    let key = |member: &str, key: &str| format!("\"{member}\":\"{key}\"");
    let (one, other) = (one.as_str(), other.as_str());
    let wanted = [
        ("GenerateDataKey", vec![key("KeyId", one), pairs("EncryptionContext")]),
        ("Encrypt", vec![key("KeyId", other), pairs("EncryptionContext")]),
        ("Decrypt", vec![key("KeyId", one), pairs("EncryptionContext")]),
        (
            "ReEncrypt",
            vec![
                key("SourceKeyId", one),
                key("DestinationKeyId", other),
                pairs("SourceEncryptionContext"),
                pairs("DestinationEncryptionContext"),
            ],
        ),
    ];
    let exchanges = proxy.recording().exchanges();
    assert_eq!(exchanges.len(), wanted.len(), "nothing is asked twice");
    for (exchange, (action, parts)) in exchanges.iter().zip(wanted) {
        let target = exchange.request.header("x-amz-target").unwrap();
        assert_eq!(target, format!("TrentService.{action}"));
        let body = sorted(&exchange.request.body);
        for part in parts {
            assert!(body.contains(&part), "{action} has no {part}: {body}");
        }
    }
}

/// The body with its members in order of their names: the SDK writes maps as they come.
fn sorted(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap();
    let members = value.as_object().unwrap().iter().map(|(name, value)| match value.as_object() {
        Some(pairs) => {
            let sorted: std::collections::BTreeMap<_, _> = pairs.iter().collect();
            format!("\"{name}\":{}", serde_json::to_string(&sorted).unwrap())
        }
        None => format!("\"{name}\":{value}"),
    });
    members.collect::<Vec<_>>().join(",")
}
