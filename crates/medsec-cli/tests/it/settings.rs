//! Settings: where they come from, and which wins.

use crate::ward::Ward;

/// What `config show` says of a setting: value and source.
fn shown(ward: &Ward, line: &str, environment: &[(&str, &str)], name: &str) -> (String, String) {
    let mut command = ward.command(line.split_whitespace());
    command.envs(environment.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let setting = &document["settings"][name];
    let text = |field: &str| setting[field].as_str().unwrap_or_default().to_owned();
    (text("value"), text("source"))
}

#[test]
fn command_line_beats_environment_beats_file_beats_default() {
    let ward = Ward::new();
    ward.line("init --user ada --no-passphrase").ok();
    let line = "config show --json";
    let threads = |line, environment: &[_]| shown(&ward, line, environment, "work.threads");
    assert_eq!(threads(line, &[]).1, "default");
    let config = ward.read("home/config.toml");
    ward.write("home/config.toml", &[&config, "\n[work]\nthreads = 2\n".as_bytes()].concat());
    assert_eq!(threads(line, &[]), ("2".into(), "config.toml".into()));
    let environment = [("MEDSEC_THREADS", "3")];
    assert_eq!(threads(line, &environment), ("3".into(), "environment MEDSEC_THREADS".into()));
    let line = "config show --json --threads 4";
    assert_eq!(threads(line, &environment), ("4".into(), "option --threads".into()));
}

#[test]
fn home_can_be_named_in_each_way() {
    let ward = Ward::new();
    let (_, source) = shown(&ward, "config show --json", &[], "home");
    assert_eq!(source, "environment MEDSEC_HOME");
    let (value, source) = shown(&ward, "config show --json --home other", &[], "home");
    assert_eq!((value.as_str(), source.as_str()), ("other", "option --home"));
    let plain = [("MEDSEC_HOME", ""), ("XDG_DATA_HOME", "/nowhere/data")];
    let (value, source) = shown(&ward, "config show --json", &plain, "home");
    assert_eq!((value.as_str(), source.as_str()), ("/nowhere/data/medsec", "default"));
}

#[test]
fn malformed_settings_are_told_by_line_and_not_repeated() {
    let ward = Ward::new();
    ward.line("init --user ada --no-passphrase").ok();
    ward.write("home/config.toml", b"[store]\nfolder = \"store\"\nKOWALSKA = 1\n");
    let run = ward.line("key status");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("line 3"), "{}", run.stderr);
}

#[test]
fn wrong_thread_count_is_refused_wherever_it_stands() {
    let ward = Ward::new();
    for (name, value) in [("MEDSEC_THREADS", "0"), ("MEDSEC_THREADS", "many")] {
        let output = ward.command(["config", "show"]).env(name, value).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn colours_are_never_used() {
    let ward = Ward::new();
    for (name, value) in [("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")] {
        let output = ward.command(["help"]).env(name, value).output().unwrap();
        if name == "NO_COLOR" {
            assert!(!output.stdout.contains(&0x1b));
        }
    }
    let run = ward.line("doctor");
    assert!(!run.stdout.contains(&0x1b));
}

#[test]
fn completions_and_manual_pages_come_from_the_program() {
    let ward = Ward::new();
    for shell in ["bash", "zsh", "fish"] {
        let run = ward.line(&format!("completions {shell}"));
        run.ok();
        assert!(run.text().contains("offboard"), "{shell}");
    }
    ward.line("man --out-dir pages").ok();
    for page in ["medsec.1", "medsec-seal.1", "medsec-key-destroy.1"] {
        assert!(ward.exists(&format!("pages/{page}")), "{page}");
    }
}
