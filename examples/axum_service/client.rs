//! What somebody asks of the service, and what they are told.

use std::net::SocketAddr;

use medsec_examples::clinic::Failed;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::provider::Provider;

/// Everything, one after the other.
pub(crate) async fn ask_everything(service: SocketAddr, provider: &Provider) -> Result<(), Failed> {
    let other = format!("Bearer {}", provider.token("ada", "archive", 1)?);
    tell("token for another service", &ask(service, "POST /session", &other, "-").await?);
    let token = format!("Bearer {}", provider.token("ada", "imaging", 2)?);
    let session = ask(service, "POST /session", &token, "-").await?;
    tell("token for this service", &session);
    tell("the same once more", &ask(service, "POST /session", &token, "-").await?);
    let session = format!("Session {}", session.1);
    let open = "GET /packages/ct-1";
    tell("without a session", &ask(service, open, "-", "TREAT").await?);
    tell("for marketing", &ask(service, open, &session, "HMARKT").await?);
    tell("another package", &ask(service, "GET /packages/ct-2", &session, "TREAT").await?);
    tell("for treatment", &ask(service, open, &session, "TREAT").await?);
    let stranger = format!("Bearer {}", provider.token("eve-71", "imaging", 3)?);
    let session = ask(service, "POST /session", &stranger, "-").await?;
    let session = format!("Session {}", session.1);
    tell("by somebody without a role", &ask(service, open, &session, "TREAT").await?);
    Ok(())
}

fn tell(what: &str, (status, body): &(String, String)) {
    println!("{what}: {status}, {} bytes", body.len());
}

/// One request of HTTP/1.0, whose answer ends with the connection: its status and its body.
async fn ask(
    service: SocketAddr,
    what: &str,
    authorization: &str,
    purpose: &str,
) -> Result<(String, String), Failed> {
    let mut stream = TcpStream::connect(service).await?;
    let request = format!(
        "{what} HTTP/1.0\r\nAuthorization: {authorization}\r\nPurpose-Of-Use: {purpose}\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    let status = head.split(' ').nth(1).ok_or("no status")?;
    Ok((status.to_owned(), body.to_owned()))
}
