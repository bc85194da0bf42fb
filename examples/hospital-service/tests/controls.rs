//! What the service does for 45 CFR 164.312.

use std::time::Duration;

use hospital_service::{IDLE, Letters, Refused, Session};
use medsec_evidence::{Ev, Proven, evidence};

fn letters() -> Letters {
    let mut letters = Letters::default();
    letters.put(7, "cardiology", "go home");
    letters
}

fn session(ward: &str, idle: Duration) -> Session {
    Session { user: "ada".to_owned(), ward: ward.to_owned(), idle }
}

#[evidence(hipaa2013::"164.312(a)(1)", claim = "a letter is shown to its own ward", polarity = allow)]
fn own_ward_reads_its_letter(ev: Ev) -> Proven {
    let mut letters = letters();
    let text = ev.allows(letters.read(&session("cardiology", Duration::ZERO), 7));
    ev.equal("the letter is the one that was put in", &text, &"go home");
    ev.proven()
}

#[evidence(hipaa2013::"164.312(a)(1)", claim = "no other ward reads a letter", polarity = deny)]
fn other_ward_reads_nothing(ev: Ev) -> Proven {
    let mut letters = letters();
    let surgery = session("surgery", Duration::ZERO);
    ev.denies(letters.read(&surgery, 7), |e| matches!(e, Refused::NotYours));
    ev.denies(letters.read(&surgery, 8), |e| matches!(e, Refused::NotYours));
    ev.proven()
}

#[evidence(hipaa2013::"164.312(a)(2)(iii)", claim = "a session in use goes on", polarity = allow)]
fn session_in_use_reads_on(ev: Ev) -> Proven {
    let almost = IDLE.saturating_sub(Duration::from_millis(1));
    ev.allows(letters().read(&session("cardiology", almost), 7));
    ev.proven()
}

#[evidence(hipaa2013::"164.312(a)(2)(iii)", claim = "an idle session reads nothing", polarity = deny)]
fn idle_session_reads_nothing(ev: Ev) -> Proven {
    ev.denies(letters().read(&session("cardiology", IDLE), 7), |e| matches!(e, Refused::Idle));
    ev.proven()
}

#[evidence(hipaa2013::"164.312(b)", claim = "a letter that is shown is on record, with its reader", polarity = allow)]
fn shown_letter_is_on_record(ev: Ev) -> Proven {
    let mut letters = letters();
    ev.allows(letters.read(&session("cardiology", Duration::ZERO), 7));
    let record = &letters.records()[0];
    ev.holds("the record names reader and letter", record.user == "ada" && record.letter == 7);
    ev.proven()
}

#[evidence(hipaa2013::"164.312(b)", claim = "a refused request is on record as refused", polarity = deny)]
fn refused_request_is_on_record(ev: Ev) -> Proven {
    let mut letters = letters();
    ev.denies(letters.read(&session("surgery", Duration::ZERO), 7), |e| *e == Refused::NotYours);
    ev.holds("the record says that nothing was shown", !letters.records()[0].shown);
    ev.proven()
}
