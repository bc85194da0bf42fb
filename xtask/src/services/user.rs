//! The user that PostgreSQL runs as: it refuses to be root.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// Users to try in place of root.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// Ourselves, or another where we are root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct User {
    other: Option<(u32, u32)>,
}

impl User {
    /// # Errors
    /// We are root, and there is no other user.
    pub(super) fn unprivileged(ws: &Workspace) -> Result<Self> {
        if id(&ws.root, &["-u"])? != 0 {
            return Ok(Self { other: None });
        }
        for name in CANDIDATES {
            if let (Ok(user), Ok(group)) =
                (id(&ws.root, &["-u", name]), id(&ws.root, &["-g", name]))
            {
                return Ok(Self { other: Some((user, group)) });
            }
        }
        bail!("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
    }

    /// Makes the command run as this user.
    pub(super) fn runs<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        // Setting a user drops root's further groups too.
        if let Some((user, group)) = self.other {
            command.uid(user).gid(group);
        }
        command
    }

    /// Gives a file or folder to this user.
    pub(super) fn owns(&self, path: &Path) -> Result<()> {
        let (user, group) = self.other.unzip();
        std::os::unix::fs::chown(path, user, group)
            .with_context(|| format!("giving away {}", path.display()))
    }

    /// A fresh folder that this user can reach: below `home`, or where a folder above is closed to others among
    /// the system's temporary files.
    pub(super) fn folder(&self, home: &Path) -> Result<PathBuf> {
        let name = format!("run-{}", std::process::id());
        let wanted = home.join(&name);
        std::fs::create_dir_all(&wanted)?;
        if self.reaches(&wanted)? {
            return Ok(wanted);
        }
        std::fs::remove_dir_all(&wanted)?;
        let elsewhere = std::env::temp_dir().join(format!("medsec-services-{name}"));
        // Not `create_dir_all`: a folder that is there already is somebody else's.
        std::fs::create_dir(&elsewhere)?;
        if !self.reaches(&elsewhere)? {
            bail!("no folder that PostgreSQL's user can reach");
        }
        Ok(elsewhere)
    }

    fn reaches(&self, folder: &Path) -> Result<bool> {
        let mut test = process::command("test", Path::new("/"));
        Ok(self.runs(test.arg("-x").arg(folder)).status()?.success())
    }
}

fn id(dir: &Path, arguments: &[&str]) -> Result<u32> {
    let printed = process::read(process::command("id", dir).args(arguments))?;
    printed.trim().parse().context("`id` printed no number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unprivileged_user_is_never_root() {
        let user = User::unprivileged(&Workspace::find().unwrap()).unwrap();
        let mut command = process::command("id", Path::new("/"));
        let printed = process::read(user.runs(command.arg("-u"))).unwrap();
        assert_ne!(printed.trim(), "0");
    }
}
