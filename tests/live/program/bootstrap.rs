//! `medsec key bootstrap`: a server is set up, and what it sets up is enough and no more.

use std::collections::{BTreeMap, BTreeSet};

use medsec_evidence::{Ev, Proven, evidence};
use medsec_testkit::iam::{Decision, Policy, Request, decide};
use serde_json::{Value, json};

use super::home::{CONTENT, Home, Refused};
use crate::support::vault::fresh;

/// A home, and names that the server does not have yet.
struct Clinic {
    home: Home,
    mount: String,
    prefix: String,
}

impl Clinic {
    fn new() -> Self {
        Self { home: Home::new(), mount: fresh("clinic"), prefix: fresh("role") }
    }

    fn line(&self) -> String {
        let Self { home, mount, prefix } = self;
        let address = home.scene.api.address;
        format!(
            "key bootstrap --vault http://{address} --plain-loopback --token-file home/bao.token \
             --mount {mount} --prefix {prefix} --key ct --key mri --user ada"
        )
    }

    fn is_mounted(&self) -> bool {
        let (status, _) =
            self.home.scene.api.ask("GET", &format!("sys/mounts/{}", self.mount), &Value::Null);
        status == 200
    }

    /// Takes the printed settings with an AppRole of these policies, made as the program says.
    fn take_settings(&self, printed: &Value, roles: &[&str]) {
        let api = &self.home.scene.api;
        let auth = fresh("approle");
        api.must("POST", &format!("sys/auth/{auth}"), &json!({"type": "approle"}));
        let policies: Vec<_> = roles.iter().map(|role| format!("{}-{role}", self.prefix)).collect();
        let role = format!("auth/{auth}/role/clinic");
        api.must(
            "POST",
            &role,
            &json!({"token_policies": policies, "token_no_default_policy": true}),
        );
        let told = api.must("GET", &format!("{role}/role-id"), &Value::Null);
        let id = told["data"]["role_id"].as_str().unwrap();
        let told = api.must("POST", &format!("{role}/secret-id"), &json!({}));
        self.home.secret("bao.secret-id", told["data"]["secret_id"].as_str().unwrap());
        let text = printed.as_str().unwrap();
        let role_id = format!("role_id = \"{id}\", mount = \"{auth}\"");
        let text = text.replace("role_id = \"…\"", &role_id);
        assert!(text.contains(id), "{text}");
        self.home.settings(&format!("{text}\n"));
    }
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(a)(2)(iv)"],
    claim = "the program shows what it would set up at OpenBao before it does it, does exactly that, and a second time finds nothing to do",
    polarity = allow,
)]
fn server_is_set_up_once(ev: Ev) -> Proven {
    let clinic = Clinic::new();
    let shown = ev.allows(clinic.home.tried(&clinic.line()));
    let steps = [
        format!("mount the transit engine at {}/", clinic.mount),
        "make the key ct (aes256-gcm96, derived, rotated by the server every 365 days)".to_owned(),
        format!("make the key {}-user-ada", clinic.prefix),
        format!("write the policy {}-seal", clinic.prefix),
        "nothing was changed".to_owned(),
    ];
    ev.holds("it is shown", steps.iter().all(|step| shown.contains(step)));
    ev.holds("showing changes nothing", !clinic.is_mounted());
    let (code, applied) = clinic.home.json(&format!("{} --apply", clinic.line()));
    ev.equal("it is done", &(code, applied["steps"].as_array().unwrap().len()), &(Some(0), 8));
    ev.holds("and there", clinic.is_mounted());
    let (code, again) = clinic.home.json(&format!("{} --apply", clinic.line()));
    ev.equal(
        "nothing is left to do",
        &(code, again["steps"].as_array().unwrap().len()),
        &(Some(0), 0),
    );
    let told = clinic.home.done(&format!("{} --apply", clinic.line()));
    ev.holds("which it says", told.starts_with("everything is there; nothing to do"));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(a)(2)(iv)"],
    claim = "with the settings that the set-up prints, who may seal cannot open, and who may do both can",
    polarity = deny,
)]
fn printed_settings_work_as_far_as_the_role_permits(ev: Ev) -> Proven {
    let clinic = Clinic::new();
    let (_, done) = clinic.home.json(&format!("{} --apply", clinic.line()));
    clinic.take_settings(&done["settings"], &["seal"]);
    ev.allows(clinic.home.tried("seal scan --key bao:ct -o scan.msp"));
    ev.denies(clinic.home.tried("open scan.msp -o out"), |Refused(code, _)| *code == Some(15));
    clinic.take_settings(&done["settings"], &["rewrap"]);
    let refused = |Refused(code, _): &Refused| *code == Some(15);
    ev.denies(clinic.home.tried("seal scan --key bao:ct -o other.msp"), refused);
    ev.denies(clinic.home.tried("open scan.msp -o out"), refused);
    ev.holds("nothing was made", !clinic.home.path("out").exists());
    clinic.take_settings(&done["settings"], &["seal", "open"]);
    ev.equal("both roles together", &clinic.home.opened("scan.msp"), &CONTENT.to_vec());
    ev.proven()
}

#[test]
fn token_that_may_not_administer_changes_nothing() {
    let clinic = Clinic::new();
    let token = clinic.home.scene.api.token("path \"x\" { capabilities = [\"read\"] }", &json!({}));
    clinic.home.secret("bao.token", &token);
    let Refused(code, said) = clinic.home.tried(&format!("{} --apply", clinic.line())).unwrap_err();
    assert!(code == Some(15) && said.contains("nothing was changed"), "{said}");
    assert!(!said.contains(&token) && !clinic.is_mounted(), "{said}");
}

#[test]
fn key_that_is_not_derived_is_told_and_left_as_it_is() {
    let clinic = Clinic::new();
    let api = &clinic.home.scene.api;
    api.must("POST", &format!("sys/mounts/{}", clinic.mount), &json!({"type": "transit"}));
    let key = format!("{}/keys/mri", clinic.mount);
    api.must("POST", &key, &json!({"derived": false}));
    let Refused(code, said) = clinic.home.tried(&format!("{} --apply", clinic.line())).unwrap_err();
    assert!(code == Some(15) && said.contains("`mri` is there already"), "{said}");
    assert_eq!(api.must("GET", &key, &Value::Null)["data"]["derived"], json!(false));
}

/// What AWS would say.
#[derive(Debug)]
struct Forbidden;

fn arn(id: &str) -> String {
    format!("arn:aws:kms:eu-central-1:123456789012:key/{id}")
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(a)(2)(iv)"],
    claim = "the policies that the program prints for AWS let a role rewrap from the named keys to the named one, and refuse it another destination, another data set and a data key",
    polarity = deny,
)]
fn policies_for_aws_refuse_foreign_destinations_and_contexts(ev: Ev) -> Proven {
    let line = format!(
        "key bootstrap --aws {} --source {} --for-dataset ct --administrator {} --sealing-role {} \
         --opening-role {} --rewrapping-role {}",
        arn("new"),
        arn("old"),
        role("administer"),
        role("seal"),
        role("open"),
        role("rewrap")
    );
    let (code, printed) = Home::new().json(&line);
    ev.equal("they are printed", &code, &Some(0));
    let policy = |value: &Value| Policy::parse(&value.to_string());
    let rewrapping = policy(&printed["rewrapping"]);
    let says = |action: &str, key: &str, dataset: &str| {
        let pairs = [("medsec:bind", "AAAA"), ("medsec:dataset", dataset)];
        let mut context = BTreeMap::new();
        for (name, value) in pairs {
            let one = BTreeSet::from([value.to_owned()]);
            context.insert(format!("kms:EncryptionContext:{name}"), one);
        }
        let names = pairs.map(|(name, _)| name.to_owned());
        context.insert("kms:EncryptionContextKeys".to_owned(), BTreeSet::from(names));
        context.insert("kms:ReEncryptOnSameKey".to_owned(), BTreeSet::from(["false".to_owned()]));
        let (principal, action) = (role("rewrap"), format!("kms:{action}"));
        let request = Request { principal, action, resource: key.to_owned(), context };
        let allowed = match printed["keys"].get(key) {
            Some(of_key) => decide(&rewrapping, &policy(of_key), &request),
            None => rewrapping.decide(&request) == Decision::Allow,
        };
        allowed.then_some(()).ok_or(Forbidden)
    };
    let refused = |_: &Forbidden| true;
    ev.allows(says("ReEncryptFrom", &arn("old"), "ct"));
    ev.allows(says("ReEncryptTo", &arn("new"), "ct"));
    // A foreign destination, a source as one, another data set, a data key.
    ev.denies(says("ReEncryptTo", &arn("foreign"), "ct"), refused);
    ev.denies(says("ReEncryptTo", &arn("old"), "ct"), refused);
    ev.denies(says("ReEncryptTo", &arn("new"), "mri"), refused);
    ev.denies(says("ReEncryptFrom", &arn("old"), "mri"), refused);
    ev.denies(says("Decrypt", &arn("old"), "ct"), refused);
    ev.proven()
}

#[test]
fn alias_is_no_destination() {
    let line = format!(
        "key bootstrap --aws alias/archive --any-dataset --administrator {} --sealing-role {} \
         --opening-role {} --rewrapping-role {}",
        role("administer"),
        role("seal"),
        role("open"),
        role("rewrap")
    );
    let Refused(code, said) = Home::new().tried(&line).unwrap_err();
    assert!(code == Some(2) && said.contains("--aws is not the ARN of a key"), "{said}");
}
