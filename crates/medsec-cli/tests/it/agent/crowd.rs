//! Clients that flood the agent, hang, or talk nonsense.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::{OPEN, Office, SEAL, opened};

/// What every body begins with.
const VERSION: u8 = 2;

#[test]
fn flood_of_a_thousand_connections_harms_no_command() {
    let office = Office::with_limits(900, 900);
    let ward = &office.ward;
    ward.line("login").ok();
    ward.line(SEAL).ok();
    let socket = office.socket();
    let connect = || UnixStream::connect(&socket).unwrap();
    let flood: Vec<UnixStream> = (0..1000).map(|_| connect()).collect();
    let begun = Instant::now();
    ward.line(OPEN).ok();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert!(opened(ward));
    let status = office.status().json();
    assert!(status["connections"].as_u64().unwrap() <= 64, "{status}");
    // Those that were turned away have been told so: a frame with the one byte of that answer.
    let told = flood.iter().filter(|stream| {
        let mut frame = [0; 6];
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        (&**stream).read_exact(&mut frame).is_ok() && frame == [0, 0, 0, 2, VERSION, 13]
    });
    let told = told.count();
    assert!((800..=1000 - 64).contains(&told), "{told}");
}

#[test]
fn clients_that_hang_in_a_frame_harm_nobody_and_are_given_up() {
    let office = Office::with_limits(900, 900);
    let ward = &office.ward;
    ward.line("login").ok();
    let hang = |bytes: &[u8]| {
        let mut stream = UnixStream::connect(office.socket()).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    };
    let hanging: Vec<UnixStream> = (0..20_usize)
        .map(|n| hang([&[0][..], &[0, 0, 0], &[0, 0, 1, 0, VERSION]][n % 3]))
        .collect();
    let begun = Instant::now();
    ward.line(SEAL).ok();
    ward.line(OPEN).ok();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    for mut stream in hanging {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it was given up");
    }
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
}

#[test]
fn nonsense_is_answered_once_and_never_obeyed() {
    let office = Office::with_limits(900, 900);
    office.ward.line("login").ok();
    for body in [
        &[VERSION, 99][..],
        &[1, 1],
        &[VERSION],
        &[VERSION, 6, 0xFF, 0xFF],
        b"GET / HTTP/1.1\r\n\r\n",
        &[0; 70_000],
    ] {
        let mut stream = UnixStream::connect(office.socket()).unwrap();
        stream.write_all(&(body.len() as u32).to_be_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, [0, 0, 0, 2, VERSION, 14]);
    }
    for len in [0_u32, (1 << 20) + 1, u32::MAX] {
        let mut stream = UnixStream::connect(office.socket()).unwrap();
        stream.write_all(&len.to_be_bytes()).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "{len}");
    }
    assert_eq!(office.status().json()["user"], "ada");
}

#[test]
fn keys_are_not_given_without_a_login_of_the_connection() {
    let office = Office::with_limits(900, 900);
    office.ward.line("login").ok();
    // `Current` and `Signer`, without `Enter` before: nobody is logged in on this connection.
    for body in [&[&[VERSION, 5][..]], &[&[&[VERSION, 10][..], &[0; 32]].concat()[..]]] {
        let body = body[0];
        let mut stream = UnixStream::connect(office.socket()).unwrap();
        stream.write_all(&(body.len() as u32).to_be_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [0, 0, 0, 3, VERSION, 9, 0]);
    }
}
