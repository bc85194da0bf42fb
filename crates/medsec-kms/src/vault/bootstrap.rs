//! Setting a server up: mount, keys, and policies that permit no more than they must.
//!
//! First a plan of what is missing, to be shown to whoever decides; then its steps. What is there already is left
//! alone but for how often the server rotates a key, so that a second time there is nothing to do.

mod policy;
mod step;

use std::fmt;

use reqwest::Method;
use serde::{Deserialize, Serialize};

use self::policy::Role;
pub use self::step::BootstrapStep;
use super::admin::VaultAdmin;
use super::fault::Asked;
use super::link::Repeat;
use super::login::body;
use super::place::transit_name;
use super::reply::{data, done};
use super::suitability::auto_rotate;
use crate::name::KeyName;
use crate::service::{KeyAdmin as _, KeyServiceError, KeySpec};

/// What should be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BootstrapSpec {
    keys: Vec<KeySpec>,
    policies: Vec<(String, Role, Vec<KeyName>)>,
    replaces_foreign: bool,
}

impl BootstrapSpec {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Wants these keys, most often one for each dataset, and three policies over all of them: `<prefix>-seal`,
    /// `<prefix>-open` and `<prefix>-rewrap`.
    ///
    /// # Errors
    /// [`KeyServiceError::Unacceptable`] for a name that the server does not take.
    pub fn datasets(mut self, prefix: &str, keys: Vec<KeySpec>) -> Result<Self, KeyServiceError> {
        let names: Vec<_> = keys.iter().map(|spec| spec.name.clone()).collect();
        for role in Role::ALL {
            self.policy(format!("{prefix}-{}", role.name()), role, names.clone())?;
        }
        keys.iter().try_for_each(|spec| transit_name(&spec.name).map(|_| ()))?;
        self.keys.extend(keys);
        Ok(self)
    }

    /// Wants a key of a user's own, `<prefix>-user-<user>`, and a policy of that name that permits to seal and to
    /// open with this key alone.
    ///
    /// # Errors
    /// [`KeyServiceError::Unacceptable`] for a name that the server does not take.
    pub fn user(
        mut self,
        prefix: &str,
        user: &str,
        max_age_days: Option<u32>,
    ) -> Result<Self, KeyServiceError> {
        let unfit = |_| KeyServiceError::Unacceptable { field: "user name" };
        let name = KeyName::new(&format!("{prefix}-user-{user}")).map_err(unfit)?;
        transit_name(&name)?;
        self.policy(name.as_str().to_owned(), Role::Own, vec![name.clone()])?;
        self.keys.push(KeySpec { name, max_age_days });
        Ok(self)
    }

    /// Policies of these names that were not made here are replaced. Unless told so, they stop the plan.
    #[must_use]
    pub const fn replacing_policies(mut self) -> Self {
        self.replaces_foreign = true;
        self
    }

    fn policy(
        &mut self,
        name: String,
        role: Role,
        keys: Vec<KeyName>,
    ) -> Result<(), KeyServiceError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
        // The server makes capital letters small, and would never show the policy under its name.
        if name.len() > 128 || !name.bytes().all(allowed) || name.starts_with('-') {
            return Err(KeyServiceError::Unacceptable { field: "policy name" });
        }
        self.policies.push((name, role, keys));
        Ok(())
    }
}

/// What is missing, in the order in which it will be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootstrapPlan {
    spec: BootstrapSpec,
    steps: Vec<BootstrapStep>,
}

/// Why a server was not set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootstrapError {
    /// Something of the plan's name is there and is something else. Nothing was changed.
    #[error("`{name}` is there already and cannot be used: {why}")]
    Occupied {
        /// What it is called.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The server is no longer as it was when the plan was made. Nothing was changed.
    #[error("the server has changed since the plan was made; make another")]
    Changed,
    /// The server cannot be looked at. Nothing was changed.
    #[error("the server cannot be looked at")]
    Looking(#[source] KeyServiceError),
    /// A step did not work; those before it were taken, those after it not. A new plan has what is missing.
    #[error("this step did not work: {step}")]
    Step {
        /// Which.
        step: BootstrapStep,
        /// Why not.
        #[source]
        why: KeyServiceError,
    },
}

#[derive(Deserialize)]
struct Mount {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Policy {
    policy: String,
}

#[derive(Serialize)]
struct Enable {
    #[serde(rename = "type")]
    kind: &'static str,
    description: &'static str,
}

#[derive(Serialize)]
struct Written<'a> {
    policy: &'a str,
}

impl BootstrapPlan {
    /// Looks at the server and finds what is missing. Changes nothing.
    ///
    /// # Errors
    /// [`BootstrapError::Occupied`] or [`BootstrapError::Looking`].
    pub async fn make(admin: &VaultAdmin, spec: &BootstrapSpec) -> Result<Self, BootstrapError> {
        let mut steps = Vec::new();
        let mounted = admin.is_mounted().await?;
        if !mounted {
            steps.push(BootstrapStep::Mount { path: admin.link.place.mount().to_owned() });
        }
        for wanted in &spec.keys {
            let present = if mounted { admin.rotation_of(&wanted.name).await? } else { None };
            match present {
                None => steps.push(BootstrapStep::Key(wanted.clone())),
                Some(present) => steps.extend(rotation(wanted, present)),
            }
        }
        let mount = admin.link.place.mount();
        for (name, role, keys) in &spec.policies {
            let present = admin.policy(name).await?;
            let text = match &present {
                None => role.policy(mount, keys),
                Some(present) => match role.extended(present, mount, keys) {
                    Some(text) => text,
                    None if spec.replaces_foreign => role.policy(mount, keys),
                    None => {
                        let why = "it is a policy that was not made here";
                        return Err(BootstrapError::Occupied { name: name.clone(), why });
                    }
                },
            };
            if present.as_ref() != Some(&text) {
                steps.push(BootstrapStep::Policy { name: name.clone(), text, present });
            }
        }
        Ok(Self { spec: spec.clone(), steps })
    }

    /// What will be done.
    #[must_use]
    pub fn steps(&self) -> &[BootstrapStep] {
        &self.steps
    }

    /// Whether everything is there.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Does what was shown, if it is still what is missing.
    ///
    /// # Errors
    /// [`BootstrapError`]; only [`BootstrapError::Step`] has changed anything.
    pub async fn apply(self, admin: &VaultAdmin) -> Result<(), BootstrapError> {
        if Self::make(admin, &self.spec).await?.steps != self.steps {
            return Err(BootstrapError::Changed);
        }
        for step in self.steps {
            if let Err(why) = admin.take(&step).await {
                return Err(BootstrapError::Step { step, why });
            }
        }
        Ok(())
    }
}

/// What mends the rotation period of a key that is there. A limit that nobody asked for here is left as it is.
fn rotation(wanted: &KeySpec, present: u64) -> Option<BootstrapStep> {
    let days = wanted.max_age_days?;
    let key = wanted.name.clone();
    (auto_rotate(days).as_secs() != present).then_some(BootstrapStep::Rotation {
        key,
        days,
        present,
    })
}

impl fmt::Display for BootstrapPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("everything is there; nothing to do\n");
        }
        self.steps.iter().try_for_each(|step| writeln!(f, "{step:#}"))
    }
}

impl VaultAdmin {
    async fn is_mounted(&self) -> Result<bool, BootstrapError> {
        let path = format!("sys/mounts/{}", self.link.place.mount());
        match self.look::<Mount>(&path).await? {
            None => Ok(false),
            Some(mount) if mount.kind == "transit" => Ok(true),
            Some(_) => Err(BootstrapError::Occupied {
                name: self.link.place.mount().to_owned(),
                why: "it is a mount of another engine",
            }),
        }
    }

    /// Seconds after which the server rotates a key by itself, 0 for never, if the key is there.
    async fn rotation_of(&self, key: &KeyName) -> Result<Option<u64>, BootstrapError> {
        let occupied = |why| BootstrapError::Occupied { name: key.as_str().to_owned(), why };
        let facts = self.link.key(key).await;
        match facts.and_then(|facts| facts.check().map(|()| facts.auto_rotate_period)) {
            Ok(period) => Ok(Some(period)),
            Err(KeyServiceError::NoSuchKey) => Ok(None),
            Err(KeyServiceError::Unsuitable(why)) => Err(occupied(why)),
            Err(error) => Err(BootstrapError::Looking(error)),
        }
    }

    async fn policy(&self, name: &str) -> Result<Option<String>, BootstrapError> {
        let found = self.look::<Policy>(&format!("sys/policies/acl/{name}")).await?;
        Ok(found.map(|found| found.policy))
    }

    async fn look<T: for<'d> Deserialize<'d>>(
        &self,
        path: &str,
    ) -> Result<Option<T>, BootstrapError> {
        let said = self.link.ask_anywhere(Method::GET, path, None, Repeat::Allowed).await;
        match said.and_then(|said| data::<T>(&said, Asked::Key)) {
            Ok(found) => Ok(Some(found)),
            Err(KeyServiceError::NoSuchKey) => Ok(None),
            Err(KeyServiceError::Unacceptable { field: "mount" }) => Ok(None),
            Err(error) => Err(BootstrapError::Looking(error)),
        }
    }

    async fn take(&self, step: &BootstrapStep) -> Result<(), KeyServiceError> {
        match step {
            BootstrapStep::Mount { path } => {
                let mount = Enable { kind: "transit", description: "wrapping keys of medsec" };
                self.tell(&format!("sys/mounts/{path}"), &mount).await
            }
            BootstrapStep::Key(spec) => self.create_key(spec).await.map(drop),
            BootstrapStep::Rotation { key, days, .. } => self.rotate_after(key, *days).await,
            BootstrapStep::Policy { name, text, .. } => {
                self.tell(&format!("sys/policies/acl/{name}"), &Written { policy: text }).await
            }
        }
    }

    async fn tell(&self, path: &str, asked: &impl Serialize) -> Result<(), KeyServiceError> {
        let asked = Some(body(asked)?);
        let said = self.link.ask_anywhere(Method::POST, path, asked, Repeat::Allowed).await?;
        done(&said, Asked::System)
    }
}
