//! A stand-in for an identity provider: a discovery document, a key set, and tokens for whoever asks for one.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use medsec_examples::clinic::Failed;
use tokio::net::TcpListener;

/// The provider, on this machine.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    key: SigningKey,
}

impl Provider {
    pub(crate) async fn start() -> Result<Self, Failed> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let key = SigningKey::from_bytes(&[42; 32]);
        let x = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
        let set = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"1","x":"{x}"}}]}}"#);
        let document = format!(r#"{{"issuer":"{issuer}","jwks_uri":"{issuer}/keys"}}"#);
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(move || async move { document }))
            .route("/keys", get(move || async move { set }));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { issuer, key })
    }

    /// A token for that user and audience, with an identifier of its own.
    pub(crate) fn token(&self, user: &str, audience: &str, id: u32) -> Result<String, Failed> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let end = now.saturating_add(300);
        let claims = format!(
            r#"{{"iss":"{}","aud":"{audience}","sub":"{user}","jti":"t-{id}","iat":{now},"nbf":{now},"exp":{end},"auth_time":{now}}}"#,
            self.issuer,
        );
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let header = part(r#"{"typ":"JWT","alg":"EdDSA","kid":"1"}"#);
        let signed = format!("{header}.{}", part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()).to_bytes());
        Ok(format!("{signed}.{signature}"))
    }
}
