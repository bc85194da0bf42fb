//! A server set up by plan, and what the roles it makes can do.

use medsec_crypto::Dek;
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{
    BootstrapError, BootstrapPlan, BootstrapSpec, KeyAdmin as _, KeyService as _, KeyServiceError,
    KeySpec, VaultAdmin, VaultKeys, VaultSettings,
};
use serde_json::json;

use crate::support::vault::{Api, context, fresh, name, token, wait};

struct Clinic {
    api: Api,
    mount: String,
    prefix: String,
    admin: VaultAdmin,
}

impl Clinic {
    fn new() -> Self {
        let (api, mount) = (Api::live(), fresh("clinic"));
        let admin = VaultAdmin::new(api.settings(&mount)).unwrap();
        Self { api, mount, prefix: fresh("role"), admin }
    }

    fn spec(&self) -> BootstrapSpec {
        let key = |text| KeySpec { name: name(text), max_age_days: Some(365) };
        let spec = BootstrapSpec::new().datasets(&self.prefix, vec![key("ct"), key("mri")]);
        spec.unwrap().user(&self.prefix, "ada", None).unwrap()
    }

    fn plan(&self) -> Result<BootstrapPlan, BootstrapError> {
        wait(BootstrapPlan::make(&self.admin, &self.spec()))
    }

    /// A service for keys, with the token of a policy that was made.
    fn in_role(&self, role: &str, keys: &[&str]) -> VaultKeys {
        let asked =
            json!({"policies": [format!("{}-{role}", self.prefix)], "no_default_policy": true});
        let made = self.api.must("POST", "auth/token/create", &asked);
        let login = token(made["auth"]["client_token"].as_str().unwrap());
        let settings = VaultSettings { login, ..self.api.settings(&self.mount) };
        VaultKeys::new(settings, keys.iter().map(|key| name(key))).unwrap()
    }
}

#[test]
fn plan_is_shown_first_and_empty_the_second_time() {
    let clinic = Clinic::new();
    let plan = clinic.plan().unwrap();
    let shown = plan.to_string();
    assert!(shown.starts_with(&format!("mount the transit engine at {}/\n", clinic.mount)));
    assert!(
        shown.contains(
            "make the key ct (aes256-gcm96, derived, rotated by the server every 365 days)"
        )
    );
    assert_eq!(plan.steps().len(), 1 + 3 + 4, "{shown}");
    let (status, _) = clinic.api.ask("GET", &format!("sys/mounts/{}", clinic.mount), &json!(null));
    assert_ne!(status, 200, "a plan changes nothing");
    wait(plan.apply(&clinic.admin)).unwrap();
    let again = clinic.plan().unwrap();
    assert!(again.is_empty(), "{again}");
    wait(again.apply(&clinic.admin)).unwrap();
}

#[test]
fn plan_mends_what_is_missing_and_nothing_else() {
    let clinic = Clinic::new();
    wait(clinic.plan().unwrap().apply(&clinic.admin)).unwrap();
    let policy = format!("sys/policies/acl/{}-open", clinic.prefix);
    let foreign = "path \"*\" { capabilities = [\"sudo\"] }";
    clinic.api.must("POST", &policy, &json!({ "policy": foreign }));
    let refused = clinic.plan();
    let name = format!("{}-open", clinic.prefix);
    let named =
        matches!(&refused, Err(BootstrapError::Occupied { name: told, .. }) if *told == name);
    assert!(named, "{refused:?}");
    let spec = clinic.spec().replacing_policies();
    let plan = wait(BootstrapPlan::make(&clinic.admin, &spec)).unwrap();
    assert!(plan.to_string().starts_with(&format!("replace the policy {name}\n  - {foreign}\n")));
    assert_eq!(plan.steps().len(), 1);
    clinic.api.must("DELETE", &policy, &json!(null));
    let changed = wait(plan.apply(&clinic.admin));
    assert!(matches!(changed, Err(BootstrapError::Changed)), "{changed:?}");
    wait(clinic.plan().unwrap().apply(&clinic.admin)).unwrap();
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(a)(2)(iv)"],
    claim = "setting up another key leaves the roles the keys that they had",
    polarity = allow,
)]
fn second_key_takes_nothing_from_the_first(ev: Ev) -> Proven {
    let clinic = Clinic::new();
    let apply = |key: &str| {
        let spec = KeySpec { name: name(key), max_age_days: Some(365) };
        let spec = BootstrapSpec::new().datasets(&clinic.prefix, vec![spec]).unwrap();
        let plan = wait(BootstrapPlan::make(&clinic.admin, &spec)).unwrap();
        let shown = plan.to_string();
        wait(plan.apply(&clinic.admin)).unwrap();
        shown
    };
    apply("ct");
    let shown = apply("mri");
    let extended = format!("extend the policy {}-seal\n", clinic.prefix);
    ev.holds("what is added is shown", shown.contains(&extended) && shown.contains("\n  + path"));
    ev.holds("and nothing goes", !shown.contains("\n  - "));
    let keys = ["ct", "mri"];
    let [seal, open] = ["seal", "open"].map(|role| clinic.in_role(role, &keys));
    for key in keys {
        let (_, stanza) = ev.allows(wait(seal.generate_dek(&name(key), &context(1))));
        ev.allows(wait(open.unwrap_dek(&stanza, &context(1))));
    }
    ev.equal(
        "the first again changes nothing",
        &apply("ct"),
        &"everything is there; nothing to do\n".to_owned(),
    );
    ev.proven()
}

#[test]
fn other_rotation_period_is_a_step() {
    let clinic = Clinic::new();
    wait(clinic.plan().unwrap().apply(&clinic.admin)).unwrap();
    let period = |wanted: &str| {
        let path = format!("{}/keys/ct/config", clinic.mount);
        clinic.api.must("POST", &path, &json!({ "auto_rotate_period": wanted }));
    };
    for (present, told) in
        [("0s", "never"), ("720h", "every 30 days"), ("2h", "every 7200 seconds")]
    {
        period(present);
        let plan = clinic.plan().unwrap();
        let shown = format!("have the server rotate the key ct every 365 days (now: {told})\n");
        assert_eq!(plan.to_string(), shown);
        wait(plan.apply(&clinic.admin)).unwrap();
        assert!(clinic.plan().unwrap().is_empty());
    }
    // A limit that nobody asks for is left as it is.
    let key = KeySpec { name: name("ct"), max_age_days: None };
    let spec = BootstrapSpec::new().datasets(&clinic.prefix, vec![key]).unwrap();
    assert!(wait(BootstrapPlan::make(&clinic.admin, &spec)).unwrap().is_empty());
}

#[test]
fn unsuitable_key_of_the_name_stops_the_plan() {
    let clinic = Clinic::new();
    clinic.api.must("POST", &format!("sys/mounts/{}", clinic.mount), &json!({"type": "transit"}));
    clinic.api.must("POST", &format!("{}/keys/mri", clinic.mount), &json!({"derived": false}));
    let refused = clinic.plan();
    let named = matches!(&refused, Err(BootstrapError::Occupied { name, .. }) if name == "mri");
    assert!(named, "{refused:?}");
}

#[test]
fn mount_of_another_engine_stops_the_plan() {
    let clinic = Clinic::new();
    clinic.api.must("POST", &format!("sys/mounts/{}", clinic.mount), &json!({"type": "kv"}));
    let refused = clinic.plan();
    assert!(matches!(refused, Err(BootstrapError::Occupied { .. })), "{refused:?}");
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(a)(2)(iv)"],
    claim = "with the policies that are set up, who seals cannot open, who rewraps can do neither, and no role reaches a key that it was not given",
    polarity = deny,
)]
fn roles_do_what_they_are_for_and_no_more(ev: Ev) -> Proven {
    let clinic = Clinic::new();
    wait(clinic.plan().unwrap().apply(&clinic.admin)).unwrap();
    clinic.api.must("POST", &format!("{}/keys/secret", clinic.mount), &json!({"derived": true}));
    let all = ["ct", "secret"];
    let [seal, open, rewrap] = ["seal", "open", "rewrap"].map(|role| clinic.in_role(role, &all));
    let (ct, one) = (name("ct"), context(1));
    let denied = |e: &KeyServiceError| matches!(e, KeyServiceError::NotPermitted);
    let (dek, stanza) = ev.allows(wait(seal.generate_dek(&ct, &one)));
    ev.denies(wait(seal.unwrap_dek(&stanza, &one)), denied);
    ev.denies(wait(seal.rewrap_dek(&stanza, &ct, &one)), denied);
    let again = ev.allows(wait(rewrap.rewrap_dek(&stanza, &ct, &one)));
    ev.denies(wait(rewrap.unwrap_dek(&again, &one)), denied);
    ev.denies(wait(rewrap.generate_dek(&ct, &one)), denied);
    ev.denies(wait(rewrap.wrap_dek(&ct, &dek, &one)), denied);
    let opened = ev.allows(wait(open.unwrap_dek(&again, &one)));
    ev.holds("it is the data key", opened.expose_secret() == dek.expose_secret());
    ev.denies(wait(open.generate_dek(&ct, &one)), denied);
    let fresh = Dek::generate().unwrap();
    for role in [&seal, &open, &rewrap] {
        ev.denies(wait(role.wrap_dek(&name("secret"), &fresh, &one)), denied);
        ev.denies(wait(role.describe_key(&name("secret"))), denied);
        ev.denies(wait(role.rewrap_dek(&stanza, &name("secret"), &one)), denied);
    }
    let own = format!("{}-user-ada", clinic.prefix);
    let ada = clinic.in_role("user-ada", &[&own, "ct"]);
    let (_, hers) = ev.allows(wait(ada.generate_dek(&name(&own), &one)));
    ev.allows(wait(ada.unwrap_dek(&hers, &one)));
    ev.denies(wait(ada.unwrap_dek(&stanza, &one)), denied);
    ev.proven()
}

/// Keys of other programs in the mount are not this one's.
#[test]
fn keys_of_others_are_not_listed() {
    let clinic = Clinic::new();
    wait(clinic.plan().unwrap().apply(&clinic.admin)).unwrap();
    for (key, asked) in [
        ("theirs", json!({"derived": false})),
        ("signing", json!({"type": "ed25519"})),
        ("open", json!({"derived": true, "exportable": true})),
    ] {
        clinic.api.must("POST", &format!("{}/keys/{key}", clinic.mount), &asked);
    }
    let listed = wait(clinic.admin.list_keys()).unwrap();
    let names: Vec<_> = listed.iter().map(|key| key.name.as_str().to_owned()).collect();
    assert_eq!(names, ["ct".to_owned(), "mri".to_owned(), format!("{}-user-ada", clinic.prefix)]);
}
