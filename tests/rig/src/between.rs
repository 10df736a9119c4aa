//! A proxy on loopback that leads every name to one server.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP CONNECT (RFC 9110 §9.3.6).
    Connect,
    /// SOCKS version 5 (RFC 1928), for names only.
    Socks,
}

/// A running proxy. It ends with the runtime that it was started in.
#[derive(Debug)]
pub struct Between {
    protocol: Protocol,
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Rules {
    protocol: Protocol,
    server: SocketAddr,
    login: Option<(String, String)>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Between {
    /// Without a login it takes everybody; with one, only who shows that user name and that password.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(protocol: Protocol, server: SocketAddr, login: Option<(&str, &str)>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let between = Self { protocol, address: listener.local_addr()?, asked: Arc::default() };
        let login = login.map(|(user, password)| (user.to_owned(), password.to_owned()));
        let rules = Rules { protocol, server, login, asked: between.asked.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let rules = rules.clone();
                tokio::spawn(async move {
                    // Whoever is turned away or hangs up has been served.
                    let _ = rules.serve(client).await;
                });
            }
        });
        Ok(between)
    }

    /// Its address as a profile has it; a SOCKS proxy looks names up.
    #[must_use]
    pub fn url(&self) -> String {
        match self.protocol {
            Protocol::Connect => format!("http://{}", self.address),
            Protocol::Socks => format!("socks5h://{}", self.address),
        }
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The targets it was asked for by those whom it let in, such as `voice.example:443`.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Rules {
    async fn serve(self, mut client: TcpStream) -> Result<()> {
        let target = match self.protocol {
            Protocol::Connect => self.connect(&mut client).await?,
            Protocol::Socks => self.socks(&mut client).await?,
        };
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(target);
        let mut server = TcpStream::connect(self.server).await?;
        copy_bidirectional(&mut client, &mut server).await?;
        Ok(())
    }

    async fn connect(&self, client: &mut TcpStream) -> Result<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await?);
        }
        let head = String::from_utf8(head)?;
        let shown = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("proxy-authorization").then(|| value.trim().to_owned())
        });
        if let Some((user, password)) = &self.login
            && shown != Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
        {
            client
                .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
                .await?;
            bail!("turned away");
        }
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
        let target = head.split(' ').nth(1).unwrap_or_default();
        Ok(target.to_owned())
    }

    async fn socks(&self, client: &mut TcpStream) -> Result<String> {
        let mut greeting = [0; 2];
        client.read_exact(&mut greeting).await?;
        let mut methods = vec![0; greeting[1].into()];
        client.read_exact(&mut methods).await?;
        match &self.login {
            None => client.write_all(&[5, 0]).await?,
            Some(_) if !methods.contains(&2) => {
                client.write_all(&[5, 0xff]).await?;
                bail!("turned away");
            }
            Some((user, password)) => {
                client.write_all(&[5, 2]).await?;
                ensure!(client.read_u8().await? == 1, "another version of the login");
                let shown = (text(client).await?, text(client).await?);
                let known = shown == (user.clone(), password.clone());
                client.write_all(&[1, u8::from(!known)]).await?;
                ensure!(known, "turned away");
            }
        }
        let mut request = [0; 4];
        client.read_exact(&mut request).await?;
        ensure!(request == [5, 1, 0, 3], "not a connection to a name");
        let name = text(client).await?;
        let port = client.read_u16().await?;
        client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await?;
        Ok(format!("{name}:{port}"))
    }
}

/// A length and so many bytes.
async fn text(client: &mut TcpStream) -> Result<String> {
    let mut bytes = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut bytes).await?;
    Ok(String::from_utf8(bytes)?)
}
