use super::*;
use proptest::prelude::*;

/// Records in every phase, with each scope.
fn records() -> Vec<EmergencyRecord> {
    let clock = ManualClock::new();
    let patient = Scope::Patient { pseudonym: pseudonym("hmac:1a/+="), dataset: dataset("ct") };
    let mut all = Vec::new();
    for scope in [Scope::Dataset(dataset("mri-2026")), patient] {
        let mut emergency = claim(|c| c.scope = scope, &clock).unwrap();
        all.push(emergency.record().clone());
        emergency.took_part(&PrincipalId::new("ben").unwrap()).unwrap();
        clock.pass(Duration::from_secs(5));
        emergency.check(&clock).unwrap();
        all.push(emergency.record().clone());
        emergency.revoke(&clock).unwrap();
        all.push(emergency.record().clone());
        emergency.review(&person("eve"), ReviewOutcome::NotJustified, &clock).unwrap();
        all.push(emergency.record().clone());
    }
    all
}

#[test]
fn record_in_another_form_is_refused() {
    for record in records() {
        let text = record.render();
        let compact: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (altered, error) in [
            (text.replace("\"version\": 1", "\"version\": 2"), RecordError::Malformed),
            (text.replace("  \"id\"", "  \"note\": 1,\n  \"id\""), RecordError::Malformed),
            (text.replace("\"reason\": \"p", "\"reason\": \"x"), RecordError::Malformed),
            (text.replace("\"initiator\": \"ada\"", "\"initiator\": \"\""), RecordError::Malformed),
            (compact.to_string(), RecordError::NotCanonical),
            (format!("{text}\n"), RecordError::NotCanonical),
            (text.replace('\n', "\r\n"), RecordError::NotCanonical),
            (" ".repeat(EmergencyRecord::MAX_LEN) + &text, RecordError::TooLong),
        ] {
            assert_eq!(EmergencyRecord::parse(altered.as_bytes()), Err(error));
        }
    }
}

#[test]
fn every_truncated_record_is_refused() {
    for record in records() {
        let text = record.render();
        for len in 0..text.len() {
            assert!(EmergencyRecord::parse(&text.as_bytes()[..len]).is_err());
        }
    }
}

#[test]
fn record_that_contradicts_itself_is_refused() {
    let reviewed = records().remove(3);
    let refused = |change: &dyn Fn(&mut EmergencyRecord)| {
        let mut record = reviewed.clone();
        change(&mut record);
        let parsed = EmergencyRecord::parse(record.render().as_bytes());
        assert_eq!(parsed, Err(RecordError::Inconsistent));
    };
    refused(&|record| record.until = record.opened_at);
    refused(&|record| record.seen_at = 0);
    refused(&|record| record.participants = vec![person("zoe").id, person("ben").id]);
    refused(&|record| record.participants = vec![person("ben").id, person("ben").id]);
    refused(&|record| record.initiator = person("Eve").id);
    refused(&|record| record.participants = vec![person("EVE").id]);
    for at in [0, u64::MAX] {
        let phase = EmergencyPhase::Ended { how: EmergencyEnd::Expired, at };
        refused(&|record| record.phase = phase.clone());
    }
    refused(&|record| {
        if let EmergencyPhase::Reviewed { review, .. } = &mut record.phase {
            review.at = 0;
        }
    });
}

#[test]
fn review_without_an_end_is_refused() {
    let reviewed = records().remove(3).render();
    let (before, rest) = reviewed.split_once("  \"ended\"").unwrap();
    let (_, review) = rest.split_once("},\n").unwrap();
    let altered = format!("{before}{review}");
    assert_eq!(EmergencyRecord::parse(altered.as_bytes()), Err(RecordError::Malformed));
}

#[test]
fn every_record_parses_back() {
    for record in records() {
        assert_eq!(EmergencyRecord::parse(record.render().as_bytes()), Ok(record));
    }
}

#[test]
fn record_holds_no_text_of_the_reason() {
    assert!(records().iter().all(|record| !record.render().contains("unconscious")));
}

proptest! {
    #[test]
    fn any_altered_record_has_one_form(at in 0_usize..400, byte in any::<u8>(), which in 0_usize..8) {
        let mut text = records().remove(which).render().into_bytes();
        let at = at % text.len();
        text[at] = byte;
        if let Ok(record) = EmergencyRecord::parse(&text) {
            prop_assert_eq!(record.render().into_bytes(), text);
        }
    }
}
