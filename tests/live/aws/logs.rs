//! Everything that the SDK and what is below it would log, at their most talkative.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{KeyService as _, KeyServiceError};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::emulator::{Emulator, Kind, context, wait};

/// Writes down every field of every span and event.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<String>>);

struct Pen<'t>(&'t mut String);

impl Visit for Pen<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = writeln!(self.0, "{field}={value:?}");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = writeln!(self.0, "{field}={value}");
    }
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Pen(&mut self.0.lock().unwrap()));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Pen(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Pen(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "no data key is in what the client of AWS KMS and all below it log at their most talkative",
    polarity = deny,
)]
fn no_data_key_is_logged_at_any_level(ev: Ev) -> Proven {
    let everything = Everything::default();
    ev.allows(tracing::subscriber::set_global_default(everything.clone()));
    for kind in [Kind::Moto, Kind::LocalStack] {
        let emulator = Emulator::new(kind);
        let (one, other) = (emulator.create("one").name, emulator.create("other").name);
        let keys = emulator.keys(&[one.clone(), other.clone()]);
        let (dek, stanza) = ev.allows(wait(keys.generate_dek(&one, &context(1))));
        ev.allows(wait(keys.wrap_dek(&other, &dek, &context(1))));
        ev.allows(wait(keys.unwrap_dek(&stanza, &context(1))));
        ev.allows(wait(keys.rewrap_dek(&stanza, &other, &context(1))));
        let refused = wait(keys.unwrap_dek(&stanza, &context(2)));
        ev.denies(refused, |e| matches!(e, KeyServiceError::NotAuthentic));
        let logged = everything.0.lock().unwrap().clone();
        ev.holds("the client logs", logged.contains("amz-sdk-request"));
        let secret = dek.expose_secret();
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let list = format!("{:?}", &secret[..16]);
        for form in [
            STANDARD.encode(secret),
            STANDARD_NO_PAD.encode(&secret[..15]),
            URL_SAFE_NO_PAD.encode(&secret[..15]),
            hex.to_uppercase(),
            hex,
            list.trim_matches(['[', ']']).to_owned(),
        ] {
            ev.holds("a data key is not in the log", !logged.contains(&form));
        }
    }
    ev.proven()
}
