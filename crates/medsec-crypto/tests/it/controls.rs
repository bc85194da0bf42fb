//! The controls of 45 CFR 164.312 that a sealed package is for, each shown to allow and to deny.

use std::io::Cursor;

use medsec_crypto::{
    Checked, Execution, ExpectationError, FormatError, Header, OpenError, Opened, SignatureError,
    SignerExpectation, SlotCondition,
};
use medsec_evidence::{Ev, Proven, evidence};

use crate::support::sample::{Plan, Sample, origin_of};
use crate::support::{context_of, kek, signing_key};

const LEN: usize = 100_000;

fn sample() -> Sample {
    Plan::new(LEN).signed().with_metadata().seal()
}

/// Opens a stream as a receiver does who cannot look ahead.
fn receive(sample: &Sample, package: &[u8]) -> Result<(Vec<u8>, Opened), OpenError> {
    sample.plan.stream(package)
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(e)(2)(ii)"],
    claim = "a sealed package does not open with a key it was not sealed to",
    polarity = deny,
)]
fn package_denies_other_keys(ev: Ev) -> Proven {
    let sample = sample();
    ev.denies(sample.plan.open_as(2, &sample.package), |e| {
        matches!(e, OpenError::Expectation(ExpectationError::NotARecipient))
    });
    let checked = Checked::read(&mut &sample.package[..], sample.plan.expectation(1));
    ev.denies(ev.allows(checked).unlock_with(&[&kek(2)]), |e| {
        matches!(e, OpenError::NotAuthentic(_))
    });
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a sealed package does not open with the context of another patient",
    polarity = deny,
)]
fn package_denies_another_patient(ev: Ev) -> Proven {
    let sample = sample();
    let mut expectation = sample.plan.expectation(1);
    expectation.reproduced = context_of("patient", "MRN-0043");
    let checked = ev.allows(Checked::read(&mut &sample.package[..], expectation));
    ev.denies(checked.unlock_with(&[&kek(1)]), |e| matches!(e, OpenError::NotAuthentic(_)));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(e)(2)(ii)"],
    claim = "content is encrypted in the package and decrypted for its recipient",
    polarity = allow,
)]
fn package_opens_for_its_recipient(ev: Ev) -> Proven {
    let sample = sample();
    let (content, _) = ev.allows(sample.plan.open(&sample.package));
    ev.equal_bytes("the content is as sealed", &content, &sample.content);
    let is_clear = |piece: &[u8]| sample.package.windows(piece.len()).any(|w| w == piece);
    let first_bytes = &sample.content[..16];
    ev.holds("the content does not stand in the package", !is_clear(first_bytes));
    ev.holds("the file name does not stand in the package", !is_clear(b"ct-0001.dcm"));
    ev.holds("the patient does not stand in the package", !is_clear(b"MRN-0042"));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(c)(1)", "164.312(c)(2)"],
    claim = "content that was altered is refused, and the altered chunk is named",
    polarity = deny,
)]
fn altered_content_is_refused(ev: Ev) -> Proven {
    let sample = sample();
    for k in [0, 3, 6] {
        let package = sample.edited(|package, layout| package[layout.chunk(k).start] ^= 1);
        ev.denies(
            sample.plan.open(&package),
            |e| matches!(e, OpenError::Damaged { chunk } if *chunk == k as u64),
        );
    }
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "a package that lost its end is refused",
    polarity = deny,
)]
fn shortened_package_is_refused(ev: Ev) -> Proven {
    let sample = sample();
    for len in [sample.layout.payload.start, sample.layout.chunk(2).end, sample.package.len() - 1] {
        ev.denies(sample.plan.open(&sample.package[..len]), |e| matches!(e, OpenError::Format(_)));
    }
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "damage to a recipient slot that is not in use is reported and harms nothing",
    polarity = allow,
)]
fn damaged_spare_slot_is_reported(ev: Ev) -> Proven {
    let sample = sample();
    let package = sample.edited(|package, layout| package[layout.slot_b.start + 9] ^= 1);
    let (content, opened) = ev.allows(sample.plan.open(&package));
    ev.equal_bytes("the content is as sealed", &content, &sample.content);
    ev.equal("the damage is reported", &opened.slots, &SlotCondition::Damaged);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(c)(2)",
    claim = "anyone can verify without a key that a package is what its signer sealed",
    polarity = allow,
)]
fn origin_is_verified_without_key(ev: Ev) -> Proven {
    let sample = sample();
    let origin = ev.allows(origin_of(&sample.package));
    ev.equal("the length is signed", &origin.plain_len, &(LEN as u64));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(c)(2)",
    claim = "verification without a key refuses altered content and altered metadata",
    polarity = deny,
)]
fn altered_package_fails_its_origin(ev: Ev) -> Proven {
    let sample = sample();
    let package = sample.edited(|package, layout| package[layout.chunk(1).start] ^= 1);
    ev.denies(origin_of(&package), |e| matches!(e, OpenError::Signature(SignatureError::Payload)));
    let package = sample.edited(|package, layout| package[layout.metadata.start] ^= 1);
    ev.denies(origin_of(&package), |e| matches!(e, OpenError::Signature(SignatureError::Metadata)));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a package signed by another than the expected entity is refused before any key is used",
    polarity = deny,
)]
fn unexpected_signer_is_refused(ev: Ev) -> Proven {
    let sample = sample();
    let other = SignerExpectation::OneOf(vec![signing_key(3).verifying_key()]);
    let mut expectation = sample.plan.expectation(1);
    expectation.signer = other.clone();
    ev.denies(Checked::read(&mut &sample.package[..], expectation), |e| {
        matches!(e, OpenError::Expectation(ExpectationError::Signer))
    });
    let header = ev.allows(Header::read(&mut &sample.package[..]));
    let source = Cursor::new(&sample.package);
    let origin = header.verify_origin(source, &other, u64::MAX, &Execution::default());
    ev.denies(origin, |e| matches!(e, OpenError::Expectation(ExpectationError::Signer)));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a package names the expected entity as its signer only if the signature verifies",
    polarity = allow,
)]
fn expected_signer_is_accepted(ev: Ev) -> Proven {
    let sample = sample();
    let (_, opened) = ev.allows(sample.plan.open(&sample.package));
    let expected = signing_key(crate::support::SIGNER).verifying_key();
    ev.equal("the signer is the expected one", &opened.signer, &Some(expected));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(e)(2)(i)",
    claim = "a package changed on its way is refused by the receiver",
    polarity = deny,
)]
fn package_changed_in_transit_is_refused(ev: Ev) -> Proven {
    let sample = sample();
    let text: Vec<u8> = sample.package.iter().map(|byte| byte & 0x7F).collect();
    ev.denies(receive(&sample, &text), |e| {
        matches!(e, OpenError::Format(FormatError::TextTransfer))
    });
    let cut = &sample.package[..sample.layout.chunk(4).start];
    ev.denies(receive(&sample, cut), |e| matches!(e, OpenError::Format(_)));
    let swapped = sample.edited(|package, layout| {
        let second = package[layout.chunk(1)].to_vec();
        package.copy_within(layout.chunk(0), layout.chunk(1).start);
        package[layout.chunk(0)].copy_from_slice(&second);
    });
    ev.denies(receive(&sample, &swapped), |e| matches!(e, OpenError::Damaged { chunk: 0 }));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(e)(2)(i)",
    claim = "a package that arrives as it was sent opens identically",
    polarity = allow,
)]
fn unchanged_package_is_received(ev: Ev) -> Proven {
    let sample = sample();
    let (content, opened) = ev.allows(receive(&sample, &sample.package));
    ev.equal_bytes("the content is as sent", &content, &sample.content);
    ev.holds("its signature was verified", opened.signer.is_some());
    ev.proven()
}
