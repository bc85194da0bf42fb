mod random;
mod vectors;

use super::fuzz::{POLICY, ROLES, Signer, original, sample, schema, trusted};
use super::source::compile_for;
use super::*;

fn signed_by<const N: usize>(bundle: &Bundle, seeds: [u8; N]) -> SignedBundle {
    let mut signed = SignedBundle::sign(bundle, &Signer([seeds[0]; 32])).unwrap();
    seeds.iter().for_each(|seed| signed.cosign(&Signer([*seed; 32])).unwrap());
    signed
}

fn verified(bytes: &[u8], trusted: &[SignerKey], threshold: usize) -> Result<Bundle, BundleError> {
    SignedBundle::read(bytes)?.verify_for(schema(), trusted, threshold)
}

/// A document that was edited and then signed.
fn resigned(edit: impl Fn(&str) -> String) -> Result<Bundle, BundleError> {
    let document = edit(std::str::from_utf8(original().document()).unwrap()).into_bytes();
    let bundle = Bundle::new(original().contents.clone(), document);
    verified(&signed_by(&bundle, [7]).to_bytes(), &[trusted(7)], 1)
}

#[test]
fn verify_rejects_every_edit_of_a_byte() {
    let bytes = signed_by(original(), [7, 8]).to_bytes();
    // A signature of a key that is not trusted must not be altered either.
    for trust in [&[trusted(7), trusted(8)][..], &[trusted(7)]] {
        for at in 0..bytes.len() {
            for mask in [1, 0x20, 0x80] {
                let mut edited = bytes.clone();
                edited[at] ^= mask;
                assert!(verified(&edited, trust, 1).is_err(), "{at} {mask}");
            }
        }
        assert_eq!(verified(&bytes, trust, 1).as_ref(), Ok(original()));
    }
}

#[test]
fn verify_rejects_every_truncation_and_every_addition() {
    let bytes = signed_by(original(), [7]).to_bytes();
    for len in 0..bytes.len() {
        assert!(verified(&bytes[..len], &[trusted(7)], 1).is_err(), "{len}");
    }
    for byte in [b'\n', b' ', b'0', b'}', 0] {
        let longer = [&bytes[..], &[byte]].concat();
        assert_eq!(verified(&longer, &[trusted(7)], 1), Err(BundleError::NotAuthentic));
        assert!(verified(&[&[byte], &bytes[..]].concat(), &[trusted(7)], 1).is_err());
    }
}

#[test]
fn verify_rejects_too_few_trusted_signatures() {
    let bytes = signed_by(original(), [7, 8]).to_bytes();
    let all = [7, 8, 9].map(trusted);
    let too_few = |found, threshold| Err(BundleError::TooFew { found, threshold });
    assert_eq!(verified(&bytes, &all, 3), too_few(2, 3));
    assert_eq!(verified(&bytes, &[trusted(7), trusted(9)], 2), too_few(1, 2));
    assert_eq!(verified(&bytes, &[trusted(9)], 1), too_few(0, 1));
    assert_eq!(verified(&bytes, &all, 0), Err(BundleError::Threshold));
    assert_eq!(verified(&bytes, &[], 0), Err(BundleError::Threshold));
    // One key under two names is one key.
    assert_eq!(verified(&bytes, &[trusted(7), trusted(7)], 2), Err(BundleError::Threshold));
    assert_eq!(verified(&bytes, &all, 2).as_ref(), Ok(original()));
}

#[test]
fn nothing_of_a_document_is_read_before_its_signatures() {
    let bundle = Bundle::new(original().contents.clone(), b"no document".to_vec());
    let bytes = signed_by(&bundle, [7]).to_bytes();
    let stranger = BundleError::TooFew { found: 0, threshold: 1 };
    assert_eq!(verified(&bytes, &[trusted(8)], 1), Err(stranger));
    assert_eq!(verified(&bytes, &[trusted(7)], 1), Err(BundleError::Document));
    let mut edited = bytes;
    edited.push(b'\n');
    assert_eq!(verified(&edited, &[trusted(7)], 1), Err(BundleError::NotAuthentic));
}

#[test]
fn read_rejects_signatures_in_another_form_or_order() {
    let text = String::from_utf8(signed_by(original(), [7, 8]).to_bytes()).unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    let edits: [fn(&mut Vec<&str>); 6] = [
        |lines| lines.swap(1, 2),
        |lines| lines.insert(1, lines[1]),
        |lines| drop(lines.drain(1..3)),
        |lines| lines.retain(|line| !line.is_empty()),
        |lines| lines.insert(1, ""),
        |lines| lines[0] = "medsec policy bundle v2",
    ];
    for edit in edits {
        let mut edited = lines.clone();
        edit(&mut edited);
        let text = edited.join("\n") + "\n";
        assert_eq!(SignedBundle::read(text.as_bytes()), Err(BundleError::Format));
    }
    let upper = lines[1].to_uppercase().replace("SIGNATURE", "signature");
    lines[1] = &upper;
    assert_eq!(SignedBundle::read(lines.join("\n").as_bytes()), Err(BundleError::Format));
    assert_eq!(
        SignedBundle::read(&text.replace('\n', "\r\n").into_bytes()),
        Err(BundleError::Format)
    );
}

#[test]
fn read_rejects_more_signatures_or_bytes_than_there_may_be() {
    let mut signed = SignedBundle::sign(original(), &Signer([1; 32])).unwrap();
    (2..=16).for_each(|seed| signed.cosign(&Signer([seed; 32])).unwrap());
    assert_eq!(signed.cosign(&Signer([17; 32])), Err(BundleError::TooManySignatures));
    assert_eq!(signed.cosign(&Signer([16; 32])), Ok(()));
    let bytes = signed.to_bytes();
    assert_eq!(verified(&bytes, &[trusted(16)], 1).as_ref(), Ok(original()));
    let last = b"medsec policy bundle v1\n".len() + 15 * 205;
    let line = [b"signature: ", &[b'f'; 64][..], b" ", &[b'0'; 128], b"\n"].concat();
    let more = [&bytes[..last + 205], &line, &bytes[last + 205..]].concat();
    assert_eq!(SignedBundle::read(&more), Err(BundleError::Format));
    let long = vec![b' '; SignedBundle::MAX_LEN + 1];
    assert_eq!(SignedBundle::read(&long), Err(BundleError::TooLong));
    let head = &bytes[..last + 205 + 1];
    let document = vec![b' '; Bundle::MAX_DOCUMENT_LEN + 1];
    assert_eq!(SignedBundle::read(&[head, &document].concat()), Err(BundleError::TooLong));
}

#[test]
fn documents_of_another_form_are_refused_though_signed() {
    let edits: [(&str, &str); 24] = [
        ("  \"name\"", " \"name\""),
        ("\"sequence\": 1", "\"sequence\": 1.0"),
        ("\"sequence\": 1", "\"sequence\": 0"),
        ("\"sequence\": 1", "\"sequence\": 18446744073709551616"),
        ("\"sequence\": 1,", "\"sequence\": 1,\n  \"sequence\": 1,"),
        ("\"sequence\": 1,", "\"sequence\": 1,\n  \"more\": 1,"),
        ("  \"sequence\": 1,\n", ""),
        ("medsec/policy-bundle/v1", "medsec/policy-bundle/v2"),
        ("\"supersedes\": []", "\"supersedes\": null"),
        ("\"idle\": 900", "\"idle\": 43201"),
        ("\"idle\": 900", "\"idle\": \"15m\""),
        ("\"allowed_keys\": [", "\"allowed_keys\": [\n        \"default\","),
        ("\"permitted\"", "\"forbidden\""),
        ("\"refused\"", "\"accepted\""),
        ("\"refused\"", "null"),
        ("\"TREAT\"\n    ]", "\"TREAT\",\n      \"XTREAT\"\n    ]"),
        ("\"auditor\": {", "\"administrator\": {"),
        ("\"clinician\"", "\"surgeon\""),
        ("\"administrator\",\n        \"auditor\"", "\"auditor\",\n        \"administrator\""),
        ("archive-1", "ben@hospital.example"),
        ("heart-ct", "heart\\u002dct"),
        ("permit (\"", "permit (\\n\""),
        ("permit (\"", "permit (\u{202E}\""),
        ("permit (\"", "permit (\\r\""),
    ];
    for (from, to) in &edits {
        let document = std::str::from_utf8(original().document()).unwrap();
        assert!(document.contains(from), "{from}");
        let found = resigned(|text| text.replacen(from, to, 1));
        assert_eq!(found, Err(BundleError::Document), "{from} {to}");
    }
    for text in ["", "{}", "[]", "null", "\n"] {
        assert_eq!(resigned(|_| text.to_owned()), Err(BundleError::Document));
    }
    assert_eq!(resigned(|text| text.trim_end().to_owned()), Err(BundleError::Document));
    assert_eq!(resigned(str::to_owned).as_ref(), Ok(original()));
}

#[test]
fn policies_for_another_schema_are_refused() {
    let signed = signed_by(original(), [7]);
    let other = SignedBundle::verify(&signed, &[trusted(7)], 1);
    assert_eq!(other, Err(BundleError::Schema { version: 1 }));
    let newer = resigned(|text| text.replacen("\"version\": 1", "\"version\": 2", 1));
    assert_eq!(newer, Err(BundleError::Schema { version: 2 }));
    let own = Bundle::compile(&sample(POLICY, ROLES).unwrap()).unwrap();
    let parsed = SignedBundle::parse(&signed_by(&own, [7]).to_bytes(), &[trusted(7)], 1);
    assert_eq!(parsed, Ok(own));
}

#[test]
fn keys_that_prove_nothing_are_refused() {
    let name = || "a".parse().unwrap();
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut reducible = [0xFF; 32];
    (reducible[0], reducible[31]) = (0xEE, 0x7F);
    for key in [[0; 32], identity, reducible, [0xFF; 32]] {
        assert!(SignerKey::new(name(), key).is_err());
    }
    assert!(SignerKey::new(name(), Signer([7; 32]).public_key()).is_ok());
}

/// Shows one public key and signs with another.
struct Liar;

impl BundleSigner for Liar {
    fn public_key(&self) -> [u8; 32] {
        Signer([1; 32]).public_key()
    }

    fn sign(&self, label: &str, message: &[u8]) -> [u8; 64] {
        Signer([2; 32]).sign(label, message)
    }
}

#[test]
fn sign_rejects_a_signature_that_does_not_verify() {
    assert_eq!(SignedBundle::sign(original(), &Liar), Err(BundleError::NotAuthentic));
    let mut signed = signed_by(original(), [7]);
    assert_eq!(signed.cosign(&Liar), Err(BundleError::NotAuthentic));
    assert_eq!(signed, signed_by(original(), [7]));
}

fn next(previous: &Bundle) -> Bundle {
    compile_for(schema(), &sample(POLICY, ROLES).unwrap(), Some(previous)).unwrap()
}

#[test]
fn mark_rejects_older_forked_and_foreign_policies() {
    let first = original();
    let second = next(first);
    let third = next(&second);
    let other = sample(&POLICY.replace("idle = \"15m\"", "idle = \"5m\""), ROLES).unwrap();
    let fork = compile_for(schema(), &other, Some(first)).unwrap();
    let after_fork = next(&fork);
    let mark = BundleMark::of(&second);
    assert_eq!(mark.admits(first), Err(MarkError::Older));
    assert_eq!(mark.admits(&fork), Err(MarkError::Forked));
    assert_eq!(mark.admits(&after_fork), Err(MarkError::Foreign));
    assert_eq!(mark.admits(&second), Ok(()));
    assert_eq!(mark.admits(&third), Ok(()));
    assert_eq!(BundleMark::of(first).admits(&third), Ok(()));
}

#[test]
fn mark_rejects_every_other_text() {
    let mark = BundleMark::of(original());
    let text = mark.render();
    assert!(text.len() <= BundleMark::MAX_LEN);
    for at in 0..text.len() {
        assert!(BundleMark::parse(&text.as_bytes()[..at]).is_err());
        let mut edited = text.clone().into_bytes();
        edited[at] ^= 0x80;
        assert!(BundleMark::parse(&edited).is_err());
    }
    for number in ["01", "+1", " 1", "1 ", "", "18446744073709551616"] {
        let edited = text.replace("sequence: 1", &format!("sequence: {number}"));
        assert!(BundleMark::parse(edited.as_bytes()).is_err(), "{number}");
    }
    assert_eq!(BundleMark::parse(text.as_bytes()), Ok(mark));
    assert_eq!((mark.hash(), mark.sequence()), (original().hash(), 1));
}

#[test]
fn succeed_rejects_a_source_that_follows_another_policy() {
    let first = Bundle::compile(&sample(POLICY, ROLES).unwrap()).unwrap();
    let follows = |sequence: u64, hash: PolicyHash| {
        let lines = format!("sequence = {sequence}\nsupersedes = [\"{hash}\"]\n{POLICY}");
        Bundle::succeed(&sample(&lines, ROLES).unwrap(), &first)
    };
    let another = PolicyHash::from_bytes([1; 32]);
    for wrong in [follows(2, another), follows(3, first.hash())] {
        let error = wrong.unwrap_err();
        assert_eq!((error.line, error.problem), (Some(1), SourceProblem::NotSuccessor));
    }
    assert_eq!(follows(2, first.hash()).unwrap().supersedes(), [first.hash()]);
}

#[test]
fn successors_keep_all_ancestors_up_to_the_limit() {
    let second = next(original());
    let third = next(&second);
    assert_eq!(third.sequence(), 3);
    assert_eq!(third.supersedes(), [second.hash(), original().hash()]);
    let covered = [third.hash(), second.hash(), original().hash()];
    assert!(covered.iter().all(|hash| third.covers(*hash)));
    assert!(!original().covers(third.hash()) && !third.covers(PolicyHash::from_bytes([0; 32])));
    let mut contents = original().contents.clone();
    let hash = |n: u32| PolicyHash::from_bytes([n.to_be_bytes(); 8].concat().try_into().unwrap());
    (contents.supersedes, contents.sequence) = ((0..4095).map(hash).collect(), 4096);
    let document = document::render(&contents);
    let last = next(&Bundle::new(contents, document));
    assert_eq!((last.supersedes().len(), last.sequence()), (4096, 4097));
    let source = sample(POLICY, ROLES).unwrap();
    let error = compile_for(schema(), &source, Some(&last)).unwrap_err();
    assert_eq!(error.problem, SourceProblem::TooManySuperseded);
    assert!(document::parse(last.document()).is_some());
}

#[test]
fn nothing_printed_for_errors_names_people_or_files() {
    let bundle = original();
    let signed = signed_by(bundle, [7]);
    let source = sample(POLICY, ROLES).unwrap();
    let twice = ROLES.replace("archive-1", "\"ben@hospital.example\"");
    let error = sample(POLICY, &twice).and_then(|s| Bundle::compile(&s)).unwrap_err();
    for text in [format!("{bundle:?}{signed:?}{source:?}"), format!("{error} {error:?}")] {
        assert!(!text.contains("hospital.example") && !text.contains("archive"), "{text}");
    }
    assert_eq!(error.to_string(), "roles.toml, line 19: this stands there already");
}
