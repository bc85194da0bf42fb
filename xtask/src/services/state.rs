//! What runs, as `state.json` says it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::private;

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) pid: u32,
    /// When it began, as the kernel counts: a pid alone may be somebody else's by now.
    pub(super) began: String,
    pub(super) port: u16,
}

/// All processes of a run and the variables that tests get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    /// Folder of this run, removed at its end.
    pub(super) run: PathBuf,
    pub(super) servers: Vec<Server>,
    pub(super) variables: Vec<(String, String)>,
}

impl State {
    pub(super) const fn new(run: PathBuf) -> Self {
        Self { run, servers: Vec::new(), variables: Vec::new() }
    }

    pub(super) fn set(&mut self, name: &str, value: String) {
        self.variables.push((name.to_owned(), value));
    }

    pub(super) fn set_all(&mut self, variables: impl IntoIterator<Item = (String, String)>) {
        self.variables.extend(variables);
    }

    /// Adds a process, in the place of one of the same name, and writes the file.
    pub(super) fn add(&mut self, server: Server, home: &Path) -> Result<()> {
        self.servers.retain(|known| known.name != server.name);
        self.servers.push(server);
        self.save(home)
    }

    /// Nothing where no servers were started.
    ///
    /// # Errors
    /// The file is there and cannot be read: what it named may still run.
    pub(super) fn load(home: &Path) -> Result<Option<Self>> {
        let file = file(home);
        if !file.exists() {
            return Ok(None);
        }
        let read = || Self::parse(&std::fs::read_to_string(&file)?).context("not a state file");
        read().with_context(|| format!("reading {}", file.display())).map(Some)
    }

    pub(super) fn save(&self, home: &Path) -> Result<()> {
        std::fs::create_dir_all(home)?;
        let draft = home.join("state.json.new");
        // The variables have passwords among them.
        private::write(&draft, &self.to_json())?;
        Ok(std::fs::rename(draft, file(home))?)
    }

    /// Removes the run's folder and the file.
    pub(super) fn remove(&self, home: &Path) -> Result<()> {
        if self.run.exists() {
            std::fs::remove_dir_all(&self.run)
                .with_context(|| format!("removing {}", self.run.display()))?;
        }
        Ok(std::fs::remove_file(file(home))?)
    }

    fn to_json(&self) -> String {
        let servers: Vec<_> = self
            .servers
            .iter()
            .map(|s| json!({"name": s.name, "pid": s.pid, "began": s.began, "port": s.port}))
            .collect();
        let state = json!({
            "run": self.run, "servers": servers, "variables": self.variables,
        });
        format!("{state:#}\n")
    }

    fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let words = |pair: &Value| Some((word(pair.get(0)?)?, word(pair.get(1)?)?));
        Some(Self {
            run: word(value.get("run")?)?.into(),
            servers: value.get("servers")?.as_array()?.iter().map(server).collect::<Option<_>>()?,
            variables: value
                .get("variables")?
                .as_array()?
                .iter()
                .map(words)
                .collect::<Option<_>>()?,
        })
    }
}

fn file(home: &Path) -> PathBuf {
    home.join("state.json")
}

fn word(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn server(value: &Value) -> Option<Server> {
    Some(Server {
        name: word(value.get("name")?)?,
        pid: value.get("pid")?.as_u64()?.try_into().ok()?,
        began: word(value.get("began")?)?,
        port: value.get("port")?.as_u64()?.try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(run: &Path) -> State {
        let server = Server { name: "a".into(), pid: 7, began: "123".into(), port: 4711 };
        let variables = vec![("MEDSEC_LIVE_A".to_owned(), "b".to_owned())];
        State { run: run.to_path_buf(), servers: vec![server], variables }
    }

    #[test]
    fn state_reads_back_as_written() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(State::load(dir.path()).unwrap(), None);
        let state = state(&dir.path().join("run"));
        state.save(dir.path()).unwrap();
        assert_eq!(State::load(dir.path()).unwrap(), Some(state));
    }

    #[test]
    fn state_is_nobody_elses() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = tempfile::tempdir().unwrap();
        state(&dir.path().join("run")).save(dir.path()).unwrap();
        let mode = std::fs::metadata(file(dir.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn server_that_was_started_again_takes_its_own_place() {
        let dir = tempfile::tempdir().unwrap();
        let mut state = state(&dir.path().join("run"));
        let again = Server { pid: 8, ..state.servers[0].clone() };
        state.add(again.clone(), dir.path()).unwrap();
        assert_eq!(State::load(dir.path()).unwrap().unwrap().servers, [again]);
    }

    #[test]
    fn unreadable_state_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(file(dir.path()), "{}").unwrap();
        assert!(State::load(dir.path()).is_err());
    }

    #[test]
    fn removed_state_takes_its_run_along() {
        let dir = tempfile::tempdir().unwrap();
        let run = dir.path().join("run");
        std::fs::create_dir(&run).unwrap();
        let state = state(&run);
        state.save(dir.path()).unwrap();
        state.remove(dir.path()).unwrap();
        assert!(!run.exists() && State::load(dir.path()).unwrap().is_none());
    }
}
