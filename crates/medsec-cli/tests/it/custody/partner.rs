//! Packages that a partner sealed, in a home and under a policy of their own, to a public key of ours.

use medsec_evidence::{Ev, Proven, evidence};

use crate::ward::{Refused, SCAN, Ward};

/// Our home with a partner's `scan.msp` for ada, and the partner's public key to sign as `bela.pub`.
fn received(dataset: &str) -> Ward {
    let ours = Ward::with_lax_home();
    let theirs = Ward::new();
    theirs.write_policy("policy", |path, text| match path {
        // The partner calls their data set otherwise.
        "roles.toml" => text.replace("default", dataset),
        _ => text,
    });
    let init = "init --user ada --no-passphrase --no-anchor --policy policy";
    theirs.line(&format!("{init} --key {dataset}")).ok();
    let public = |ward: &Ward, file: &str| {
        ward.line(&format!("identity show home/identities/{file}")).text().trim().to_owned()
    };
    let to = public(&ours, "ada.identity");
    theirs.line(&format!("seal {SCAN} --to {to} -o scan.msp")).ok();
    ours.write("scan.msp", &theirs.read("scan.msp"));
    ours.write("bela.pub", public(&theirs, "ada.signer").as_bytes());
    ours
}

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "a partner's package opens under a data set of the own policy that the user may open, and no other",
    polarity = deny,
)]
fn partners_package_opens_under_a_data_set_of_our_own(ev: Ev) -> Proven {
    let ward = received("theirs");
    let open = "open scan.msp --signer bela.pub -o x";
    let run = ward.line(&format!("{open} --dataset theirs"));
    ev.denies(run.result(), |refused| *refused == Refused(24));
    assert_eq!(ward.newest(), ["open", "denied", "policy"]);
    ev.denies(ward.line("open scan.msp -o x").result(), |refused| *refused == Refused(4));
    ev.holds("nothing was written", !ward.exists("x"));
    for (line, dataset) in [
        (open.to_owned(), "default"),
        (format!("{open} --dataset ct"), "ct"),
        ("open scan.msp --any-signer -o x".to_owned(), "default"),
    ] {
        ev.allows(ward.line(&line).result());
        ev.equal_bytes("the content is whole", &ward.read("x"), &ward.content);
        let records = ward.records();
        let filed = |one: &serde_json::Value| one["dataset"] == dataset;
        ev.holds("it is filed there", records.iter().rev().take(2).all(filed));
        std::fs::remove_file(ward.path("x")).unwrap();
    }
    ev.proven()
}

/// Their `ct` is not ours.
#[test]
fn name_of_a_partners_data_set_means_nothing_here() {
    let ward = received("ct");
    ward.line("open scan.msp --signer bela.pub -o x").ok();
    assert_eq!(ward.records().last().unwrap()["dataset"], "default");
}

/// A limit on a data set would be no limit if its packages could be opened as those of another one.
#[test]
fn own_packages_stay_in_their_data_set() {
    let ward = Ward::with_lax_home();
    ward.line("key create ct").ok();
    for (number, to) in ["--key ct", "--to own.key --dataset ct"].into_iter().enumerate() {
        ward.line(&format!("seal {SCAN} {to} -o {number}.msp")).ok();
        let identity = if number == 1 { "--identity own.key" } else { "" };
        ward.line(&format!("open {number}.msp {identity} --dataset default -o {number}.out")).ok();
        assert_eq!(ward.records().last().unwrap()["dataset"], "ct");
    }
}

#[test]
fn partners_folder_opens_too() {
    let ward = received("theirs");
    std::fs::create_dir(ward.path("sealed")).unwrap();
    std::fs::rename(ward.path("scan.msp"), ward.path("sealed/scan.msp")).unwrap();
    assert_eq!(ward.line("open sealed --out-dir x --any-signer --dataset theirs").code, 24);
    ward.line("open sealed --out-dir opened --signer bela.pub").ok();
    assert_eq!(ward.read(&format!("opened/{SCAN}")), ward.content);
}
