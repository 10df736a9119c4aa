//! A certificate authority of the test's own, and servers that it has certified.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::NamedTempFile;
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// An authority whom nobody trusts who has not been given its file.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: NamedTempFile,
}

/// A server that answers every request with these bytes.
async fn answer(tls: TlsAcceptor, listener: TcpListener, bytes: Arc<[u8]>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, bytes) = (tls.clone(), bytes.clone());
        tokio::spawn(async move {
            // Whoever does not trust the certificate hangs up.
            let Ok(mut stream) = tls.accept(stream).await else { return };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { return };
                head.push(byte);
            }
            if stream.write_all(&bytes).await.is_ok() {
                let _ = stream.shutdown().await;
            }
        });
    }
}

/// What a server's certificate says.
#[derive(Clone, Copy, Debug)]
pub struct Certified<'a> {
    /// The one name that it is made out to.
    pub host: &'a str,
    /// Days from now; negative ones are in the past.
    pub valid_days: (i64, i64),
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authority").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Authority {
    /// # Errors
    /// When no key or no file can be made.
    pub fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let file = NamedTempFile::with_suffix(".pem").context("making a file for the authority")?;
        std::fs::write(file.path(), issuer.pem()).context("writing the authority")?;
        Ok(Self { issuer, file })
    }

    /// Its certificate, PEM.
    #[must_use]
    pub fn file(&self) -> &Path {
        self.file.path()
    }

    /// Starts a server on loopback that answers every request with these bytes of HTTP. It ends with the
    /// runtime that it was started in.
    ///
    /// # Errors
    /// When the certificate cannot be made, or no port is free.
    pub async fn serve(&self, certified: Certified<'_>, bytes: &str) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(answer(self.server(certified)?, listener, bytes.as_bytes().into()));
        Ok(address)
    }

    /// The server's side of TLS with a certificate of this authority.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub fn server(&self, certified: Certified<'_>) -> Result<TlsAcceptor> {
        let Certified { host, valid_days: (from, until) } = certified;
        let mut params = CertificateParams::new(vec![host.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, host);
        let now = OffsetDateTime::now_utc();
        params.not_before = now + Duration::days(from);
        params.not_after = now + Duration::days(until);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.into()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
