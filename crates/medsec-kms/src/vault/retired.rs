//! Versions that open nothing any more: those below the minimum, and those that were destroyed.

use medsec_crypto::Stanza;

use super::keys::VaultKeys;
use super::wrapped;
use crate::name::KeyName;
use crate::service::KeyServiceError;

impl VaultKeys {
    /// The server says the same of a version below its minimum and of one that was destroyed. What it says of the key
    /// tells them apart; it is asked once, and only if there is one of them.
    pub(super) async fn explained<'s, T>(
        &self,
        mut results: Vec<Result<T, KeyServiceError>>,
        key: &KeyName,
        stanzas: impl IntoIterator<Item = &'s Stanza>,
    ) -> Vec<Result<T, KeyServiceError>> {
        let is_retired =
            |result: &Result<T, _>| matches!(result, Err(KeyServiceError::VersionRetired));
        if !results.iter().any(is_retired) {
            return results;
        }
        // Who may not look still knows as much as the server has told.
        let Ok(facts) = self.link.key(key).await else { return results };
        for (result, stanza) in results.iter_mut().zip(stanzas) {
            let version = wrapped::version(stanza.wrapped());
            if is_retired(result) && version.is_some_and(|it| it < facts.min_available_version) {
                *result = Err(KeyServiceError::Destroyed);
            }
        }
        results
    }
}
