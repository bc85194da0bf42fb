//! What a service tells of its keys.

use medsec_kms::{KeyServiceError, KeySpec, KeyState};

use super::{KeyServiceHarness, create, generate, key};

/// A name is given once.
pub async fn create_refuses_a_name_twice(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    let (_, stanza) = generate(harness, &key).await;
    let spec = KeySpec { name: key.clone(), max_age_days: None };
    let refused = harness.admin().create_key(&spec).await;
    assert!(matches!(refused, Err(KeyServiceError::KeyExists)), "{refused:?}");
    assert!(super::unwrap_dek(harness, &stanza).await.is_ok());
}

/// The description is that of the key as it is.
pub async fn description_follows_the_key(harness: &dyn KeyServiceHarness) {
    let made = create(harness, "ct", Some(90)).await;
    assert_eq!(made.state, KeyState::Enabled);
    assert_eq!(harness.service().describe_key(&made.name).await.unwrap(), made);
    if let (Some(rotated), Some(due)) = (made.rotated, made.rotation_due) {
        assert_eq!(rotated.plus_days(90), due);
        assert!(!made.is_overdue(due.timestamp()));
        assert!(made.is_overdue(due.plus_days(1).timestamp()));
    }
    let rotated = harness.admin().rotate_key(&made.name).await.unwrap();
    assert_eq!(rotated.created, made.created);
    assert!(rotated.rotated >= made.rotated && rotated.version >= made.version);
    assert_eq!(harness.service().describe_key(&made.name).await.unwrap(), rotated);
}

/// The list has every key once, by name.
pub async fn list_names_every_key(harness: &dyn KeyServiceHarness) {
    let mut made = Vec::new();
    for name in ["mri", "ct", "us"] {
        made.push(create(harness, name, None).await);
    }
    made.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(harness.admin().list_keys().await.unwrap(), made);
}
