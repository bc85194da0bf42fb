//! What somebody asks of the service, and what they are told.

use std::net::SocketAddr;
use std::time::Duration;

use medsec_examples::clinic::Failed;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::provider::Provider;

/// How long the package's content is: more than the buffers on the way take, so that it shows when nobody takes it.
pub(crate) const LEN: usize = 32 << 20;

/// Longer than the service is patient, and than a session may be idle.
const LONG: Duration = Duration::from_secs(5);

const OPEN: &str = "GET /packages/ct-1";

/// Everything, one after the other.
pub(crate) async fn ask_everything(service: SocketAddr, provider: &Provider) -> Result<(), Failed> {
    let other = format!("Bearer {}", provider.token("ada", "archive", 1)?);
    tell("token for another service", &ask(service, "POST /session", &other, "-").await?);
    let token = format!("Bearer {}", provider.token("ada", "imaging", 2)?);
    let session = ask(service, "POST /session", &token, "-").await?;
    tell("token for this service", &session);
    tell("the same once more", &ask(service, "POST /session", &token, "-").await?);
    let session = session.handle();
    tell("without a session", &ask(service, OPEN, "-", "TREAT").await?);
    tell("for marketing", &ask(service, OPEN, &session, "HMARKT").await?);
    tell("another package", &ask(service, "GET /packages/ct-2", &session, "TREAT").await?);
    let content = ask(service, OPEN, &session, "TREAT").await?;
    tell("for treatment", &content);
    println!("it may be stored: {}", !content.head.contains("cache-control: no-store"));
    tell("logging out", &ask(service, "DELETE /session", &session, "-").await?);
    tell("after that", &ask(service, OPEN, &session, "TREAT").await?);
    let stranger = format!("Bearer {}", provider.token("eve-71", "imaging", 3)?);
    let stranger = ask(service, "POST /session", &stranger, "-").await?.handle();
    tell("by somebody without a role", &ask(service, OPEN, &stranger, "TREAT").await?);
    // The stranger's session is idle meanwhile, and ends by itself.
    stall(service, provider).await?;
    let last = format!("Bearer {}", provider.token("ada", "imaging", 5)?);
    tell("a session that the end finds", &ask(service, "POST /session", &last, "-").await?);
    Ok(())
}

/// Asks for the content and takes nothing of it for a long time. What comes then is not all.
async fn stall(service: SocketAddr, provider: &Provider) -> Result<(), Failed> {
    let token = format!("Bearer {}", provider.token("ada", "imaging", 4)?);
    let session = ask(service, "POST /session", &token, "-").await?.handle();
    let mut stream = TcpStream::connect(service).await?;
    stream.write_all(request(OPEN, &session, "TREAT").as_bytes()).await?;
    sleep(LONG).await;
    let mut rest = Vec::new();
    // Broken off, by an end or by an error.
    let _ = stream.read_to_end(&mut rest).await;
    println!("who stalls gets all: {}", rest.len() >= LEN);
    Ok(())
}

/// What was answered.
struct Answer {
    status: String,
    head: String,
    body: String,
}

impl Answer {
    /// What names the session that began, as it is shown.
    fn handle(&self) -> String {
        format!("Session {}", self.body)
    }
}

fn tell(what: &str, answer: &Answer) {
    println!("{what}: {}, {} bytes", answer.status, answer.body.len());
}

/// One request of HTTP/1.0, whose answer ends with the connection.
async fn ask(
    service: SocketAddr,
    what: &str,
    authorization: &str,
    purpose: &str,
) -> Result<Answer, Failed> {
    let mut stream = TcpStream::connect(service).await?;
    stream.write_all(request(what, authorization, purpose).as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    let status = head.split(' ').nth(1).ok_or("no status")?;
    Ok(Answer { status: status.to_owned(), head: head.to_ascii_lowercase(), body: body.to_owned() })
}

fn request(what: &str, authorization: &str, purpose: &str) -> String {
    format!(
        "{what} HTTP/1.0\r\nAuthorization: {authorization}\r\nPurpose-Of-Use: {purpose}\r\nContent-Length: 0\r\n\r\n"
    )
}
