//! The key store through the program: made, shared, changed, saved and put back.

use medsec_evidence::{Ev, Proven, evidence};

use crate::ward::{Run, SCAN, Ward};

/// A home with an administrator, the key `default`, and the user `ann`, who holds nothing.
fn home() -> Ward {
    let ward = Ward::with_lax_home();
    ward.line("user keys ann --no-passphrase").ok();
    ward.line(&format!(
        "user add ann --recipient {} --signer {}",
        "home/identities/ann.identity", "home/identities/ann.signer"
    ))
    .ok();
    ward
}

/// Runs the line and makes sure that the store is as it was.
fn refused(ward: &Ward, line: &str, code: i32) -> Run {
    let before = ward.read("home/store/state");
    let run = ward.line(line);
    assert_eq!(run.code, code, "{line}: {}", run.stderr);
    assert!(ward.read("home/store/state") == before, "{line}");
    run
}

#[test]
fn init_makes_a_private_home() {
    use std::os::unix::fs::PermissionsExt as _;
    let ward = Ward::new();
    ward.line("init --user ada --no-passphrase").ok();
    for (name, expected) in [
        ("home", 0o700),
        ("home/store", 0o700),
        ("home/identities", 0o700),
        ("home/store/state", 0o600),
        ("home/identities/ada.identity", 0o600),
        ("home/identities/ada.signer", 0o600),
        ("home/config.toml", 0o600),
        ("home/store.mark", 0o600),
    ] {
        let mode = std::fs::metadata(ward.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, expected, "{name}");
    }
    let left = ward.names().into_iter().filter(|name| name.starts_with(".medsec")).count();
    assert_eq!(left, 0);
}

#[test]
fn init_leaves_an_existing_home_alone() {
    let ward = home();
    assert_eq!(refused(&ward, "init --user ada --no-passphrase", 8).stdout, b"");
}

#[test]
fn init_under_a_passphrase_needs_it_for_every_change() {
    let ward = Ward::new();
    let passphrase = b"correct horse\n";
    let run = ward.piped("init --user ada --passphrase-fd 0", passphrase);
    run.ok();
    assert_eq!(ward.piped("key create ct --passphrase-fd 0", b"wrong\n").code, 11);
    assert_eq!(ward.line("key create ct").code, 2);
    ward.piped("key create ct --passphrase-fd 0", passphrase).ok();
    // Looking needs none.
    ward.line("key status ct").ok();
}

#[test]
fn commands_without_a_store_say_what_to_do() {
    let ward = Ward::new();
    for line in ["key status", "user list", "store status", "store backup x"] {
        let run = ward.line(line);
        assert_eq!(run.code, 14, "{line}");
        assert!(run.stderr.contains("medsec init"), "{}", run.stderr);
    }
}

#[test]
fn what_is_not_there_or_not_permitted_changes_nothing() {
    let ward = home();
    for line in [
        "key create default",
        "key rotate nothing",
        "key enable default",
        "key keep default",
        "user grant ann nothing",
        "user grant nobody default",
        "user revoke ann default",
        "user offboard nobody",
        "user offboard ada",
        "user dismiss ada",
        "user dismiss ann",
        "user add ann --recipient own.key",
        "user add other --recipient home/identities/ann.identity",
        "key destroy default --version 1 --confirm default",
    ] {
        refused(&ward, line, 15);
    }
    let own = "--identity home/identities/ann.identity --sign-with home/identities/ann.signer";
    refused(&ward, &format!("key rotate default {own}"), 15);
}

#[evidence(hipaa2013::"164.312(a)(2)(iv)", claim = "a key is destroyed only when its name is confirmed", polarity = deny)]
fn destruction_without_confirmation_does_nothing(ev: Ev) -> Proven {
    let ward = home();
    let before = ward.read("home/store/state");
    ev.denies(ward.line("key destroy default").result(), |refused| refused.0 == 2);
    ev.denies(ward.line("key destroy default --confirm defaul").result(), |refused| refused.0 == 2);
    ev.equal_bytes("the store is as it was", &ward.read("home/store/state"), &before);
    ev.proven()
}

#[test]
fn planned_destruction_can_be_taken_back() {
    let ward = home();
    ward.line("key destroy default --after 30 --confirm default").ok();
    let state =
        |ward: &Ward| ward.line("key status default --json").json()["keys"][0]["state"].clone();
    assert_eq!(state(&ward), "pending destruction");
    refused(&ward, "key rotate default", 15);
    ward.line("key keep default").ok();
    assert_eq!(state(&ward), "disabled");
    ward.line("key enable default").ok();
    assert_eq!(state(&ward), "enabled");
}

#[test]
fn offboarding_says_what_stays_open() {
    let ward = home();
    ward.line("user grant ann default").ok();
    ward.line("key rotate default").ok();
    let document = ward.line("user offboard ann --json").json();
    assert_eq!(document["held"][0]["key"], "default");
    assert_eq!(document["held"][0]["versions"], serde_json::json!([1, 2]));
    let key = ward.line("key status default --json").json();
    assert_eq!(key["keys"][0]["version"], 3);
    assert_eq!(key["keys"][0]["holders"], serde_json::json!(["ada"]));
}

#[test]
fn second_administrator_takes_over() {
    let ward = home();
    ward.line("user appoint ann").ok();
    let own = "--identity home/identities/ann.identity --sign-with home/identities/ann.signer";
    ward.line(&format!("user offboard ada {own}")).ok();
    refused(&ward, "key rotate default", 15);
    ward.line(&format!("key rotate default {own}")).ok();
    assert_eq!(ward.line("store status --json").json()["administrators"], 1);
}

#[test]
fn damaged_store_is_restored_from_its_backup() {
    let ward = home();
    ward.line("store backup copy").ok();
    refused(&ward, "store restore copy", 14);
    ward.flip_from_end("home/store/state", 50);
    let damaged = ward.read("home/store/state");
    for line in ["key status", "key rotate default", "store backup other"] {
        refused(&ward, line, 14);
    }
    ward.line("store restore copy").ok();
    ward.line("key rotate default").ok();
    let kept: Vec<_> = std::fs::read_dir(ward.path("home/store")).unwrap().collect();
    let kept = kept.into_iter().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    assert!(kept.into_iter().any(|bytes| bytes == damaged), "what was there is kept");
}

#[test]
fn restore_over_a_whole_store_has_to_be_asked_for() {
    let ward = home();
    ward.line("store backup copy").ok();
    ward.line("key create ct").ok();
    refused(&ward, "store restore copy", 14);
    ward.line("store restore copy --give-up-present").ok();
    assert_eq!(ward.line("key status ct").code, 15);
    assert_eq!(ward.line("key status default").code, 0);
}

#[evidence(hipaa2013::"164.312(c)(1)", claim = "an older copy in the place of the key store is noticed and left alone", polarity = deny)]
fn rolled_back_store_is_refused(ev: Ev) -> Proven {
    let ward = home();
    ward.line("user grant ann default").ok();
    let old = ward.read("home/store/state");
    ward.line("user revoke ann default").ok();
    ward.write("home/store/state", &old);
    for line in ["key status", "user list", "key rotate default"] {
        ev.denies(ward.line(line).result(), |refused| refused.0 == 14);
    }
    ev.equal_bytes("the store is as it was", &ward.read("home/store/state"), &old);
    ev.proven()
}

#[test]
fn foreign_store_is_refused() {
    let (ward, other) = (home(), home());
    ward.write("home/store/state", &other.read("home/store/state"));
    refused(&ward, "key status", 14);
}

/// Seals the patient's file under a key of the store.
fn seal(ward: &Ward, key: &str, out: &str) -> Run {
    ward.line(&format!("seal {SCAN} --key {key} -o {out}"))
}

/// Opens as a user; the code the program ends with.
fn opens(ward: &Ward, user: &str, package: &str) -> i32 {
    let _ = std::fs::remove_file(ward.path("opened"));
    let identity = format!("--identity home/identities/{user}.identity");
    let run = ward.line(&format!("open {package} {identity} --any-signer -o opened"));
    if run.code == 0 {
        assert_eq!(ward.read("opened"), ward.content);
    } else {
        assert!(!ward.exists("opened"));
    }
    run.code
}

#[evidence(hipaa2013::"164.312(a)(1)", claim = "a user opens what was granted and nothing else, and nothing sealed after removal", polarity = deny)]
fn grants_decide_who_opens(ev: Ev) -> Proven {
    let ward = home();
    ward.line("key create ct").ok();
    ward.line("user grant ann ct").ok();
    seal(&ward, "ct", "ct.msp").ok();
    seal(&ward, "default", "other.msp").ok();
    ev.equal("ann opens what was granted", &opens(&ward, "ann", "ct.msp"), &0);
    ev.equal("and not what was not", &opens(&ward, "ann", "other.msp"), &15);
    ward.line("user revoke ann ct").ok();
    seal(&ward, "ct", "later.msp").ok();
    ev.equal("nothing sealed after a revocation", &opens(&ward, "ann", "later.msp"), &15);
    ward.line("user offboard ann").ok();
    ev.equal("nothing after removal", &opens(&ward, "ann", "later.msp"), &15);
    ev.equal("the administrator opens all", &opens(&ward, "ada", "later.msp"), &0);
    ev.denies(ward.line(&format!("seal {SCAN} --key ct -o x --identity home/identities/ann.identity --sign-with home/identities/ann.signer")).result(), |refused| refused.0 == 15);
    ev.proven()
}

#[test]
fn package_says_its_dataset_and_is_signed() {
    let ward = home();
    seal(&ward, "default", "scan.msp").ok();
    let document = ward.line("inspect scan.msp --json").json();
    assert_eq!(document["results"][0]["dataset"], "default", "{document}");
    ward.line("verify scan.msp --signer home/identities/ada.signer").ok();
}

#[test]
fn rotation_keeps_old_packages_open_until_they_are_moved() {
    let ward = home();
    seal(&ward, "default", "scan.msp").ok();
    ward.line("key rotate default").ok();
    assert_eq!(opens(&ward, "ada", "scan.msp"), 0);
    std::fs::copy(ward.path("scan.msp"), ward.path("kept.msp")).unwrap();
    ward.line("rewrap scan.msp --to-key default").ok();
    ward.line("key destroy default --version 1 --confirm default").ok();
    assert_eq!(opens(&ward, "ada", "scan.msp"), 0);
    assert_eq!(opens(&ward, "ada", "kept.msp"), 15);
}

#[evidence(hipaa2013::"164.310(d)(2)(i)", claim = "what was sealed under a destroyed key does not open, and the program says why", polarity = deny)]
fn destroyed_key_closes_its_packages(ev: Ev) -> Proven {
    let ward = home();
    seal(&ward, "default", "scan.msp").ok();
    ward.line("key destroy default --confirm default").ok();
    let run = ward.line("open scan.msp --any-signer -o opened");
    ev.denies(run.result(), |refused| refused.0 == 15);
    ev.holds("it says that the key was destroyed", run.stderr.contains("destroyed"));
    ev.holds("nothing was written", !ward.exists("opened"));
    ev.denies(seal(&ward, "default", "new.msp").result(), |refused| refused.0 == 15);
    ev.proven()
}

#[test]
fn disabled_key_neither_seals_nor_opens() {
    let ward = home();
    seal(&ward, "default", "scan.msp").ok();
    ward.line("key disable default").ok();
    assert_eq!(opens(&ward, "ada", "scan.msp"), 15);
    assert_eq!(seal(&ward, "default", "new.msp").code, 15);
    ward.line("key enable default").ok();
    assert_eq!(opens(&ward, "ada", "scan.msp"), 0);
}

#[test]
fn package_of_another_store_is_not_for_us() {
    let (ward, other) = (home(), home());
    seal(&other, "default", "scan.msp").ok();
    ward.write("scan.msp", &other.read("scan.msp"));
    assert_eq!(opens(&ward, "ada", "scan.msp"), 4);
}

#[test]
fn sealing_with_an_overdue_key_says_so_and_seals() {
    let ward = home();
    ward.line("key create old --max-age 0").ok();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let run = seal(&ward, "old", "scan.msp");
    run.ok();
    assert!(run.stderr.contains("older than it should be"), "{}", run.stderr);
}

#[test]
fn users_of_the_store_are_the_signers_expected() {
    let ward = home();
    std::fs::create_dir(ward.path("study")).unwrap();
    ward.write("study/1", b"content");
    ward.line("seal study --key default --out-dir sealed").ok();
    ward.line("verify sealed").ok();
    ward.line("open sealed --out-dir opened").ok();
    assert_eq!(ward.read("opened/1"), b"content");
    seal(&ward, "default", "own.msp").ok();
    ward.line("open own.msp -o own").ok();
    let stranger = format!("seal {SCAN} --key default --sign-with sign.key -o stranger.msp");
    ward.line(&stranger).ok();
    assert_eq!(ward.line("open stranger.msp -o stranger").code, 4);
}

#[test]
fn second_user_joins_with_a_home_of_his_own() {
    let ward = home();
    let id = ward.line("store status --json").json()["store"].as_str().unwrap().to_owned();
    let join = "init --home bens --join home/store --user ben --no-passphrase";
    assert_eq!(ward.line(&format!("{join} --store-id {}", "0".repeat(32))).code, 14);
    assert!(!ward.exists("bens"));
    let made = ward.line(&format!("{join} --store-id {id} --json")).json();
    let (recipient, signer) =
        (made["recipient"].as_str().unwrap(), made["signer"].as_str().unwrap());
    ward.line(&format!("user add ben --recipient {recipient} --signer {signer} --grant default"))
        .ok();
    ward.line(&format!("seal {SCAN} --key default --home bens -o scan.msp")).ok();
    ward.line("open scan.msp -o opened").ok();
    assert_eq!(ward.read("opened"), ward.content);
}

#[test]
fn init_beside_a_named_store_makes_nothing() {
    let ward = Ward::new();
    let output = ward
        .command(["init", "--user", "ada", "--no-passphrase"])
        .env("MEDSEC_STORE", "other")
        .output();
    assert_eq!(output.unwrap().status.code(), Some(2));
    assert!(!ward.exists("home"));
}

#[test]
fn key_that_nobody_signs_for_is_not_sealed_under() {
    let ward = home();
    let config = String::from_utf8(ward.read("home/config.toml")).unwrap();
    let config: Vec<&str> = config.lines().filter(|line| !line.starts_with("signer")).collect();
    ward.write("home/config.toml", config.join("\n").as_bytes());
    assert_eq!(seal(&ward, "default", "scan.msp").code, 2);
    ward.line(&format!("seal {SCAN} --key default --unsigned -o scan.msp")).ok();
    assert_eq!(ward.line("open scan.msp -o opened").code, 4);
    ward.line("open scan.msp --any-signer -o opened").ok();
}

#[test]
fn missing_store_is_told_where_its_package_is_opened() {
    let ward = home();
    seal(&ward, "default", "scan.msp").ok();
    std::fs::remove_file(ward.path("home/store/state")).unwrap();
    assert_eq!(ward.line("open scan.msp --any-signer -o opened").code, 14);
    assert!(!ward.exists("opened"));
}

/// Who may do what hangs on the store's administrators: without them not even an own key opens.
#[test]
fn damaged_store_closes_what_the_own_key_would_open() {
    let ward = home();
    let to = "--to home/identities/ada.identity";
    ward.line(&format!("seal {SCAN} --key default {to} -o both.msp")).ok();
    ward.flip_from_end("home/store/state", 40);
    let run = ward.line("open both.msp --any-signer -o opened");
    assert_eq!(run.code, 14);
    assert!(run.stderr.contains("medsec store restore"), "{}", run.stderr);
    assert!(!ward.exists("opened"));
}

#[test]
fn broken_settings_are_told_by_whatever_needs_them() {
    let ward = home();
    seal(&ward, "default", "scan.msp").ok();
    ward.write("home/config.toml", b"[stor]\n");
    for line in ["open scan.msp -o x", "open scan.msp --any-signer --identity own.key -o x"] {
        let run = ward.line(line);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains("line 1"), "{}", run.stderr);
    }
}

#[test]
fn restore_that_brings_back_a_removed_user_has_to_be_asked_for() {
    let ward = home();
    ward.line("user grant ann default").ok();
    ward.line("store backup copy").ok();
    ward.line("user offboard ann").ok();
    ward.flip_from_end("home/store/state", 50);
    refused(&ward, "store restore copy", 14);
    let restored = ward.line("store restore copy --give-up-present");
    restored.ok();
    assert!(restored.text().contains("1 change(s) made since the copy are lost"));
    ward.line("user offboard ann").ok();
    seal(&ward, "default", "later.msp").ok();
    assert_eq!(opens(&ward, "ann", "later.msp"), 15);
}

#[test]
fn package_of_a_lost_version_says_so_after_a_restore() {
    let ward = home();
    ward.line("store backup copy").ok();
    ward.line("key rotate default").ok();
    seal(&ward, "default", "lost.msp").ok();
    ward.flip_from_end("home/store/state", 50);
    ward.line("store restore copy --give-up-present").ok();
    ward.line("key rotate default").ok();
    let run = ward.line("open lost.msp -o opened");
    assert_eq!(run.code, 15, "{}", run.stderr);
    assert!(run.stderr.contains("restored from an older copy"), "{}", run.stderr);
}

#[test]
fn copy_from_before_a_new_administrator_needs_a_word() {
    let ward = home();
    ward.line("store backup copy").ok();
    ward.line("user appoint ann").ok();
    std::fs::remove_file(ward.path("home/store/state")).unwrap();
    for way in ["", "--give-up-present"] {
        assert_eq!(ward.line(&format!("store restore copy {way}")).code, 14);
    }
    ward.line("store restore copy --give-up-administrators").ok();
    ward.line("key rotate default").ok();
}

#[test]
fn copies_at_fault_are_told_from_the_store() {
    let ward = home();
    ward.write("cut", &ward.read("home/store/state")[..200]);
    for copy in ["nothing", "cut"] {
        let run = ward.line(&format!("store restore {copy}"));
        assert!(matches!(run.code, 9 | 14), "{}", run.code);
        assert!(run.stderr.contains("copy"), "{}", run.stderr);
        assert!(!run.stderr.contains("medsec init"), "{}", run.stderr);
    }
}

#[test]
fn change_whose_old_file_stays_says_that_it_is_made() {
    let ward = home();
    std::fs::hard_link(ward.path("home/store/state"), ward.path("link")).unwrap();
    assert_eq!(ward.line("key create ct").code, 16);
    ward.line("key status ct").ok();
}

#[test]
fn rotating_what_is_not_overdue_changes_nothing() {
    let ward = home();
    refused(&ward, "key rotate --overdue", 0);
    refused(&ward, "key destroy --due", 0);
}

#[test]
fn age_of_a_key_can_be_set() {
    let ward = home();
    let due = |ward: &Ward| {
        ward.line("key status default --json").json()["keys"][0]["rotation_due"].clone()
    };
    let before = due(&ward);
    ward.line("key age default --max-age 30").ok();
    assert_ne!(due(&ward), before);
    ward.line("key age default --no-max-age").ok();
    assert!(due(&ward).is_null());
}
