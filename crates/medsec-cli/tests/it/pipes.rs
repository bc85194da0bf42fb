//! Standard input and output.

use crate::ward::{CONTEXT, SCAN, Ward};

#[test]
fn damaged_package_gives_nothing_to_stdout() {
    let ward = Ward::with_package();
    ward.flip_from_end("scan.msp", 1);
    let line =
        format!("open scan.msp --identity own.key --any-signer --context-file {CONTEXT} --stdout");
    let run = ward.piped(&line, b"");
    assert_eq!((run.code, run.stdout.len()), (7, 0));
}

#[test]
fn damaged_stream_leaves_no_file() {
    let ward = Ward::with_package();
    for back in [1, 100_000] {
        ward.flip_from_end("scan.msp", back);
        let line = format!("open - --identity own.key --any-signer --context-file {CONTEXT} -o x");
        let run = ward.piped(&line, &ward.read("scan.msp"));
        assert!(matches!(run.code, 6 | 7), "{}", run.stderr);
        assert!(!ward.exists("x"));
    }
}

#[test]
fn unverified_release_says_so_when_it_fails() {
    let ward = Ward::with_package();
    ward.flip_from_end("scan.msp", 1);
    let line = format!(
        "open - --identity own.key --any-signer --context-file {CONTEXT} --stdout --danger-release-unverified"
    );
    let run = ward.piped(&line, &ward.read("scan.msp"));
    assert_eq!(run.code, 7);
    assert!(run.stderr.contains("throw away"), "{}", run.stderr);
}

#[test]
fn cut_stream_leaves_no_file() {
    let ward = Ward::with_package();
    let package = ward.read("scan.msp");
    let line = format!("open - --identity own.key --any-signer --context-file {CONTEXT} -o x");
    for len in [0, 15, 4_000, 10_000, package.len() / 2, package.len() - 1] {
        let run = ward.piped(&line, &package[..len]);
        assert_ne!(run.code, 0);
        assert!(!ward.exists("x"), "{len}");
    }
}

#[test]
fn reader_that_goes_away_ends_the_program() {
    let ward = Ward::with_home();
    ward.write("large", &vec![0; 4 << 20]);
    ward.line("seal large --to own.key -o large.msp").ok();
    for flag in ["", "--danger-release-unverified"] {
        let line = format!("open large.msp --identity own.key --any-signer --stdout {flag}");
        let mut child = ward.spawn(&line);
        let mut first = [0; 10];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
        drop(child.stdout.take());
        let run = crate::ward::finished(Ok(child));
        assert_eq!(run.code, 9, "{}", run.stderr);
        let told = run.stderr.contains("throw away");
        assert_eq!(told, !flag.is_empty(), "{}", run.stderr);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn report_that_cannot_be_printed_ends_with_9() {
    let ward = Ward::with_package();
    for line in ["inspect scan.msp", "inspect scan.msp --json", "identity show own.key"] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let child = ward
            .command(line.split(' '))
            .stdout(full.unwrap())
            .stderr(std::process::Stdio::piped())
            .spawn();
        assert_eq!(crate::ward::finished(child).code, 9, "{line}");
    }
}

#[test]
fn content_goes_through_a_pipe() {
    let ward = Ward::with_home();
    let sealed = ward.piped("seal - --to own.key -o -", &ward.content);
    sealed.ok();
    assert!(sealed.stderr.contains("input 1: sealed"), "{}", sealed.stderr);
    let line = "open - --identity own.key --any-signer --stdout --danger-release-unverified";
    let opened = ward.piped(line, &sealed.stdout);
    opened.ok();
    assert_eq!(opened.stdout, ward.content);
}

#[test]
fn verified_content_goes_to_stdout() {
    let ward = Ward::with_package();
    let line =
        format!("open scan.msp --identity own.key --signer sign.key --context-file {CONTEXT} -o -");
    let run = ward.piped(&line, b"");
    run.ok();
    assert_eq!(run.stdout, ward.content);
}

#[test]
fn stream_opens_into_a_file() {
    let ward = Ward::with_package();
    let line = format!("open - --identity own.key --signer sign.key --context-file {CONTEXT} -o x");
    ward.piped(&line, &ward.read("scan.msp")).ok();
    assert_eq!(ward.read("x"), ward.content);
}

#[test]
fn context_comes_by_stdin() {
    let ward = Ward::with_home();
    let context = ward.read(CONTEXT);
    ward.piped(&format!("seal {SCAN} --to own.key --context-file - -o scan.msp"), &context).ok();
    let line = "open scan.msp --identity own.key --any-signer --context-file - -o x";
    assert_eq!(ward.piped(line, b"").code, 4);
    ward.piped(line, &context).ok();
    assert_eq!(ward.read("x"), ward.content);
}
