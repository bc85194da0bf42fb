//! A key service of one's own: the data key is wrapped and unwrapped elsewhere, and waiting for it
//! happens between two steps of this crate, in whatever way the caller waits.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::io::Cursor;

use medsec_crypto::{
    Bind, Checked, Context, Dek, Draft, Execution, Expectation, Kek, KeyRef, Limits, PackageSpec,
    PolicyExpectation, SignerExpectation, Stanza, StanzaKind, Timestamp, open_message,
    seal_message,
};

/// Stands for a service behind a network. It sees a data key and a digest, never a name.
struct KeyService {
    key: Kek,
}

impl KeyService {
    fn generate(&self, bind: &Bind) -> Result<(Dek, Vec<u8>), Box<dyn Error>> {
        let dek = Dek::generate()?;
        let wrapped = seal_message(&self.key, bind.as_bytes(), dek.expose_secret())?;
        Ok((dek, wrapped))
    }

    fn unwrap_dek(&self, wrapped: &[u8], bind: &Bind) -> Result<Dek, Box<dyn Error>> {
        let mut secret = open_message(&self.key, bind.as_bytes(), wrapped)?;
        Ok(Dek::take_from(&mut secret)?)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let service = KeyService { key: Kek::generate()? };
    // 16 bytes of store, 16 of key, version 1: the canonical name of a local key.
    let name = [[0xA5; 32].as_slice(), &1_u32.to_be_bytes()].concat();
    let key_ref = KeyRef::new(StanzaKind::LocalKek, &name)?;

    let created_at = Timestamp::from(std::time::SystemTime::now());
    let draft = Draft::new(PackageSpec::default(), created_at, None)?;
    let (dek, wrapped) = service.generate(&draft.bind())?;
    let package = draft
        .address(dek, vec![Stanza::new(key_ref.clone(), wrapped)?])?
        .seal_bytes(b"sealed under a key that never left the service")?;
    println!("sealed: {} bytes", package.len());

    let expectation = Expectation {
        policy: PolicyExpectation::Any,
        signer: SignerExpectation::NotRequired,
        keys: vec![key_ref],
        reproduced: Context::new(),
        limits: Limits::default(),
    };
    let mut source = Cursor::new(&package);
    let checked = Checked::read(&mut source, expectation)?;
    let bind = checked.bind();
    let stanza = checked.candidates().next().ok_or("no stanza for this service")?;
    let dek = service.unwrap_dek(stanza.wrapped(), &bind)?;
    let unlocked = checked.unlock(dek)?;
    let (content, _) = unlocked.open_to_memory(source, 1 << 20, &Execution::default())?;
    println!("opened: {} bytes", content.len());
    Ok(())
}
