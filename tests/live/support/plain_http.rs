//! The least of HTTP: one request on one connection, and a server that answers one request after the other.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// What a client asked.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// Asks a server once, reads the answer to its end and returns its status.
pub(crate) fn ask(server: &str, method: &str, path: &str, headers: &str, body: &str) -> u16 {
    let mut stream = TcpStream::connect(server).unwrap();
    let len = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\nContent-Length: {len}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let (line, _) = head(&mut reader).unwrap();
    reader.read_to_end(&mut Vec::new()).unwrap();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Answers requests on a free port of this machine until the process ends, and returns `http://127.0.0.1:port`. An
/// answer is all that stands behind `HTTP/1.1 `: status, headers, an empty line and the body.
pub(crate) fn serve(answer: impl Fn(Request) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let Some((line, headers)) = head(&mut reader) else { continue };
            let mut body = vec![0; length(&headers).unwrap_or(0)];
            reader.read_exact(&mut body).unwrap();
            let answer = answer(Request { line, headers, body });
            // A client that has read enough may be gone.
            let _ = stream.write_all(b"HTTP/1.1 ").and_then(|()| stream.write_all(&answer));
        }
    });
    address
}

/// An answer for [`serve`].
pub(crate) fn answer(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let len = body.len();
    let head = format!(
        "{status}\r\nContent-Type: {kind}\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn head(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<String>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let first = (!lines.is_empty()).then(|| lines.remove(0))?;
    Some((first, lines))
}

fn length(headers: &[String]) -> Option<usize> {
    let lower = headers.iter().map(|header| header.to_ascii_lowercase());
    lower.into_iter().find_map(|header| header.strip_prefix("content-length:")?.trim().parse().ok())
}
