use super::head::Head;
use super::*;
use medsec_evidence::{Ev, Proven, evidence};

mod alteration;
mod page;

const KINDS: [KeyKind; 2] = [KeyKind::X25519, KeyKind::XWing];

fn created() -> Timestamp {
    Timestamp::from_unix_seconds(1_795_000_000)
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::take_from(&mut text.as_bytes().to_vec()).unwrap()
}

fn stage(kind: KeyKind, needed: u8, count: u8) -> EmergencySet {
    EmergencySet::stage(kind, ShareScheme::new(needed, count).unwrap(), created()).unwrap()
}

fn printed(set: &EmergencySet) -> Vec<ShareText> {
    set.shares().map(|share| share.printed()).collect()
}

fn protected(set: &EmergencySet) -> Vec<ShareText> {
    let cheap = Argon2Params::new(8, 1, 1).unwrap();
    set.shares().map(|share| share.protected(&passphrase("right"), cheap).unwrap()).collect()
}

fn combine(
    set: &EmergencySet,
    shares: &[ShareText],
    chosen: u32,
) -> Result<PrivateKey, CombineError> {
    let right = passphrase("right");
    let mut collected = EmergencyShares::of(set.public_key().clone());
    for (at, share) in shares.iter().enumerate() {
        if chosen >> at & 1 == 1 {
            let text = share.render();
            collected.add(&ShareText::parse(text.as_bytes()).unwrap(), Some(&right)).unwrap();
        }
    }
    collected.combine()
}

#[test]
fn schemes_outside_the_limits_are_refused() {
    for (needed, count) in [(0, 0), (0, 3), (1, 1), (1, 3), (4, 3), (2, 17), (17, 17), (2, 255)] {
        assert_eq!(ShareScheme::new(needed, count), Err(InvalidScheme), "{needed} {count}");
    }
    assert!(ShareScheme::new(2, 2).is_ok() && ShareScheme::new(16, 16).is_ok());
}

#[test]
fn signing_key_is_no_emergency_key() {
    let scheme = ShareScheme::new(2, 3).unwrap();
    let error = EmergencySet::stage(KeyKind::Ed25519, scheme, created()).unwrap_err();
    assert_eq!(error, StageError::Kind);
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "fewer custodians than needed cannot make the emergency key, whichever of them come together",
    polarity = deny,
)]
fn too_few_shares_make_no_key(ev: Ev) -> Proven {
    for (needed, count) in schemes() {
        let set = stage(KeyKind::X25519, needed, count);
        let shares = printed(&set);
        for chosen in subsets(count).filter(|chosen| chosen.count_ones() < u32::from(needed)) {
            let present = u8::try_from(chosen.count_ones()).unwrap();
            let missing = (present > 0).then(|| needed.abs_diff(present));
            let refused = CombineError::TooFew { missing };
            ev.denies(combine(&set, &shares, chosen), |e| *e == refused);
        }
        // Not only refused: what the shares make without one of them is another key.
        let few = (1..needed).zip(&set.secrets);
        let joined = split::join(few);
        let key = set.public_key();
        let made = joined.and_then(|mut s| PrivateKey::take_from(KeyKind::X25519, &mut s).ok());
        ev.holds("another key", made.is_none_or(|made| made.public_key() != *key));
    }
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "as many custodians as needed make the emergency key, whichever of them come together",
    polarity = allow,
)]
fn enough_shares_make_the_key(ev: Ev) -> Proven {
    for (needed, count) in schemes() {
        let set = stage(KeyKind::X25519, needed, count);
        for shares in [printed(&set), protected(&set)] {
            for chosen in subsets(count).filter(|chosen| chosen.count_ones() >= u32::from(needed)) {
                let key = ev.allows(combine(&set, &shares, chosen));
                ev.holds("it is the key", key.public_key() == *set.public_key());
            }
        }
    }
    ev.proven()
}

/// All schemes of up to five shares.
fn schemes() -> impl Iterator<Item = (u8, u8)> {
    (2..=5).flat_map(|count| (2..=count).map(move |needed| (needed, count)))
}

fn subsets(count: u8) -> impl Iterator<Item = u32> {
    0..1 << count
}

#[test]
fn largest_scheme_of_the_longest_key_makes_it_again() {
    let set = stage(KeyKind::XWing, 16, 16);
    for shares in [printed(&set), protected(&set)] {
        assert!(shares.iter().all(|share| share.render().len() < MAX_SHARE_LEN / 2));
        let key = combine(&set, &shares, u32::MAX).unwrap();
        assert_eq!(key.public_key(), *set.public_key());
    }
}

#[test]
fn paper_and_files_of_one_set_go_together() {
    for kind in KINDS {
        let set = stage(kind, 3, 4);
        let mut shares = printed(&set);
        shares.splice(1..3, protected(&set).drain(1..3));
        let key = combine(&set, &shares, 0b1111).unwrap();
        assert_eq!(key.public_key(), *set.public_key());
    }
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "wrong passphrases, duplicate and foreign shares are refused, each by its name",
    polarity = deny,
)]
fn shares_that_do_not_belong_are_told_apart(ev: Ev) -> Proven {
    let (set, other) = (stage(KeyKind::X25519, 2, 3), stage(KeyKind::X25519, 2, 3));
    let (right, wrong) = (passphrase("right"), passphrase("wrong"));
    let files = protected(&set);
    let mut shares = EmergencyShares::new();
    ev.denies(shares.add(&files[0], None), |e| *e == AddShareError::PassphraseNeeded);
    ev.denies(shares.add(&files[0], Some(&wrong)), |e| *e == AddShareError::WrongPassphrase);
    ev.allows(shares.add(&files[0], Some(&right)));
    let again = AddShareError::Duplicate { share: 1 };
    ev.denies(shares.add(&files[0], Some(&right)), |e| *e == again);
    ev.denies(shares.add(&printed(&set)[0], None), |e| *e == again);
    ev.denies(shares.add(&printed(&other)[1], None), |e| *e == AddShareError::Foreign);
    let mut expecting = EmergencyShares::of(set.public_key().clone());
    ev.denies(expecting.add(&printed(&other)[1], None), |e| *e == AddShareError::Foreign);
    ev.holds("what was refused changed nothing", shares.present().eq([1]));
    ev.holds("one is missing", shares.missing() == Some(1));
    ev.allows(shares.add(&printed(&set)[2], None));
    let key = ev.allows(shares.combine());
    ev.holds("it is the key", key.public_key() == *set.public_key());
    ev.proven()
}

#[test]
fn shares_of_another_staging_of_the_same_key_are_foreign() {
    let key = PrivateKey::generate(KeyKind::X25519).unwrap();
    let scheme = ShareScheme::new(2, 3).unwrap();
    let [one, two] = [(); 2].map(|()| EmergencySet::of_key(&key, scheme, created()).unwrap());
    let mut shares = EmergencyShares::of(key.public_key());
    shares.add(&printed(&one)[0], None).unwrap();
    assert_eq!(shares.add(&printed(&two)[1], None), Err(AddShareError::Foreign));
}

#[cfg(unix)]
#[test]
fn saved_share_is_private_and_loads_again() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let set = stage(KeyKind::X25519, 2, 2);
    for (number, share) in [printed(&set), protected(&set)].iter().flatten().enumerate() {
        let path = folder.path().join(number.to_string());
        share.save_new(&path).unwrap();
        assert!(share.save_new(&path).is_err());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(*ShareText::load(&path).unwrap().render(), *share.render());
    }
    let long = folder.path().join("long");
    std::fs::write(&long, vec![b'a'; MAX_SHARE_LEN * 4]).unwrap();
    let error = ShareText::load(&long).unwrap_err();
    assert!(matches!(error, LoadShareError::Format(ShareFormatError::TooLong)));
}

#[test]
fn debug_output_shows_no_secret() {
    let set = stage(KeyKind::X25519, 2, 2);
    let share = set.shares().next().unwrap();
    let mut shares = EmergencyShares::new();
    shares.add(&share.printed(), None).unwrap();
    let shown = format!("{set:?} {share:?} {:?} {shares:?}", share.printed());
    let secret = format!("{:?}", &set.secrets[0][..4]);
    assert!(!shown.contains(secret.trim_matches(['[', ']'])), "{shown}");
    assert!(shown.len() < 400);
}
