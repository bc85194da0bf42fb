//! Integrity of a dataset under 45 CFR 164.312(c)(1) and (c)(2): alteration and destruction are named.

use medsec_crypto::{Finding, Manifest, ManifestError, SuccessionError};
use medsec_evidence::{Ev, Proven, evidence};

use super::{Folder, name, signed_by_another, signers};
use crate::support::signing_key;

#[evidence(
    hipaa2013::["164.312(c)(1)", "164.312(c)(2)"],
    claim = "a package that was destroyed, altered or replaced by an older one is named without a key",
    polarity = allow,
)]
fn destruction_and_alteration_are_named(ev: Ev) -> Proven {
    let folder = Folder::new();
    let mut later = folder.later();
    later.packages.insert("ct/1.msp", folder.packages["ct/1.msp"].clone());
    later.packages.get_mut("ct/2.msp").unwrap()[20] ^= 1;
    later.packages.remove("report.msp");
    let manifest = ev.allows(Manifest::parse(&later.manifest, &signers()));
    ev.equal("it is the second version", &manifest.version(), &2);
    let expected = [
        Finding::Replaced { name: name("ct/1.msp"), older: true },
        Finding::Altered { name: name("ct/2.msp") },
        Finding::Missing { name: name("report.msp") },
    ];
    ev.equal("each is named", &later.compare().findings[..], &expected[..]);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(c)(2)",
    claim = "a dataset that was not changed is corroborated with the signer's public key alone",
    polarity = allow,
)]
fn unchanged_dataset_is_corroborated(ev: Ev) -> Proven {
    let folder = Folder::new();
    let manifest = ev.allows(Manifest::parse(&folder.manifest, &signers()));
    ev.holds("nothing is reported", folder.compare().is_clean());
    ev.equal("every package is intact", &folder.compare().intact, &3);
    ev.allows(manifest.follows(&manifest.seen()));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(c)(1)", "164.312(c)(2)"],
    claim = "a dataset's manifest that was cut, edited or signed by another key is refused",
    polarity = deny,
)]
fn altered_manifest_is_refused(ev: Ev) -> Proven {
    let folder = Folder::new();
    let cut = &folder.manifest[..folder.manifest.len() - 141];
    ev.denies(Manifest::parse(cut, &signers()), |e| matches!(e, ManifestError::Cut));
    let mut edited = folder.manifest.clone();
    let at = edited.windows(6).position(|window| window == b"report").unwrap();
    edited[at] = b'R';
    ev.denies(Manifest::parse(&edited, &signers()), |e| matches!(e, ManifestError::Signature));
    let forged = signed_by_another(&folder.manifest(), &signing_key(3));
    ev.denies(Manifest::parse(&forged, &signers()), |e| {
        matches!(e, ManifestError::UnexpectedSigner)
    });
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "a dataset put back as a whole to an earlier state is refused by who remembers a later one",
    polarity = deny,
)]
fn dataset_put_back_is_refused(ev: Ev) -> Proven {
    let folder = Folder::new();
    let seen = folder.later().manifest().seen();
    let manifest = ev.allows(Manifest::parse(&folder.manifest, &signers()));
    ev.holds("the earlier state is whole in itself", folder.compare().is_clean());
    ev.denies(manifest.follows(&seen), |e| {
        matches!(e, SuccessionError::Older { seen: 2, found: 1 })
    });
    ev.proven()
}
