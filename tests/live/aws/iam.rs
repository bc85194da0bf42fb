//! Who may do what, as moto's IAM decides it. It looks at identity policies and their actions; a statement that names
//! the ARN of a key, or has a condition, permits nothing there. So the policies are tried without both, and whole with an
//! evaluator of our own, beside `AwsBootstrap`.

use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{
    AwsAccessKey, AwsBootstrap, AwsConnection, AwsDatasets, AwsKeys, AwsPrincipals, KeyName,
    KeyService as _, KeyServiceError,
};

use super::emulator::{
    REGION, access_key, authorization, context, inside, name, settings_at, wait,
};
use crate::support::plain_http::{ask, post};
use crate::support::variable;

/// A moto of this test alone.
struct Iam(String);

impl Iam {
    fn call(&self, parameters: &[(&str, &str)]) -> String {
        let fields = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        let body = fields.collect::<Vec<_>>().join("&") + "&Version=2010-05-08";
        let headers = format!(
            "Content-Type: application/x-www-form-urlencoded\r\n{}",
            authorization("a", REGION, "iam")
        );
        let (status, answer) = post(self.host(), &headers, &body);
        assert_eq!(status, 200, "{answer}");
        answer
    }

    fn host(&self) -> &str {
        self.0.trim_start_matches("http://")
    }

    /// A user with a policy.
    fn user(&self, role: &str, policy: &str) -> (String, String) {
        // The server may have seen this test before.
        let user = &format!("{role}-{}", std::process::id());
        self.call(&[("Action", "CreateUser"), ("UserName", user)]);
        self.call(&[
            ("Action", "PutUserPolicy"),
            ("UserName", user),
            ("PolicyName", "medsec"),
            ("PolicyDocument", policy),
        ]);
        let made = self.call(&[("Action", "CreateAccessKey"), ("UserName", user)]);
        let part = |name: &str| inside(&made, name).to_owned();
        (part("AccessKeyId"), part("SecretAccessKey"))
    }

    /// How many more requests pass without being looked at.
    fn look_after(&self, count: &str) {
        let status =
            ask(self.host(), "POST", "/moto-api/reset-auth", "Content-Type: text/plain\r\n", count);
        assert_eq!(status, 200);
    }

    fn keys(&self, key: AwsAccessKey, names: &[KeyName]) -> Result<AwsKeys, KeyServiceError> {
        wait(async {
            let connection = AwsConnection::open(settings_at(&self.0, key)).await.unwrap();
            AwsKeys::pin(connection, names).await.map_err(|error| error.source)
        })
    }
}

/// A policy as far as moto evaluates it: effects and actions.
fn actions_of(policy: &str) -> String {
    let mut policy: serde_json::Value = serde_json::from_str(policy).unwrap();
    let statements = policy["Statement"].as_array_mut().unwrap();
    statements.retain(|statement| statement.get("NotResource").is_none());
    for statement in statements {
        statement["Resource"] = "*".into();
        statement.as_object_mut().unwrap().remove("Condition");
    }
    policy.to_string()
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn role(role: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{role}")
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(a)(1)"],
    claim = "with the actions of the policies that are printed for it, whoever seals cannot open, whoever opens cannot seal, and a stranger does neither",
    polarity = deny,
)]
fn roles_do_one_thing_each(ev: Ev) -> Proven {
    let iam = Iam(variable("MEDSEC_LIVE_MOTO_IAM"));
    iam.look_after("inf");
    let everything = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}"#;
    let all = iam.user("all", everything);
    let as_all = access_key(&all.0, &all.1, None);
    let admin = wait(AwsConnection::open(settings_at(&iam.0, as_all.clone()))).unwrap();
    let spec = medsec_kms::KeySpec { name: name("records"), max_age_days: None };
    let made = wait(medsec_kms::KeyAdmin::create_key(&medsec_kms::AwsAdmin::new(admin), &spec));
    let key = ev.allows(made).name;
    let policies = AwsBootstrap {
        destination: key.as_str().parse().unwrap(),
        sources: Vec::new(),
        datasets: AwsDatasets::Any,
        principals: AwsPrincipals {
            administrators: vec![role("admin")],
            sealing: role("seal"),
            opening: role("open"),
            rewrapping: role("rewrap"),
        },
    };
    let policies = ev.allows(policies.render());
    let sealing = iam.user("sealing", &actions_of(&policies.sealing));
    let opening = iam.user("opening", &actions_of(&policies.opening));
    iam.look_after("0");

    let names = [key.clone()];
    let user = |(id, secret): &(String, String)| access_key(id, secret, None);
    let sealer = ev.allows(iam.keys(user(&sealing), &names));
    let opener = ev.allows(iam.keys(user(&opening), &names));
    let denied = |e: &KeyServiceError| matches!(e, KeyServiceError::NotPermitted);
    let (dek, stanza) = ev.allows(wait(sealer.generate_dek(&key, &context(1))));
    ev.allows(wait(sealer.wrap_dek(&key, &dek, &context(1))));
    ev.denies(wait(sealer.unwrap_dek(&stanza, &context(1))), denied);
    ev.denies(wait(sealer.rewrap_dek(&stanza, &key, &context(1))), denied);
    ev.allows(wait(opener.unwrap_dek(&stanza, &context(1))));
    ev.denies(wait(opener.generate_dek(&key, &context(1))), denied);
    ev.denies(wait(opener.wrap_dek(&key, &dek, &context(1))), denied);

    let unknown = |e: &KeyServiceError| matches!(e, KeyServiceError::Unauthenticated);
    ev.denies(iam.keys(access_key(&sealing.0, "another secret", None), &names), unknown);
    ev.denies(iam.keys(access_key("AKIANOBODY0000000000", "secret", None), &names), unknown);
    iam.look_after("inf");
    ev.proven()
}
