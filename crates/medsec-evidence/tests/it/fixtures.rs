//! Evidence tests that the recording tests run in child processes, where a variable tells them to
//! misbehave. Their claims are about nothing but themselves.

use std::process;

use medsec_evidence::__private::{Declaration, run};
use medsec_evidence::{Ev, Polarity, Proven, evidence};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// How a child is told what to do instead of proving.
pub(crate) const MISBEHAVE: &str = "MEDSEC_EVIDENCE_FIXTURE";

#[derive(Debug)]
enum Refused {
    Here,
    #[expect(dead_code, reason = "the error that is not meant")]
    Elsewhere,
}

fn refused() -> Result<(), Refused> {
    Err(Refused::Here)
}

fn told_to(misbehave: &str) -> bool {
    std::env::var_os(MISBEHAVE).is_some_and(|told| told == misbehave)
}

#[evidence(hipaa2013::"164.316(b)(1)", claim = "fixture: a refusal is recorded", polarity = deny)]
fn refusal_is_proven(ev: Ev) -> Proven {
    if told_to("exit") {
        process::exit(0);
    }
    if told_to("fail") {
        ev.denies(Ok::<_, Refused>(()), |e| matches!(e, Refused::Here));
    }
    if told_to("check nothing") {
        return ev.proven();
    }
    ev.denies(refused(), |e| matches!(e, Refused::Here));
    if told_to("panic") {
        std::panic::panic_any("told to");
    }
    ev.proven()
}

#[evidence(
    hipaa2013::["164.316(b)(1)", "164.316(b)(2)(i)"],
    claim = "fixture: a \"quoted\" success is recorded",
    polarity = allow,
)]
fn success_is_proven(ev: Ev) -> Proven {
    let value = ev.allows(Ok::<_, Refused>(b"value".to_vec()));
    ev.equal("the value is what was stored", &value.len(), &5);
    ev.equal_bytes("the bytes are what was stored", &value, "value");
    ev.holds("the value is not empty", !value.is_empty());
    ev.proven()
}

#[evidence(hipaa2013::"164.316(b)(1)", claim = "fixture: a proof serves its test", polarity = deny)]
fn proof_cannot_be_lent(ev: Ev) -> Proven {
    ev.denies(refused(), |e| matches!(e, Refused::Here));
    let own = ev.proven();
    if told_to("lend") {
        run(ANOTHER_TEST, |_ev| own);
        // Only reached if the loan was taken; the recording test then misses the failure.
        process::exit(0);
    }
    own
}

#[evidence(
    hipaa2013::"164.316(b)(1)",
    claim = "fixture: a refusal after waiting is recorded",
    polarity = deny,
)]
#[tokio::test(flavor = "current_thread")]
async fn awaited_refusal_is_proven(ev: Ev) -> Proven {
    if told_to("exit") {
        process::exit(0);
    }
    tokio::task::yield_now().await;
    if told_to("fail") {
        ev.denies(Ok::<_, Refused>(()), |e| matches!(e, Refused::Here));
    }
    if told_to("check nothing") {
        return ev.proven();
    }
    let (one, other) = tokio::join!(async { refused() }, async { refused() });
    ev.denies(one, |e| matches!(e, Refused::Here));
    ev.denies(other, |e| matches!(e, Refused::Here));
    ev.proven()
}

#[evidence(hipaa2013::"164.316(b)(1)", claim = "fixture: a property is recorded", polarity = deny)]
fn property_is_proven(ev: Ev) -> Proven {
    let config =
        ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(number in 0u16..1000)| {
        // Told to fail, it does so from 100 on: proptest finds that number.
        let refusal = if told_to("fail") && number >= 100 { Ok(()) } else { refused() };
        ev.denies(refusal, |e| matches!(e, Refused::Here));
    });
    ev.proven()
}

#[evidence(hipaa2013::"164.316(b)(1)", claim = "fixture: a lenient caller proves nothing", polarity = deny)]
fn property_whose_failure_is_dropped(ev: Ev) -> Proven {
    ev.denies(refused(), |e| matches!(e, Refused::Here));
    if told_to("fail") {
        let mut runner = TestRunner::new(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let failure = runner.run(&any::<u8>(), |_| {
            ev.denies(Ok::<_, Refused>(()), |e| matches!(e, Refused::Here));
            Ok(())
        });
        drop(failure);
    }
    ev.proven()
}

#[evidence(hipaa2013::"164.316(b)(1)", claim = "fixture: a table of cases is recorded", polarity = deny)]
fn table_is_proven(ev: Ev) -> Proven {
    const CASES: [(&str, &str); 3] = [("empty", ""), ("sign", "-1"), ("too large", "256")];
    for (_name, input) in CASES {
        ev.denies(input.parse::<u8>(), |e| !e.to_string().is_empty());
    }
    ev.proven()
}

const ANOTHER_TEST: Declaration = Declaration {
    edition: "hipaa2013",
    citations: &["164.316(b)(1)"],
    claim: "fixture: a test that borrows its proof",
    polarity: Polarity::Deny,
    body_sha256: [0; 32],
    module_path: "it::fixtures",
    function: "another_test",
    file: file!(),
    line: line!(),
    package: env!("CARGO_PKG_NAME"),
    package_version: env!("CARGO_PKG_VERSION"),
    crate_name: env!("CARGO_CRATE_NAME"),
};
