//! As much of HTTP/1.1 as the proxy needs: where a request ends.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest head of a request.
const MAX_HEAD_LEN: usize = 64 * 1024;
/// Longest body of a request.
const MAX_BODY_LEN: usize = 64 * 1024 * 1024;

/// A request in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests read it")]
pub struct Request {
    /// First line and headers, without the empty line.
    pub head: String,
    /// What follows.
    pub body: Vec<u8>,
}

impl Request {
    /// The method.
    #[must_use]
    pub fn method(&self) -> &str {
        self.word(0)
    }

    /// The path with its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.word(1)
    }

    /// The value of a header, whose name is given in small letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let mut found = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim())
    }

    fn word(&self, index: usize) -> &str {
        let line = self.head.lines().next().unwrap_or_default();
        line.split(' ').nth(index).unwrap_or_default()
    }

    /// The same request for a connection that ends with the answer.
    pub(super) fn last(&self) -> Vec<u8> {
        let kept = |line: &&str| !line.to_ascii_lowercase().starts_with("connection:");
        let lines: Vec<_> = self.head.lines().filter(kept).collect();
        let head = lines.join("\r\n") + "\r\nConnection: close\r\n\r\n";
        [head.as_bytes(), &self.body].concat()
    }

    /// Reads one; nothing where the client has closed the connection.
    pub(super) async fn read(
        stream: &mut (impl AsyncRead + Unpin),
    ) -> io::Result<Option<(Self, Vec<u8>)>> {
        let Some(head) = head(stream).await? else { return Ok(None) };
        let text = String::from_utf8(head.clone()).map_err(|_| broken("a head that is no text"))?;
        let head_text = text.trim_end().to_owned();
        let mut request = Self { head: head_text, body: Vec::new() };
        let length = request.header("content-length").map_or(Ok(0), str::parse);
        let length: usize = length.map_err(|_| broken("a length that is no number"))?;
        if length > MAX_BODY_LEN || request.header("transfer-encoding").is_some() {
            return Err(broken("a body of unknown or too great a length"));
        }
        request.body = vec![0; length];
        stream.read_exact(&mut request.body).await?;
        let bytes = [head, request.body.clone()].concat();
        Ok(Some((request, bytes)))
    }
}

/// The bytes up to and with the empty line.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0_u8];
        if stream.read(&mut byte).await? == 0 {
            return if head.is_empty() { Ok(None) } else { Err(broken("a cut request")) };
        }
        head.extend_from_slice(&byte);
        if head.len() > MAX_HEAD_LEN {
            return Err(broken("too long a head"));
        }
    }
    Ok(Some(head))
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The status in the first line of an answer.
pub(super) fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    std::str::from_utf8(line).ok()?.split(' ').nth(1)?.parse().ok()
}
