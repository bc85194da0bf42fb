//! Where passphrases come from: the terminal or a file descriptor, never the command line or the
//! environment.

use std::io::Read;

use clap::Args;
use medsec_kms::Passphrase;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::session::Interrupt;
use crate::stdio::StandardInput;

/// How the passphrase of an identity file is given.
#[derive(Clone, Debug, Args)]
pub(crate) struct PassphraseOption {
    /// Read the identity file's passphrase from this file descriptor, up to the first line end,
    /// instead of asking on the terminal.
    #[arg(long, value_name = "N")]
    pub(crate) passphrase_fd: Option<u32>,
}

impl PassphraseOption {
    /// Whether it is taken from standard input.
    pub(crate) fn uses_stdin(&self) -> bool {
        self.passphrase_fd == Some(0)
    }

    /// The passphrase of an existing file.
    pub(crate) fn read(&self) -> Result<Passphrase, Failure> {
        match self.passphrase_fd {
            Some(descriptor) => from_descriptor(descriptor),
            None => ask("Passphrase of the identity file: "),
        }
    }

    /// The passphrase of an existing file, for another process to take.
    #[cfg(unix)]
    pub(crate) fn read_bytes(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        match self.passphrase_fd {
            Some(descriptor) => line_from_descriptor(descriptor),
            None => ask_line("Passphrase of the identity file: "),
        }
    }

    /// A passphrase for a new file; on the terminal it is asked for twice.
    pub(crate) fn choose(&self) -> Result<Passphrase, Failure> {
        choose_from(self.passphrase_fd)
    }
}

/// A new passphrase, from a descriptor or the terminal, where it is asked for twice.
pub(crate) fn choose_from(descriptor: Option<u32>) -> Result<Passphrase, Failure> {
    match descriptor {
        Some(descriptor) => from_descriptor(descriptor),
        None => choose_on_terminal(),
    }
}

fn choose_on_terminal() -> Result<Passphrase, Failure> {
    let first = ask("New passphrase: ")?;
    let again = ask("The same again: ")?;
    if first.matches(&again) {
        Ok(first)
    } else {
        Err(Failure::usage("the passphrases differ; nothing was written")
            .next("run the command again"))
    }
}

/// Asks on the terminal.
pub(crate) fn ask(prompt: &str) -> Result<Passphrase, Failure> {
    taken(ask_line(prompt)?)
}

fn ask_line(prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let typed = rpassword::prompt_password(prompt).map_err(|_| {
        Failure::usage("a passphrase is needed and there is no terminal to ask on").next(
            "give it with --passphrase-fd N; or log in once for many commands: `medsec login`",
        )
    })?;
    Ok(Zeroizing::new(typed.into_bytes()))
}

fn taken(mut bytes: Zeroizing<Vec<u8>>) -> Result<Passphrase, Failure> {
    Passphrase::take_from(&mut bytes)
        .map_err(|error| Failure::usage(error.to_string()).next("choose another passphrase"))
}

pub(crate) fn from_descriptor(descriptor: u32) -> Result<Passphrase, Failure> {
    taken(line_from_descriptor(descriptor)?)
}

/// Reads byte by byte up to the line end, so that a writer may keep its end open and nothing behind
/// the line is lost to whoever reads on.
fn line_from_descriptor(descriptor: u32) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error| Failure::io("the passphrase's file descriptor cannot be read", &error);
    let mut source: Box<dyn Read> = match descriptor {
        // Without the buffer of the standard library, which nobody erases.
        0 => Box::new(StandardInput::new(Interrupt::default())),
        n => Box::new(std::fs::File::open(format!("/dev/fd/{n}")).map_err(failed)?),
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(Passphrase::MAX_LEN.saturating_add(2)));
    let mut byte = Zeroizing::new([0]);
    loop {
        match source.read(byte.as_mut_slice()) {
            Ok(0) => break,
            Ok(_) if *byte == *b"\n" => break,
            Ok(_) => bytes.extend_from_slice(byte.as_slice()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
        if bytes.len() > Passphrase::MAX_LEN.saturating_add(1) {
            // The same words as for one that is too long by less.
            return Err(taken(bytes).err().unwrap_or_else(Failure::interrupted));
        }
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(bytes)
}
