//! Where outputs go.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use clap::Args;
use medsec_crypto::{Access, OutputOptions, sweep_unfinished};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::Input;
use crate::text::deceives;

/// Where to write.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct TargetOption {
    /// The file to write, for a single input; `-` is standard output. Never replaces a file.
    #[arg(short, long, value_name = "OUT|-")]
    pub(crate) output: Option<PathBuf>,
    /// The folder to write into, one file for each input.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out_dir: Option<PathBuf>,
    /// Write to standard output, like `-o -`.
    #[arg(long)]
    pub(crate) stdout: bool,
}

/// Where the outputs of one command go.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// One file.
    File(PathBuf),
    /// A file for each input.
    Folder(PathBuf),
    /// Standard output.
    Stdout,
}

impl TargetOption {
    /// What the options mean for these inputs.
    pub(crate) fn resolve(&self, inputs: &[Input]) -> Result<Target, Failure> {
        let target = match (&self.output, &self.out_dir) {
            (Some(path), _) if path.as_os_str() == "-" => Target::Stdout,
            (Some(path), _) if path.is_dir() => {
                return Err(Failure::new(
                    Exit::Output,
                    "the output is a folder; it was left as it is",
                )
                .next("name a file in it, or give --out-dir FOLDER"));
            }
            (Some(path), _) => Target::File(path.clone()),
            (None, Some(folder)) => Target::Folder(folder.clone()),
            (None, None) => Target::Stdout,
        };
        if inputs.len() > 1 && !matches!(target, Target::Folder(_)) {
            return Err(Failure::usage("several inputs need --out-dir")
                .next("give --out-dir FOLDER, or one input at a time"));
        }
        Ok(target)
    }
}

impl Target {
    /// Where the system makes no files without names, a killed run leaves a private one behind.
    pub(crate) fn sweep(&self) {
        const AGE: Duration = Duration::from_secs(24 * 60 * 60);
        if let Self::Folder(folder) = self {
            // A folder that cannot be read will be noticed when it is written to.
            let _ = sweep_unfinished(folder, AGE);
        }
    }
}

/// Options of an output file; never replaces.
pub(crate) fn options(access: Access) -> OutputOptions {
    let mut options = OutputOptions::default();
    options.access = access;
    options
}

/// Where an output went, if the program chose its name.
pub(crate) fn arrow(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(" → {name}"))
}

/// The name that a package's metadata gives its content, if it is fit to be a file's name here: one
/// ordinary component, visible, no option, without deceiving characters, of bearable length.
pub(crate) fn safe_name(name: &str) -> Option<&str> {
    let mut components = Path::new(name).components();
    let single = matches!(
        (components.next(), components.next()),
        (Some(Component::Normal(only)), None) if only == name
    );
    let fit = single
        && name.len() <= 200
        && !name.starts_with(['.', '-'])
        && !name.chars().any(|c| deceives(c) || matches!(c, '/' | '\\' | ':'));
    fit.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_not_used() {
        for bad in [
            "",
            ".",
            "..",
            "/etc/passwd",
            "../x",
            "a/b",
            "a/",
            "a\\b",
            "c:x",
            ".bashrc",
            "a\nb",
            "a\0b",
            "-rf",
            "scan\u{202e}mcd.exe",
            &"x".repeat(201),
        ] {
            assert_eq!(safe_name(bad), None, "{bad:?}");
        }
        assert_eq!(safe_name("Aufnahme 1.dcm"), Some("Aufnahme 1.dcm"));
    }
}
