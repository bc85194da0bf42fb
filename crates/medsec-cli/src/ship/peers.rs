//! Makes followers and anchors of what the file of peers says. No connection is made.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use medsec_audit::{
    Anchor, AuditLog, FolderAnchor, Follower, HostId, LogOrigin, PeerName, StreamName, VerifierKey,
};
use medsec_ship::{
    Address, Endpoint, Password, PostgresFollower, PostgresSettings, ProofSource, S3Access, S3Keys,
    S3Settings, SyslogFollower, SyslogSettings, TimeStampAuthority, TimeStampRoots,
    TimeStampSettings, Tls, TlsIdentity, TlsSettings, WitnessClient, WitnessSettings,
};

use super::config::{self, Config, Minutes, Seconds};
use super::folder::PatientFolder;
use super::late::LateBucket;
use super::secret;
use crate::failure::Failure;

/// Longest file of certificates in bytes.
const MAX_PEM: usize = 4 << 20;

/// An anchor and how often it gets a checkpoint.
pub(crate) struct TimedAnchor {
    pub(crate) anchor: Arc<dyn Anchor>,
    pub(crate) every: Duration,
}

/// All peers.
pub(crate) struct Peers {
    pub(crate) followers: Vec<Arc<dyn Follower>>,
    pub(crate) anchors: Vec<TimedAnchor>,
    /// Those of the anchors that are folders.
    folders: Vec<FolderAnchor>,
}

impl Peers {
    pub(crate) fn new(config: &Config, log: &AuditLog) -> Result<Self, Failure> {
        let home = config.home.as_path();
        let mut peers = Self { followers: Vec::new(), anchors: Vec::new(), folders: Vec::new() };
        for peer in &config.syslog {
            peers.followers.push(Arc::new(syslog(peer, home)?));
        }
        for peer in &config.postgres {
            peers.followers.push(Arc::new(postgres(peer, home)?));
        }
        for peer in &config.witness {
            peers.anchor(witness(peer, home, log)?, peer.every_minutes);
        }
        for peer in &config.timestamp {
            peers.anchor(timestamp(peer, home)?, peer.every_minutes);
        }
        for peer in &config.s3 {
            peers.anchor(s3(peer, home)?, peer.every_minutes);
        }
        for peer in &config.folder {
            let folder = folder(peer, home)?;
            peers.folders.push(folder.anchor.clone());
            peers.anchor(folder, peer.every_minutes);
        }
        Ok(peers)
    }

    /// Makes the places of streams in the folders that are anchors; returns how many folders there are.
    pub(crate) fn prepare(&self, log: &AuditLog, streams: &[StreamName]) -> Result<usize, Failure> {
        for folder in &self.folders {
            for stream in streams {
                folder.prepare(&log.origin(stream))?;
            }
        }
        Ok(self.folders.len())
    }

    fn anchor(&mut self, anchor: impl Anchor + 'static, every: Minutes) {
        let every = Duration::from_secs(every.0.saturating_mul(60));
        self.anchors.push(TimedAnchor { anchor: Arc::new(anchor), every });
    }
}

fn syslog(peer: &config::Syslog, home: &Path) -> Result<SyslogFollower, Failure> {
    let host = match &peer.host {
        Some(host) => HostId::new(host).map_err(|_| unfit(&peer.name, "host"))?,
        None => crate::recording::place()?.host,
    };
    let identity = match (&peer.certificate, &peer.key) {
        (Some(certificate), Some(key)) => {
            Some((pem(home, certificate)?, secret::private(&home.join(key))?))
        }
        (None, None) => None,
        _ => return Err(unfit(&peer.name, "certificate and key")),
    };
    let identity = identity.as_ref().map(|(certificates, key)| TlsIdentity { certificates, key });
    let roots = pem(home, &peer.roots)?;
    let tls = Tls::new(&TlsSettings { roots: &roots, identity });
    Ok(SyslogFollower::new(SyslogSettings {
        name: name(&peer.name)?,
        server: address(&peer.name, &peer.server)?,
        tls: tls.map_err(|_| unfit(&peer.name, "certificate"))?,
        host,
        enterprise: peer.enterprise,
        patience: patience(peer.patience_seconds),
    }))
}

fn postgres(peer: &config::Postgres, home: &Path) -> Result<PostgresFollower, Failure> {
    let password = secret::line(home, peer.password_file.as_deref(), peer.password_fd)?;
    Ok(PostgresFollower::new(PostgresSettings {
        name: name(&peer.name)?,
        server: address(&peer.name, &peer.server)?,
        tls: tls(&peer.name, home, &peer.roots)?,
        database: peer.database.clone(),
        user: peer.user.clone(),
        password: Password::new(password.as_str().to_owned()),
        patience: patience(peer.patience_seconds),
    }))
}

fn witness(peer: &config::Witness, home: &Path, log: &AuditLog) -> Result<WitnessClient, Failure> {
    let keys = peer.keys.iter().map(|key| key.parse::<VerifierKey>());
    let keys = keys.collect::<Result<Vec<_>, _>>().map_err(|_| unfit(&peer.name, "key"))?;
    let settings = WitnessSettings {
        name: name(&peer.name)?,
        endpoint: endpoint(&peer.name, home, &peer.url, peer.roots.as_deref())?,
        keys,
        proofs: proofs(log.clone()),
        patience: patience(peer.patience_seconds),
    };
    WitnessClient::new(settings).map_err(|_| unfit(&peer.name, "key"))
}

/// Proofs from the tiles of whichever stream has the origin.
fn proofs(log: AuditLog) -> Arc<dyn ProofSource> {
    Arc::new(move |origin: &LogOrigin, old: u64, new: u64| {
        let stream = log.root().streams().find(|stream| log.origin(stream) == *origin);
        let stream = stream.ok_or("the log has no stream of this origin")?;
        Ok(log.prove_growth(stream, old, new)?)
    })
}

fn timestamp(peer: &config::TimeStamp, home: &Path) -> Result<TimeStampAuthority, Failure> {
    let authority = TimeStampRoots::from_pem(&pem(home, &peer.authority)?);
    Ok(TimeStampAuthority::new(TimeStampSettings {
        name: name(&peer.name)?,
        endpoint: endpoint(&peer.name, home, &peer.url, peer.roots.as_deref())?,
        roots: authority.map_err(|_| unfit(&peer.name, "authority"))?,
        patience: patience(peer.patience_seconds),
    }))
}

fn s3(peer: &config::S3, home: &Path) -> Result<LateBucket, Failure> {
    let access = match &peer.access_key_id {
        Some(id) => {
            let secret = secret::line(home, peer.secret_file.as_deref(), peer.secret_fd)?;
            S3Access::Keys(S3Keys::new(id.clone(), secret.as_str().to_owned()))
        }
        None if peer.secret_file.is_none() && peer.secret_fd.is_none() => S3Access::Environment,
        None => return Err(unfit(&peer.name, "access_key_id")),
    };
    Ok(LateBucket::new(S3Settings {
        name: name(&peer.name)?,
        bucket: peer.bucket.clone(),
        region: peer.region.clone(),
        endpoint: peer.endpoint.clone(),
        access,
        min_retention_days: peer.min_retention_days,
        patience: patience(peer.patience_seconds),
    }))
}

fn folder(peer: &config::Folder, home: &Path) -> Result<PatientFolder, Failure> {
    let anchor = FolderAnchor::new(name(&peer.name)?, &home.join(&peer.folder));
    Ok(PatientFolder { anchor, patience: patience(peer.patience_seconds) })
}

fn name(text: &str) -> Result<PeerName, Failure> {
    PeerName::new(text).map_err(|_| unfit("a peer", "name"))
}

fn address(peer: &str, text: &str) -> Result<Address, Failure> {
    text.parse().map_err(|_| unfit(peer, "server"))
}

fn endpoint(peer: &str, home: &Path, url: &str, roots: Option<&Path>) -> Result<Endpoint, Failure> {
    let endpoint = match roots {
        Some(roots) => Endpoint::secure(url, tls(peer, home, roots)?),
        None => Endpoint::plain(url),
    };
    endpoint.map_err(|_| unfit(peer, "url"))
}

fn tls(peer: &str, home: &Path, roots: &Path) -> Result<Tls, Failure> {
    let roots = pem(home, roots)?;
    Tls::new(&TlsSettings { roots: &roots, identity: None }).map_err(|_| unfit(peer, "roots"))
}

fn pem(home: &Path, path: &Path) -> Result<Vec<u8>, Failure> {
    crate::files::read_small(&home.join(path), "a file of certificates", MAX_PEM)
}

const fn patience(seconds: Seconds) -> Duration {
    Duration::from_secs(seconds.0)
}

/// A value that its peer cannot have; it is not repeated.
fn unfit(peer: &str, what: &str) -> Failure {
    Failure::usage(format!("{peer}: {what} in the file of peers cannot be used"))
        .next("docs/shipping.md says what each kind of peer needs; https needs `roots`")
}
