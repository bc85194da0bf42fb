//! A terminal with somebody at it who knows the passphrases.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, OutputModes, tcgetattr, tcsetattr};

/// Longer than any page takes, with a slow machine in mind.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) struct Terminal {
    near: File,
    child: Child,
    typed: String,
    /// The passphrase of the identity files.
    known: &'static str,
}

impl Terminal {
    /// Runs a command in a session of its own, whose terminal this is.
    pub(super) fn run(inner: &mut Command) -> Self {
        let (near, far) = pair();
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(inner.get_program()).args(inner.get_args());
        command.env_clear().current_dir(inner.get_current_dir().unwrap());
        command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(Stdio::from(far.try_clone().unwrap()));
        command.stdout(Stdio::from(far.try_clone().unwrap())).stderr(Stdio::from(far));
        let child = command.spawn().unwrap();
        Self {
            near: File::from(near),
            child,
            typed: String::new(),
            known: "correct horse battery staple",
        }
    }

    /// Reads, and answers prompts, until `last` has been shown or nothing more comes.
    pub(super) fn watch(mut self, last: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut shown = String::new();
        let mut pending = Vec::new();
        while !shown.ends_with(last) && self.waits(deadline) {
            let mut piece = [0; 4096];
            // It fails once nobody has the other end.
            let Ok(count) = self.near.read(&mut piece) else { break };
            pending.extend_from_slice(&piece[..count]);
            let Ok(text) = std::str::from_utf8(&pending) else { continue };
            shown.push_str(text);
            pending.clear();
            self.answer(&shown);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        shown
    }

    fn waits(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).unwrap();
        poll(&mut [PollFd::new(&self.near, PollFlags::IN)], Some(&left))
            .is_ok_and(|ready| ready > 0)
    }

    /// Types a passphrase where one is asked for: a new one where the old one was asked for before, and another one for each share of an emergency key.
    fn answer(&mut self, shown: &str) {
        let prompt = shown.rsplit(['\n', super::player::MARK]).next().unwrap_or_default();
        if !prompt.ends_with(": ") {
            return;
        }
        if let Some((_, share)) = prompt.split_once("share ") {
            self.typed = format!("the phrase of custodian {share}");
        } else if prompt.contains("assphrase") {
            let (before, _) = shown.rsplit_once('\n').unwrap_or_default();
            // Asked for right after the old one, it is another one, which is the one to know from then on.
            if prompt.starts_with("New") && before.ends_with("Passphrase of the identity file: ") {
                self.known = "a staple for every horse";
            }
            self.typed = self.known.to_owned();
        } else if prompt != "The same again: " {
            return;
        }
        writeln!(self.near, "{}", self.typed).unwrap();
    }
}

/// Both ends of a terminal that shows nothing of what is typed and leaves line ends as they are.
fn pair() -> (OwnedFd, OwnedFd) {
    let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&near).unwrap();
    unlockpt(&near).unwrap();
    let name = ptsname(&near, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let far = open(name.as_c_str(), flags, Mode::empty()).unwrap();
    let mut modes = tcgetattr(&far).unwrap();
    modes.local_modes -= LocalModes::ECHO;
    modes.output_modes -= OutputModes::OPOST;
    tcsetattr(&far, OptionalActions::Now, &modes).unwrap();
    (near, far)
}
