//! Whatever happens below, an answer that comes through is the service's own, and an error is one that the service gave
//! or one of the decorators'.

use std::mem::discriminant;

use medsec_crypto::Dek;
use medsec_kms::{Guards, KeyService as _, KeyServiceError};
use medsec_testkit::Turn;
use pollster::block_on;
use proptest::prelude::*;

use super::{DOWN, FORGED, Stage, THROTTLED, context};
use crate::support::key;

const KINDS: [Turn; 6] =
    [Turn::Answer, DOWN, FORGED, THROTTLED, Turn::Hang, Turn::Fail(|| KeyServiceError::Disabled)];

proptest! {
    #[test]
    fn decorators_change_no_answer(script in prop::collection::vec(0..KINDS.len(), 0..12)) {
        let turns: Vec<Turn> = script.iter().map(|at| KINDS[*at]).collect();
        let stage = Stage::new([]);
        let (dek, stanza) = block_on(stage.keys.generate_dek(&key("mri"), &context())).unwrap();
        let scripted = medsec_testkit::ScriptedKeys::new(stage.keys(), turns.clone());
        let service = Guards::default().around(std::sync::Arc::new(scripted), &stage.timer());
        for _ in 0..4 {
            check(block_on(service.unwrap_dek(&stanza, &context())), &dek, &turns)?;
        }
    }
}

fn check(
    answer: Result<Dek, KeyServiceError>,
    dek: &Dek,
    turns: &[Turn],
) -> Result<(), TestCaseError> {
    let error = match answer {
        Ok(found) => {
            prop_assert!(found.expose_secret() == dek.expose_secret());
            return Ok(());
        }
        Err(error) => error,
    };
    let scripted = turns.iter().any(|turn| match turn {
        Turn::Fail(made) => discriminant(&made()) == discriminant(&error),
        Turn::Hang => matches!(error, KeyServiceError::TimedOut),
        Turn::Answer => false,
    });
    prop_assert!(scripted || matches!(error, KeyServiceError::Suspended { .. }), "{:?}", error);
    Ok(())
}
