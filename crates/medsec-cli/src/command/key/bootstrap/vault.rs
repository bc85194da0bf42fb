//! `medsec key bootstrap --vault`: a transit mount with its keys and its policies.

use std::path::PathBuf;

use clap::Args;
use medsec_kms::KeyName;

use crate::failure::Failure;
use crate::report::Report;

#[derive(Debug, Args)]
pub(super) struct VaultOption {
    /// Set up a mount of Vault's or OpenBao's transit engine, at this address: `https://host:port`. Without --apply it
    /// is only shown what would be done.
    #[arg(long, value_name = "ADDRESS", requires_all = ["token_file", "key"])]
    pub(super) vault: Option<String>,
    /// File with the token of an administrator of that server, readable by its owner only.
    #[arg(long, value_name = "FILE", conflicts_with = "aws")]
    token_file: Option<PathBuf>,
    /// A key to seal under, most often one for each data set. May be repeated.
    #[arg(long, value_name = "NAME", conflicts_with = "aws")]
    key: Vec<KeyName>,
    /// A user who gets a key of their own, PREFIX-user-NAME. May be repeated.
    #[arg(long, value_name = "NAME", conflicts_with = "aws")]
    user: Vec<String>,
    /// What the names of policies begin with: PREFIX-seal, PREFIX-open, PREFIX-rewrap, PREFIX-user-NAME.
    #[arg(long, value_name = "PREFIX", default_value = "medsec", conflicts_with = "aws")]
    prefix: String,
    /// What the settings call the service: its keys are SERVICE:KEY then.
    #[arg(long, value_name = "SERVICE", default_value = "bao", conflicts_with = "aws")]
    name: String,
    /// Where the transit engine is mounted.
    #[arg(long, value_name = "PATH", default_value = "transit", conflicts_with = "aws")]
    mount: String,
    /// The namespace; the root by default.
    #[arg(long, value_name = "NAMESPACE", default_value = "", conflicts_with = "aws")]
    namespace: String,
    /// Certificates of who may have issued the server's, in PEM. Needed with HTTPS: the system's do not count.
    #[arg(long, value_name = "FILE", conflicts_with = "aws")]
    roots: Option<PathBuf>,
    /// Plain HTTP to this very machine is meant.
    #[arg(long, conflicts_with = "aws")]
    plain_loopback: bool,
    /// Days after which the server makes a new version of a key by itself.
    #[arg(long, value_name = "DAYS", default_value_t = 365, conflicts_with = "aws")]
    max_age: u32,
    /// The server never makes a new version by itself.
    #[arg(long, conflicts_with_all = ["max_age", "aws"])]
    no_max_age: bool,
    /// Replace policies of these names that were not made here. Otherwise they stop the plan; policies that were made here
    /// only get what they lack, so that keys set up earlier stay usable.
    #[arg(long, conflicts_with = "aws")]
    replace_policies: bool,
    /// Do it.
    #[arg(long, conflicts_with = "aws")]
    apply: bool,
}

#[cfg(not(feature = "vault"))]
impl VaultOption {
    pub(super) fn run(&self, _: &str) -> Result<Report, Failure> {
        Err(super::not_built_in("vault"))
    }
}

#[cfg(feature = "vault")]
mod set_up {
    use std::path::Path;

    use medsec_kms::{
        BootstrapError, BootstrapPlan, BootstrapSpec, KeyServiceError, KeySpec, ServiceName,
    };

    use super::{Failure, Report, VaultOption};
    use crate::exit::Exit;
    use crate::services::VaultAdministration;
    use crate::settings::{Patience, VaultLoginSection, VaultSection};

    impl VaultOption {
        pub(in super::super) fn run(&self, address: &str) -> Result<Report, Failure> {
            let section = self.section(address)?;
            let administration = VaultAdministration::new(&section)?;
            let plan = administration.plan(&self.spec()?).map_err(explain)?;
            let steps: Vec<String> = plan.steps().iter().map(ToString::to_string).collect();
            let is_empty = plan.is_empty();
            let report = Report::new().field("steps", steps).field("applied", self.apply);
            let report = match (is_empty, self.apply) {
                (true, _) => report.line("everything is there; nothing to do"),
                (false, false) => {
                    let report = listed(report.line(format!("to be done at {address}:")), &plan);
                    return Ok(report.line("nothing was changed; --apply does it"));
                }
                (false, true) => {
                    let report = listed(report.line(format!("done at {address}:")), &plan);
                    administration.apply(plan).map_err(explain)?;
                    report
                }
            };
            Ok(self.tell_how_to_go_on(report, &section))
        }

        fn section(&self, address: &str) -> Result<VaultSection, Failure> {
            ServiceName::new(&self.name)
                .map_err(|error| Failure::usage(format!("--name: {error}")))?;
            let file = self.token_file.clone().unwrap_or_default();
            Ok(VaultSection {
                name: self.name.clone(),
                address: address.to_owned(),
                plain_loopback: self.plain_loopback,
                namespace: self.namespace.clone(),
                mount: self.mount.clone(),
                keys: self.key.iter().map(ToString::to_string).collect(),
                roots: self.roots.clone(),
                certificate: None,
                certificate_key: None,
                login: VaultLoginSection::Token { file },
                patience_seconds: Patience::default(),
            })
        }

        fn spec(&self) -> Result<BootstrapSpec, Failure> {
            let max_age_days = (!self.no_max_age).then_some(self.max_age);
            let keys = self.key.iter().cloned().map(|name| KeySpec { name, max_age_days });
            let unfit = |error: KeyServiceError| Failure::usage(error.to_string());
            let spec =
                BootstrapSpec::new().datasets(&self.prefix, keys.collect()).map_err(unfit)?;
            let spec = if self.replace_policies { spec.replacing_policies() } else { spec };
            self.user.iter().try_fold(spec, |spec, user| {
                spec.user(&self.prefix, user, max_age_days).map_err(unfit)
            })
        }

        /// The settings to write, and where the credentials come from. What is made here can be read by whoever sees
        /// the terminal, so no secret is.
        fn tell_how_to_go_on(&self, report: Report, section: &VaultSection) -> Report {
            let Self { prefix, .. } = self;
            let settings = settings_of(section);
            let mut report =
                report.line("for config.toml of a home that uses these keys:").line("");
            for line in settings.lines() {
                report = report.line(format!("  {line}"));
            }
            report = report.line("").line(format!(
                "a role for each of the policies; a home that needs two has a role of its own with both, as token_policies={prefix}-seal,{prefix}-open:"
            ));
            let commands = self.commands();
            for command in &commands {
                report = report.line(format!("  {command}"));
            }
            let users = self.user.iter().map(|user| format!("{prefix}-user-{user}"));
            let users: Vec<String> = users.collect();
            if !users.is_empty() {
                report = report.line(format!(
                    "a user's own key has the name of its policy, and each user a role with that policy alone: {}",
                    users.join(", ")
                ));
            }
            report.field("settings", settings).field("commands", commands)
        }

        /// What makes the roles, and the credentials of the first. A token lives 24 hours at most, a secret 90 days.
        fn commands(&self) -> Vec<String> {
            let Self { prefix, name, namespace, .. } = self;
            let within = match namespace.is_empty() {
                true => String::new(),
                false => format!(" -namespace={namespace}"),
            };
            let role = |role: &str| format!("auth/approle/role/{prefix}-{role}");
            let made = ["seal", "open", "rewrap"].map(|one| {
                let path = role(one);
                format!(
                    "bao write{within} {path} token_policies={prefix}-{one} token_no_default_policy=true token_ttl=1h token_max_ttl=24h secret_id_ttl=2160h"
                )
            });
            let first = role("seal");
            let mut commands = vec![format!("bao auth enable{within} approle")];
            commands.extend(made);
            commands.push(format!("bao read{within} -field=role_id {first}/role-id"));
            commands.push(format!(
                "(umask 077; bao write{within} -f -field=secret_id {first}/secret-id > {name}.secret-id)"
            ));
            commands
        }
    }

    fn listed(report: Report, plan: &BootstrapPlan) -> Report {
        plan.to_string().lines().fold(report, |report, line| report.line(format!("  {line}")))
    }

    /// As it stands in the file. The role's identifier is not known here.
    fn settings_of(section: &VaultSection) -> String {
        let VaultSection { name, address, plain_loopback, namespace, mount, keys, roots, .. } =
            section;
        let text = |text: &str| toml::Value::from(text).to_string();
        let mut lines = vec![
            "[[service]]".to_owned(),
            "kind = \"vault\"".to_owned(),
            format!("name = {}", text(name)),
            format!("address = {}", text(address)),
        ];
        if *plain_loopback {
            lines.push("plain_loopback = true".to_owned());
        }
        if let Some(roots) = roots {
            let whole = std::path::absolute(roots).unwrap_or_else(|_| roots.clone());
            lines.push(format!("roots = {}", text(&Path::to_string_lossy(&whole))));
        }
        if !namespace.is_empty() {
            lines.push(format!("namespace = {}", text(namespace)));
        }
        lines.push(format!("mount = {}", text(mount)));
        lines.push(format!("keys = {}", toml::Value::from(keys.clone())));
        lines.push(format!(
            "login = {{ method = \"approle\", role_id = \"…\", secret_id_file = {} }}",
            text(&format!("{name}.secret-id"))
        ));
        lines.join("\n")
    }

    fn explain(error: BootstrapError) -> Failure {
        let message = error.to_string();
        match error {
            BootstrapError::Looking(KeyServiceError::NotPermitted) => Failure::new(
                Exit::Key,
                "the token may not look at mounts, keys and policies; nothing was changed",
            )
            .next("use a token of an administrator"),
            BootstrapError::Looking(why) => Failure::from(why),
            BootstrapError::Step { why, .. } => {
                let message = format!("{message}: {why}; the steps before it are done");
                Failure::new(Exit::Unfinished, message).next(
                    "mend the cause and run the command again: it goes on with what is missing",
                )
            }
            _ => Failure::new(Exit::Key, format!("{message}; nothing was changed"))
                .next("choose another --mount, --key or --prefix, or look at what is there; --replace-policies replaces policies"),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn commands(namespace: &str) -> Vec<String> {
            let option = VaultOption {
                vault: None,
                token_file: None,
                key: Vec::new(),
                user: Vec::new(),
                prefix: "clinic".to_owned(),
                name: "bao".to_owned(),
                mount: "transit".to_owned(),
                namespace: namespace.to_owned(),
                roots: None,
                plain_loopback: false,
                max_age: 365,
                no_max_age: false,
                replace_policies: false,
                apply: false,
            };
            option.commands()
        }

        #[test]
        fn each_printed_role_has_one_policy_and_ends() {
            let commands = commands("");
            let roles: Vec<_> = commands.iter().filter(|one| one.contains("/role/")).collect();
            for role in ["seal", "open", "rewrap"] {
                let begin = format!(
                    "bao write auth/approle/role/clinic-{role} token_policies=clinic-{role} "
                );
                let line = roles.iter().find(|line| line.starts_with(&begin)).unwrap();
                assert!(
                    line.contains(" token_max_ttl=24h") && line.contains(" secret_id_ttl=2160h")
                );
            }
        }

        #[test]
        fn printed_commands_work_in_the_namespace() {
            let commands = commands("radiology");
            assert_eq!(commands.len(), 6);
            for line in commands {
                let calls = line.matches("bao ").count();
                assert_eq!(line.matches(" -namespace=radiology ").count(), calls, "{line}");
            }
        }
    }
}
