//! `medsec policy new`: the source of a ready policy, to be edited.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use medsec_policy::{DatasetId, PrincipalId, Ready, reserved};

use crate::command::init::make_private;
use crate::command::init::policy::write_source;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::refuse_dash;
use crate::report::Report;

#[derive(Debug, Args)]
#[command(after_help = crate::help::POLICY_NEW)]
pub(crate) struct Options {
    /// Which: `hipaa-default`, `research` or `strict`.
    #[arg(value_name = "NAME")]
    name: Ready,
    /// The folder to make.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The first person, who gets all roles that may go together.
    #[arg(long, value_name = "USER")]
    owner: PrincipalId,
    /// The first data set.
    #[arg(long, value_name = "ID")]
    dataset: DatasetId,
}

impl Options {
    pub(super) fn run(&self) -> Result<Report, Failure> {
        refuse_dash(&self.folder, "the folder")?;
        reserved::check(&self.owner).map_err(|error| {
            Failure::usage(format!("the owner cannot be called so: {error}; nothing was made"))
                .next("give --owner with the name of a person, such as `ada`: everyone needs one of their own")
        })?;
        if fs::symlink_metadata(&self.folder).is_ok() {
            let what = "there is something in the place of the new folder; it was left as it is";
            return Err(Failure::new(Exit::Output, what).next("name a folder that is not there"));
        }
        self.write()?;
        Ok(Report::new()
            .line(format!("wrote the source of `{}`; nothing of it is in force", self.name))
            .line("next: edit `roles.toml`: give somebody else the role `auditor`, for instance")
            .line("      medsec policy check FOLDER, then medsec policy sign FOLDER")
            .field("name", self.name.name())
            .field("owner", self.owner.as_str())
            .field("dataset", self.dataset.as_str()))
    }

    /// It comes into being beside its place, and into its place in one step.
    fn write(&self) -> Result<(), Failure> {
        let failed = |error| Failure::io("the folder cannot be made", &error);
        let parent = self.folder.parent().filter(|folder| !folder.as_os_str().is_empty());
        let parent = parent.unwrap_or_else(|| Path::new("."));
        make_private(parent)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".medsec-policy-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let building = builder.tempdir_in(parent).map_err(failed)?;
        write_source(building.path(), &self.name.for_owner(&self.owner, &self.dataset))?;
        fs::rename(building.path(), &self.folder).map_err(failed)?;
        // It has another name now: there is nothing left to remove.
        let _ = building.keep();
        Ok(())
    }
}
