//! One HTTP request on a connection of its own, from a client that can misbehave.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
    pub(crate) raw: String,
}

impl Reply {
    pub(crate) fn fault(&self) -> &str {
        let error = self.body["error"].as_str().unwrap_or_default();
        assert!(!error.is_empty(), "no error in {self:?}");
        self.body["fault"].as_str().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// A POST to /session with this bearer, or with none.
pub(crate) async fn post(address: SocketAddr, bearer: Option<&str>, body: &str) -> Reply {
    let authorization = bearer.map_or(String::new(), |secret| format!("Authorization: Bearer {secret}\r\n"));
    let request = format!(
        "POST /session HTTP/1.1\r\nHost: {address}\r\n{authorization}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    send(address, &request).await
}

/// Sends these bytes on a connection of their own and reads the answer.
pub(crate) async fn send(address: SocketAddr, request: &str) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that refuses early may close before it has read everything.
    stream.write_all(request.as_bytes()).await.ok();
    read(&mut stream).await
}

/// Far beyond any real delay, and below hyper's own limits: it only keeps a broken test from hanging.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// One answer, or what came before the connection closed: not every server closes when it is asked to.
/// Fails, rather than hangs, where nothing ever comes.
pub(crate) async fn read(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let reading = async {
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut chunk).await {
            bytes.extend_from_slice(&chunk[..count]);
            if is_whole(&bytes) {
                break;
            }
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("the connection stays open");
    let raw = String::from_utf8(bytes).unwrap();
    let (head, body) = raw.split_once("\r\n\r\n").unwrap_or((&raw, ""));
    Reply {
        status: head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0),
        head: head.to_owned(),
        body: serde_json::from_str(body).unwrap_or(Value::Null),
        raw: raw.clone(),
    }
}

/// Whether the body has the length that the head gives it.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    length.is_some_and(|length| bytes.len() >= end + 4 + length)
}
