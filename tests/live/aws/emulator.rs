//! Emulators of KMS, with an account for each test.

use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use medsec_crypto::Bind;
use medsec_kms::{
    AwsAccessKey, AwsAddress, AwsAdmin, AwsConnection, AwsCredentials, AwsKeys, AwsPatience,
    AwsRoots, AwsSettings, KeyAdmin, KeyContext, KeyDescription, KeyName, KeyService, KeySpec,
    ServiceAddress,
};
use medsec_testkit::proxy::{Front, Proxy, Upstream};
use medsec_testkit::{Deviation, KeyServiceHarness};
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use crate::support::plain_http::post;
use crate::support::variable;

pub(crate) const REGION: &str = "eu-central-1";

/// The one runtime of this process: connections live as long as that.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(2).enable_all().build().unwrap()
    })
}

/// Runs a future to its end, from outside the runtime.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    runtime().block_on(work)
}

/// Runs a future to its end, from outside the runtime or from within it.
pub(crate) fn wait<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| scope.spawn(|| block_on(work)).join().unwrap())
}

/// Which program it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Moto,
    LocalStack,
}

/// An account of an emulator.
#[derive(Debug)]
pub(crate) struct Emulator {
    kind: Kind,
    /// Id of the access key, by which the emulator tells accounts apart.
    id: String,
    key: AwsAccessKey,
    /// What a program's environment says of it.
    environment: Vec<(&'static str, String)>,
    admin: AwsAdmin,
}

impl Emulator {
    /// An account of this test alone.
    pub(crate) fn new(kind: Kind) -> Self {
        let account = fresh_account();
        let [id, secret, session] = match kind {
            // Its access keys are accounts.
            Kind::LocalStack => [account, "secret".to_owned(), String::new()],
            Kind::Moto => assume(&variable("MEDSEC_LIVE_MOTO"), &account),
        };
        let key = access_key(&id, &secret, Some(session.as_str()).filter(|text| !text.is_empty()));
        let environment = vec![
            ("AWS_ACCESS_KEY_ID", id.clone()),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_SESSION_TOKEN", session),
        ];
        let admin = AwsAdmin::new(wait(AwsConnection::open(settings(kind, key.clone()))).unwrap());
        Self { kind, id, key, environment, admin }
    }

    pub(crate) fn settings(&self) -> AwsSettings {
        settings(self.kind, self.key.clone())
    }

    /// Variables by which the SDK's default chain finds the account.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let told = self.environment.iter().filter(|(_, value)| !value.is_empty());
        told.map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    /// `http://127.0.0.1:port`.
    pub(crate) fn address(&self) -> String {
        address(self.kind)
    }

    pub(crate) fn connection(&self) -> AwsConnection {
        wait(AwsConnection::open(self.settings())).unwrap()
    }

    /// The account's keys of that region, elsewhere.
    pub(crate) fn connection_in(&self, region: &str) -> AwsConnection {
        let region = Some(region.to_owned());
        wait(AwsConnection::open(AwsSettings { region, ..self.settings() })).unwrap()
    }

    pub(crate) fn keys(&self, names: &[KeyName]) -> AwsKeys {
        wait(AwsKeys::pin(self.connection(), names)).unwrap()
    }

    /// The same keys, reached through something that stands in between.
    pub(crate) fn keys_through(&self, address: &str, names: &[KeyName]) -> AwsKeys {
        let settings = settings_at(address, self.key.clone());
        let keys = async {
            let connection = AwsConnection::open(settings).await.unwrap();
            AwsKeys::pin(connection, names).await.unwrap()
        };
        wait(keys)
    }

    /// The same, with little time for each call.
    pub(crate) fn impatient(&self, address: &str, names: &[KeyName], call: Duration) -> AwsKeys {
        let patience = AwsPatience::with_call(call);
        let settings = AwsSettings { patience, ..settings_at(address, self.key.clone()) };
        let keys = async {
            let connection = AwsConnection::open(settings).await.unwrap();
            AwsKeys::pin(connection, names).await.unwrap()
        };
        wait(keys)
    }

    /// A proxy before it, in clear.
    pub(crate) fn proxy(&self) -> Proxy {
        let upstream = self.address().trim_start_matches("http://").parse().unwrap();
        Proxy::http(Front::Plain, Upstream::Plain(upstream), Vec::new())
    }

    pub(crate) fn admin(&self) -> &AwsAdmin {
        &self.admin
    }

    pub(crate) fn create(&self, label: &str) -> KeyDescription {
        let spec = KeySpec { name: name(label), max_age_days: None };
        wait(self.admin.create_key(&spec)).unwrap()
    }

    /// Calls what our client has no call for.
    pub(crate) fn call(&self, region: &str, action: &str, body: &str) -> String {
        let headers = format!(
            "X-Amz-Target: TrentService.{action}\r\nContent-Type: application/x-amz-json-1.1\r\n{}",
            authorization(&self.id, region, "kms")
        );
        let (status, answer) = post(self.address().trim_start_matches("http://"), &headers, body);
        assert_eq!(status, 200, "{action}: {answer}");
        answer
    }
}

/// Enough of a signature for who does not check it.
pub(crate) fn authorization(id: &str, region: &str, service: &str) -> String {
    format!(
        "Authorization: AWS4-HMAC-SHA256 Credential={id}/20260101/{region}/{service}/aws4_request, \
         SignedHeaders=host, Signature=0\r\n"
    )
}

pub(crate) fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}

pub(crate) fn access_key(id: &str, secret: &str, session: Option<&str>) -> AwsAccessKey {
    let secret = Zeroizing::new(secret.to_owned());
    AwsAccessKey::new(id.to_owned(), secret, session.map(|token| Zeroizing::new(token.to_owned())))
}

fn address(kind: Kind) -> String {
    variable(match kind {
        Kind::Moto => "MEDSEC_LIVE_MOTO",
        Kind::LocalStack => "MEDSEC_LIVE_LOCALSTACK",
    })
}

pub(crate) fn settings(kind: Kind, key: AwsAccessKey) -> AwsSettings {
    settings_at(&address(kind), key)
}

pub(crate) fn settings_at(address: &str, key: AwsAccessKey) -> AwsSettings {
    AwsSettings {
        region: Some(REGION.to_owned()),
        address: AwsAddress::At(ServiceAddress::allowing_plain_loopback(address).unwrap()),
        credentials: AwsCredentials::Key(key),
        roots: AwsRoots::System,
        patience: AwsPatience::with_call(Duration::from_secs(30)),
    }
}

/// Twelve digits that no other test has.
fn fresh_account() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = u64::from(std::process::id()) * 1000 + NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:012}", 100_000_000_000 + number % 800_000_000_000)
}

/// moto knows the account of an access key that it gave out.
fn assume(server: &str, account: &str) -> [String; 3] {
    let body = format!(
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::{account}:role/medsec&RoleSessionName=live"
    );
    let headers = format!(
        "Content-Type: application/x-www-form-urlencoded\r\n{}",
        authorization("a", REGION, "sts")
    );
    let (status, answer) = post(server.trim_start_matches("http://"), &headers, &body);
    assert_eq!(status, 200, "{answer}");
    ["AccessKeyId", "SecretAccessKey", "SessionToken"].map(|name| inside(&answer, name).to_owned())
}

/// The text of an element.
pub(crate) fn inside<'t>(xml: &'t str, element: &str) -> &'t str {
    let (_, rest) = xml.split_once(&format!("<{element}>")).unwrap();
    rest.split_once(&format!("</{element}>")).unwrap().0
}

/// A context of its own for each number.
pub(crate) fn context(number: u8) -> KeyContext {
    KeyContext { bind: Bind::from_bytes([number; 32]), dataset: None }
}

/// `http://…` of a proxy.
pub(crate) fn plain_url(proxy: &Proxy) -> String {
    format!("http://{}", proxy.address())
}

impl KeyServiceHarness for Emulator {
    fn admin(&self) -> &dyn KeyAdmin {
        &self.admin
    }

    fn service(&self) -> Box<dyn KeyService> {
        let keys = async {
            let made = self.admin.list_keys().await.unwrap();
            let names: Vec<_> = made.into_iter().map(|key| key.name).collect();
            AwsKeys::pin(AwsConnection::open(self.settings()).await.unwrap(), &names).await
        };
        Box::new(wait(keys).unwrap())
    }

    /// Neither of them refuses a caller of the same account here; see the test of moto's IAM. A service that was told
    /// of no key knows none.
    fn stranger(&self) -> Box<dyn KeyService> {
        Box::new(self.keys(&[]))
    }

    fn another(&self) -> Box<dyn KeyServiceHarness> {
        Box::new(Self::new(self.kind))
    }

    fn advance(&self, _: Duration) -> bool {
        false
    }

    fn binds_dataset(&self) -> bool {
        true
    }

    fn names_versions(&self) -> bool {
        false
    }

    fn deviations(&self) -> &'static [Deviation] {
        match self.kind {
            // moto 5.2.1: states are shown and not regarded; Decrypt of what another key encrypted is answered with
            // AccessDeniedException.
            Kind::Moto => {
                &[Deviation::UsesKeysWhateverTheirState, Deviation::DeniesCiphertextsOfOtherKeys]
            }
            Kind::LocalStack => &[],
        }
    }
}
