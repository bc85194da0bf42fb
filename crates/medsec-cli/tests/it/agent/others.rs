//! Other users of the machine, and sockets that are not what they seem.

use std::fs::Permissions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use medsec_evidence::{Ev, Proven, evidence};

use super::{OPEN, Office, SEAL, opened, row};
use crate::ward::Refused;

/// A user who is nobody here.
const NOBODY: u32 = 65_534;
const SOCKET: &str = "AGENT_TEST_SOCKET";

/// The other user's side of the next test, run as a process of that user: asks how things are, and says what came.
#[test]
fn stranger_asks_when_told_to() {
    let Some(socket) = std::env::var_os(SOCKET) else { return };
    let Ok(mut stream) = UnixStream::connect(socket) else {
        tell("not let near");
        return;
    };
    let _ = stream.write_all(&[0, 0, 0, 2, 1, 1]);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    tell(&format!("{} bytes", answer.len()));
}

fn tell(what: &str) {
    let line = format!("stranger: {what}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

/// What the other user got; none if tests cannot become another user.
fn ask_as_nobody(office: &Office) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    // The test binary may lie where only root can read it.
    let binary = std::env::temp_dir().join(format!("stranger-{}", std::process::id()));
    std::fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    std::fs::set_permissions(&binary, Permissions::from_mode(0o755)).unwrap();
    let run = Command::new(&binary)
        .args(["--exact", "agent::others::stranger_asks_when_told_to", "--nocapture"])
        .env(SOCKET, office.socket())
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .stdin(Stdio::null())
        .output();
    std::fs::remove_file(&binary).unwrap();
    let said = String::from_utf8_lossy(&run.unwrap().stdout).into_owned();
    let line = said.lines().find_map(|line| line.split_once("stranger: "));
    Some(line.unwrap().1.to_owned())
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iii)", "164.312(d)"],
    claim = "the agent answers its own user only, and records that somebody else knocked",
    polarity = deny,
)]
fn another_user_gets_no_answer(ev: Ev) -> Proven {
    let office = Office::with_limits(900, 900);
    ev.allows(office.ward.line("login").result());
    ev.equal("its socket is its user's own", &mode(&office.socket()), &0o600);
    // Who is not root cannot become another user: there the comparison alone is tested, in the program.
    let is_root = ask_as_nobody(&office).inspect(|said| {
        ev.equal("the folder keeps others away", &said.as_str(), &"not let near");
    });
    // Even if somebody opened all the doors to it.
    let run = office.socket().parent().unwrap().to_owned();
    let doors = [run.as_path(), &office.ward.path("home"), &office.ward.path(".")];
    for door in doors {
        std::fs::set_permissions(door, Permissions::from_mode(0o755)).unwrap();
    }
    std::fs::set_permissions(office.socket(), Permissions::from_mode(0o666)).unwrap();
    if let Some(said) = ask_as_nobody(&office) {
        ev.equal("the system says who it is", &said.as_str(), &"0 bytes");
    }
    // Its own user is warned, and does not use it any more.
    ev.denies(office.ward.line("status").result(), |e| *e == Refused(25));
    std::fs::set_permissions(&run, Permissions::from_mode(0o700)).unwrap();
    std::fs::set_permissions(office.socket(), Permissions::from_mode(0o600)).unwrap();
    ev.allows(office.ward.line("status").result());
    if is_root.is_some() {
        let knocked = row("login-failure", "denied", "credentials");
        ev.equal("it is on record", &office.sessions().last(), &Some(&knocked));
    }
    ev.proven()
}

fn mode(path: &std::path::Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn socket_of_a_stranger_in_the_agents_place_is_refused() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let office = Office::with_limits(900, 900);
    let ward = &office.ward;
    ward.line("login").ok();
    ward.line(SEAL).ok();
    let real = office.socket();
    std::fs::rename(&real, ward.path("home/run/real")).unwrap();
    // Another user's socket, at the same path.
    let _theirs = UnixListener::bind(&real).unwrap();
    std::fs::set_permissions(&real, Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::chown(&real, Some(NOBODY), Some(NOBODY)).unwrap();
    assert_eq!(ward.line(OPEN).code, 25);
    assert!(!opened(ward));
}

#[test]
fn copied_socket_path_is_refused() {
    let office = Office::with_limits(900, 900);
    let ward = &office.ward;
    ward.line("login").ok();
    ward.line(SEAL).ok();
    let runtime = ward.path("runtime");
    std::fs::create_dir(&runtime).unwrap();
    let elsewhere = [("XDG_RUNTIME_DIR", runtime.to_str().unwrap())];
    // There is no agent there, and the log is the other's.
    let alone = ward.line_with(&elsewhere, OPEN);
    assert_eq!(alone.code, 17, "{}", alone.stderr);
    let folder = runtime.join("medsec");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
    let copied = folder.join(format!("{}.sock", hash_of_home(ward)));
    for link in [true, false] {
        match link {
            true => std::os::unix::fs::symlink(office.socket(), &copied).unwrap(),
            false => std::fs::hard_link(office.socket(), &copied).unwrap(),
        }
        // A link is not a socket; a copy in a folder that others can write is not private.
        if !link {
            std::fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        }
        let run = ward.line_with(&elsewhere, OPEN);
        assert_eq!(run.code, 25, "{}", run.stderr);
        assert!(!opened(ward));
        std::fs::remove_file(&copied).unwrap();
    }
    ward.line(OPEN).ok();
}

/// The name that a home's socket has in the runtime folder.
fn hash_of_home(ward: &crate::ward::Ward) -> String {
    use sha2::{Digest as _, Sha256};
    let home = ward.path("home").canonicalize().unwrap();
    let digest = Sha256::digest(home.as_os_str().as_encoded_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
