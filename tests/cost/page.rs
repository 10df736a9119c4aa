//! One page on a loopback port, for a browser that wants an origin where a microphone is allowed.

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const PAGE: &str = include_str!("page.html");

/// Served until it is dropped.
pub(crate) struct Page {
    port: u16,
    server: JoinHandle<()>,
}

impl Page {
    pub(crate) async fn serve() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream));
            }
        });
        Ok(Self { port, server })
    }

    /// Where the page calls `realtime_url` with `key` as its token.
    pub(crate) fn address(&self, realtime_url: &str, key: &str) -> String {
        format!("http://127.0.0.1:{}/#url={realtime_url}&key={key}", self.port)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(mut stream: TcpStream) {
    let mut request = [0; 4_096];
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        PAGE.len()
    );
    // A browser that goes away is no concern of the page.
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(PAGE.as_bytes()).await;
}
