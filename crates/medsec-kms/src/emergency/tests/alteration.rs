use super::*;

/// What became of an altered text.
fn read(set: &EmergencySet, original: &ShareText, altered: &[u8]) -> Result<bool, String> {
    let share = ShareText::parse(altered).map_err(|error| format!("{error:?}"))?;
    if share.passphrase_params().is_some_and(|params| params.memory_kib() > 1024) {
        return Err("costly".to_owned());
    }
    let mut shares = EmergencyShares::of(set.public_key().clone());
    let added = shares.add(&share, Some(&passphrase("right")));
    added.map_err(|error| format!("{error:?}"))?;
    Ok(*share.render() == *original.render())
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "no byte of a share can be changed without the share being refused or read as the same",
    polarity = deny,
)]
fn every_flipped_byte_of_a_share_is_refused(ev: Ev) -> Proven {
    let set = stage(KeyKind::X25519, 2, 3);
    let mut refused = 0_u32;
    for share in [&printed(&set)[1], &protected(&set)[1]] {
        let text = share.render();
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut altered = text.as_bytes().to_vec();
                altered[at] ^= 1 << bit;
                let result = read(&set, share, &altered);
                // Paper forgives case, blanks and what stands in lines for people.
                if let (Ok(same), None) = (&result, share.public_key()) {
                    ev.holds("the same share", *same);
                    continue;
                }
                ev.denies(result, |reason| !reason.is_empty());
                refused = refused.saturating_add(1);
            }
        }
    }
    ev.holds("most were refused", refused > 5_000);
    ev.proven()
}

#[test]
fn every_truncated_share_is_refused() {
    let set = stage(KeyKind::X25519, 2, 2);
    for share in [&printed(&set)[0], &protected(&set)[0]] {
        let text = share.render();
        // Paper may lack its last line end.
        let shortest = text.len() - usize::from(share.public_key().is_none());
        for len in 0..shortest {
            assert!(ShareText::parse(&text.as_bytes()[..len]).is_err(), "{len}");
        }
    }
}

#[test]
fn mistyped_line_of_paper_is_named() {
    let set = stage(KeyKind::X25519, 2, 5);
    let text = printed(&set)[0].render();
    for line in 1..=13_u8 {
        let number = format!("\n{line:02} ");
        let at = text.find(&number).unwrap() + number.len() + 2;
        let mut altered = text.as_bytes().to_vec();
        altered[at] = if altered[at] == b'7' { b'8' } else { b'7' };
        let error = ShareText::parse(&altered).unwrap_err();
        assert_eq!(error, ShareFormatError::Mistyped { line });
    }
}

#[test]
fn lines_left_out_or_exchanged_are_named() {
    let set = stage(KeyKind::X25519, 2, 3);
    let text = printed(&set)[0].render();
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| ShareText::parse(lines.join("\n").as_bytes()).unwrap_err();
    let mut without = lines.clone();
    without.remove(5);
    assert_eq!(joined(&without), ShareFormatError::Line { line: 3 });
    let mut exchanged = lines.clone();
    exchanged.swap(4, 5);
    assert_eq!(joined(&exchanged), ShareFormatError::Line { line: 2 });
    let (three, four) = (lines[5].replacen("03", "04", 1), lines[6].replacen("04", "03", 1));
    let mut renumbered = lines.clone();
    (renumbered[5], renumbered[6]) = (&four, &three);
    assert_eq!(joined(&renumbered), ShareFormatError::Mistyped { line: 3 });
    assert_eq!(joined(&lines[..lines.len() - 1]), ShareFormatError::Incomplete);
}

#[test]
fn paper_typed_by_hand_is_forgiven_its_form() {
    let set = stage(KeyKind::X25519, 2, 3);
    let share = &printed(&set)[0];
    let text = share.render();
    let body: String = text.lines().skip(1).filter(|line| !line.starts_with('#')).fold(
        String::new(),
        |text, line| {
            let (number, rest) = line.split_once(' ').unwrap();
            let rest = rest.to_lowercase().replace('0', "o").replace('1', "l").replace(' ', "-");
            format!("{text}\r\n  {number}  {rest} \t\r\n")
        },
    );
    let typed = format!("MEDSEC emergency share v1, printed{body}");
    let read = ShareText::parse(typed.as_bytes()).unwrap();
    assert_eq!(*read.render(), *share.render());
}

#[test]
fn share_altered_with_its_checksums_is_named() {
    let mut set = stage(KeyKind::X25519, 2, 3);
    set.secrets[1][0] ^= 1;
    for altered in [&printed(&set)[1], &protected(&set)[1]] {
        let text = altered.render();
        let share = ShareText::parse(text.as_bytes()).unwrap();
        let mut shares = EmergencyShares::of(set.public_key().clone());
        let error = shares.add(&share, Some(&passphrase("right"))).unwrap_err();
        assert_eq!(error, AddShareError::Altered { share: 2 });
    }
}

#[test]
fn share_altered_with_its_commitment_contradicts_the_others() {
    let mut set = stage(KeyKind::X25519, 2, 3);
    let honest = printed(&set);
    set.secrets[1][0] ^= 1;
    let head = &set.head;
    let secrets = &set.secrets;
    set.head = Head::new(head.set, head.scheme, &set.public_key, head.created_at, secrets);
    let mut shares = EmergencyShares::of(set.public_key().clone());
    shares.add(&honest[0], None).unwrap();
    let error = shares.add(&printed(&set)[1], None).unwrap_err();
    assert_eq!(error, AddShareError::Contradicts { share: 2 });
    // Who forges all of them still does not make the stated key.
    let error = combine(&set, &printed(&set), 0b011).unwrap_err();
    assert_eq!(error, CombineError::NotTheKey);
}

#[test]
fn costly_parameters_and_other_forms_are_refused() {
    let set = stage(KeyKind::X25519, 2, 3);
    let text = protected(&set)[0].render();
    let (body, _) = text.split_once("check: ").unwrap();
    for (from, to) in [
        ("m=8 ", "m=1048577 "),
        ("m=8 ", "m=08 "),
        ("t=1 ", "t=17 "),
        ("share: 1 of 3, 2 needed", "share: 0 of 3, 2 needed"),
        ("share: 1 of 3, 2 needed", "share: 4 of 3, 2 needed"),
        ("share: 1 of 3, 2 needed", "share: 1 of 3, 1 needed"),
        ("share: 1 of 3, 2 needed", "share: 1 of 4, 2 needed"),
        ("share: 1 of 3, 2 needed", "share: 01 of 3, 2 needed"),
        ("share: 1 of 3, 2 needed", "share: 1 of 17, 2 needed"),
        ("created: ", "created:  "),
        ("argon2id", "plain"),
    ] {
        let altered = body.replace(from, to);
        assert_ne!(altered, body, "{from}");
        let altered = with_check(&altered);
        assert!(ShareText::parse(altered.as_bytes()).is_err(), "{to}");
    }
    assert!(ShareText::parse(with_check(body).as_bytes()).is_ok());
    let signer = PrivateKey::generate(KeyKind::Ed25519).unwrap().public_key().to_string();
    let public = body.lines().nth(3).unwrap();
    let altered = body.replace(public, &format!("public: {signer}"));
    let error = ShareText::parse(with_check(&altered).as_bytes()).unwrap_err();
    assert_eq!(error, ShareFormatError::Line { line: 4 });
}

/// A checksum that fits: anybody can make it.
fn with_check(body: &str) -> String {
    use base64::Engine as _;
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(body);
    let check = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&digest[..8]);
    format!("{body}check: {check}\n")
}
