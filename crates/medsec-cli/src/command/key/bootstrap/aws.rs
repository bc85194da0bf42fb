//! `medsec key bootstrap --aws`: policies for IAM and for the keys, to read and to apply by hand.

use clap::Args;

use crate::failure::Failure;
use crate::report::Report;

#[derive(Debug, Args)]
pub(super) struct AwsOption {
    /// Print the policies for AWS KMS, with this ARN of the key that seals and is rewrapped to. Nothing is asked and
    /// nothing changed.
    #[arg(
        long,
        value_name = "ARN",
        requires_all = ["administrator", "sealing_role", "opening_role", "rewrapping_role", "datasets"]
    )]
    aws: Option<String>,
    /// ARN of a further key that packages stand under: opened and rewrapped from. May be repeated.
    #[arg(long, value_name = "ARN", requires = "aws")]
    source: Vec<String>,
    /// A data set whose packages these policies are for. May be repeated.
    #[arg(long, value_name = "ID", requires = "aws", group = "datasets")]
    for_dataset: Vec<String>,
    /// They are for all data sets.
    #[arg(long, requires = "aws", group = "datasets")]
    any_dataset: bool,
    /// ARN of a role or user that changes keys and policies and uses none. May be repeated.
    #[arg(long, value_name = "ARN", requires = "aws")]
    administrator: Vec<String>,
    /// ARN of the role that seals.
    #[arg(long, value_name = "ARN", requires = "aws")]
    sealing_role: Option<String>,
    /// ARN of the role that opens.
    #[arg(long, value_name = "ARN", requires = "aws")]
    opening_role: Option<String>,
    /// ARN of the role that rewraps and sees no data key.
    #[arg(long, value_name = "ARN", requires = "aws")]
    rewrapping_role: Option<String>,
}

#[cfg(not(feature = "aws"))]
impl AwsOption {
    pub(super) fn run(&self) -> Result<Report, Failure> {
        Err(super::not_built_in("aws"))
    }
}

#[cfg(feature = "aws")]
mod policies {
    use medsec_crypto::DatasetId;
    use medsec_kms::{AwsBootstrap, AwsDatasets, AwsPolicies, AwsPrincipals, KeyArn};
    use serde_json::{Map, Value};

    use super::{AwsOption, Failure, Report};

    impl AwsOption {
        pub(in super::super) fn run(&self) -> Result<Report, Failure> {
            let rendered = self.bootstrap()?.render();
            let policies = rendered.map_err(|error| Failure::usage(error.to_string()))?;
            Ok(told(&policies))
        }

        fn bootstrap(&self) -> Result<AwsBootstrap, Failure> {
            let text = |one: &Option<String>| one.clone().unwrap_or_default();
            Ok(AwsBootstrap {
                destination: arn("--aws", self.aws.as_deref().unwrap_or_default())?,
                sources: self
                    .source
                    .iter()
                    .map(|one| arn("--source", one))
                    .collect::<Result<_, _>>()?,
                datasets: match self.any_dataset {
                    true => AwsDatasets::Any,
                    false => {
                        let ids = self.for_dataset.iter().map(|id| DatasetId::new(id));
                        AwsDatasets::Only(ids.collect::<Result<_, _>>()?)
                    }
                },
                principals: AwsPrincipals {
                    administrators: self.administrator.clone(),
                    sealing: text(&self.sealing_role),
                    opening: text(&self.opening_role),
                    rewrapping: text(&self.rewrapping_role),
                },
            })
        }
    }

    fn arn(option: &str, text: &str) -> Result<KeyArn, Failure> {
        text.parse().map_err(|_| {
            Failure::usage(format!("a value of {option} is not the ARN of a key")).next(
                "write arn:aws:kms:REGION:ACCOUNT:key/ID; an alias means another key tomorrow",
            )
        })
    }

    fn told(policies: &AwsPolicies) -> Report {
        let AwsPolicies { sealing, opening, rewrapping, keys, .. } = policies;
        let roles = [("sealing", sealing), ("opening", opening), ("rewrapping", rewrapping)];
        let mut report = Report::new();
        for (role, policy) in roles {
            report = report.line(format!("policy of the {role} role:")).line(policy.as_str());
            report = report.field(role, parsed(policy));
        }
        let mut of_keys = Map::new();
        for (key, policy) in keys {
            report = report.line(format!("policy of the key {key}:")).line(policy.as_str());
            of_keys.insert(key.to_string(), parsed(policy));
        }
        report.field("keys", of_keys).line(
            "nothing was changed: read them, then put them in place of what the roles and keys have",
        )
    }

    /// As an object, not as a text in a text.
    fn parsed(policy: &str) -> Value {
        serde_json::from_str(policy).unwrap_or_default()
    }
}
