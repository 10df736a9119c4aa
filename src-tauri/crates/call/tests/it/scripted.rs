//! A realtime server that does to each connection in turn what a test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// What a connection meets.
pub(crate) enum Meets {
    /// An HTTP answer to the upgrade.
    Answer(String),
    /// The session is agreed; after so many ms the line is closed with this code.
    Close(u64, u16),
    /// The session is agreed; after so many ms nothing is read, answered or closed any more.
    Silence(u64),
    /// The session is agreed, and the connection ends without a word when an event of this type comes.
    DropAt(&'static str),
    /// The session is agreed, and the line stays.
    Stay,
}

/// Ends when dropped.
pub(crate) struct Scripted {
    pub(crate) url: String,
    /// What each connection was sent, by connection.
    heard: Arc<Mutex<Vec<Vec<Value>>>>,
    task: JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Connections beyond the script stay.
pub(crate) async fn scripted(script: impl IntoIterator<Item = Meets>) -> Scripted {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/v1/realtime", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let mut script: VecDeque<Meets> = script.into_iter().collect();
    let log = heard.clone();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let number = {
                let mut log = log.lock().unwrap();
                log.push(Vec::new());
                log.len() - 1
            };
            let meets = script.pop_front().unwrap_or(Meets::Stay);
            let log = log.clone();
            tokio::spawn(async move {
                serve(stream, meets, |event| log.lock().unwrap()[number].push(event)).await;
            });
        }
    });
    Scripted { url, heard, task }
}

async fn serve(mut stream: TcpStream, meets: Meets, log: impl Fn(Value)) {
    if let Meets::Answer(answer) = &meets {
        let mut request = [0; 4_096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
        return;
    }
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let Some(Ok(_)) = socket.next().await else { return };
    for event in [
        json!({"type": "conversation.created", "conversation": {"id": "c1"}}),
        json!({"type": "session.updated", "session": {}}),
    ] {
        if socket.send(Message::text(event.to_string())).await.is_err() {
            return;
        }
    }
    let (code, drop_at) = match meets {
        Meets::Close(ms, code) => (Some((ms, code)), None),
        Meets::Silence(ms) => (Some((ms, 0)), None),
        Meets::DropAt(kind) => (None, Some(kind)),
        Meets::Answer(_) | Meets::Stay => (None, None),
    };
    let end = async {
        match code {
            Some((ms, _)) => tokio::time::sleep(Duration::from_millis(ms)).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(end);
    loop {
        tokio::select! {
            message = socket.next() => {
                let Some(Ok(message)) = message else { return };
                let Message::Text(text) = message else { continue };
                let event: Value = serde_json::from_str(&text).unwrap();
                if drop_at.is_some_and(|kind| event["type"] == kind) {
                    return;
                }
                log(event);
            }
            () = &mut end => break,
        }
    }
    match code {
        Some((_, 0)) | None => std::future::pending().await,
        Some((_, code)) => {
            let frame = CloseFrame { code: code.into(), reason: "scripted".into() };
            let _ = socket.close(Some(frame)).await;
            while let Some(Ok(_)) = socket.next().await {}
        }
    }
}

impl Scripted {
    pub(crate) fn connections(&self) -> usize {
        self.heard.lock().unwrap().len()
    }

    /// The events of one type that the connection `number`, counted from 0, was sent.
    pub(crate) fn heard(&self, number: usize, kind: &str) -> Vec<Value> {
        let heard = self.heard.lock().unwrap();
        heard[number].iter().filter(|event| event["type"] == kind).cloned().collect()
    }
}

/// A whole HTTP answer without a body.
pub(crate) fn answer(status: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n{headers}\r\n")
}
