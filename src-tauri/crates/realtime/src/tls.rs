mod certificate;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use rustls_platform_verifier::Verifier;
use tokio_rustls::{TlsConnector, client::TlsStream};

pub(crate) use certificate::day;
pub use certificate::{Certificate, Root};

use crate::{
    dial::{Connection, TlsFailure},
    redact::redact,
};

/// Why this computer cannot make encrypted connections.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TlsError {
    #[error("could not read this computer's trusted certificates: {0}")]
    TrustStore(rustls::Error),
    #[error("could not choose a TLS version: {0}")]
    Versions(rustls::Error),
    #[error("could not use the extra authorities in {}: {why}", path.display())]
    Authorities { path: PathBuf, why: String },
}

/// Whom TLS trusts, for the backend and for the line: ring, and whom this computer trusts, a company's
/// own authorities included. It offers no ALPN protocol, so both speak HTTP/1.1.
#[derive(Clone)]
pub struct Trust {
    verifiers: Verifiers,
    config: Arc<ClientConfig>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not every authority of this computer.
        formatter.write_str(if self.verifiers.extra.is_some() {
            "Trust(with a file)"
        } else {
            "Trust(system)"
        })
    }
}

#[derive(Clone, Debug)]
struct Verifiers {
    system: Arc<Verifier>,
    /// The system's authorities and those of a file.
    extra: Option<Arc<Verifier>>,
}

impl Trust {
    /// Trusts whom this computer trusts.
    ///
    /// # Errors
    /// When the trust store cannot be read or is empty.
    pub fn system() -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let system = Arc::new(Verifier::new(provider.clone()).map_err(TlsError::TrustStore)?);
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Versions)?
            .dangerous()
            .with_custom_certificate_verifier(system.clone())
            .with_no_client_auth();
        // Every connection shows its certificate anew.
        config.resumption = Resumption::disabled();
        Ok(Self { verifiers: Verifiers { system, extra: None }, config: Arc::new(config) })
    }

    /// Trusts the authorities in a PEM file as well.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate.
    pub fn with_authorities(self, path: &Path) -> Result<Self, TlsError> {
        let unusable = |why: String| TlsError::Authorities { path: path.to_owned(), why };
        let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        let found = found.map_err(|error| unusable(error.to_string()))?;
        if found.is_empty() {
            return Err(unusable("it holds no certificate".to_owned()));
        }
        let extra = Verifier::new_with_extra_roots(found, provider(&self.config))
            .map_err(|error| unusable(error.to_string()))?;
        let verifiers = Verifiers { extra: Some(Arc::new(extra)), ..self.verifiers };
        Ok(Self { verifiers, ..self })
    }

    /// Agrees on encryption with the server of that name.
    pub(crate) async fn secure(
        &self,
        stream: Box<dyn Connection>,
        host: &str,
    ) -> Result<(TlsStream<Box<dyn Connection>>, Certificate), TlsFailure> {
        let broken = |why: String| TlsFailure::Broken { why: redact(&why) };
        let name = ServerName::try_from(host.to_owned()).map_err(|error| broken(error.to_string()))?;
        let examiner = Arc::new(Examiner { verifiers: self.verifiers.clone(), seen: Mutex::default() });
        let mut config = ClientConfig::clone(&self.config);
        config.dangerous().set_certificate_verifier(examiner.clone());
        match TlsConnector::from(Arc::new(config)).connect(name, stream).await {
            Ok(stream) => Ok((stream, examiner.seen().unwrap_or_default())),
            Err(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(rustls::Error::InvalidCertificate(why)) => {
                    Err(failure(why, examiner.seen().unwrap_or_default()))
                }
                Some(other) => Err(broken(other.to_string())),
                None => Err(broken(error.to_string())),
            },
        }
    }
}

fn provider(config: &ClientConfig) -> Arc<CryptoProvider> {
    config.crypto_provider().clone()
}

/// A refused certificate by the reason that a person can do something about.
fn failure(why: &CertificateError, seen: Certificate) -> TlsFailure {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            TlsFailure::Expired { since: seen.valid_until }
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFailure::NotYetValid { from: seen.valid_from }
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFailure::OtherHost { names: seen.names }
        }
        CertificateError::UnknownIssuer => TlsFailure::UnknownIssuer { issuer: seen.issuer },
        // One that signed itself has no other issuer to be known.
        CertificateError::Other(_) if seen.subject == seen.issuer => {
            TlsFailure::UnknownIssuer { issuer: seen.issuer }
        }
        other => TlsFailure::Broken {
            why: redact(&format!("its certificate cannot be used: {}", rustls::Error::from(other.clone()))),
        },
    }
}

/// Judges the certificate of one connection, and remembers what it says.
#[derive(Debug)]
struct Examiner {
    verifiers: Verifiers,
    seen: Mutex<Option<Certificate>>,
}

impl Examiner {
    fn seen(&self) -> Option<Certificate> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Examiner {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let judge = |verifier: &Verifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let (verdict, root) = match (judge(&self.verifiers.system), &self.verifiers.extra) {
            (Ok(verdict), _) => (Ok(verdict), Root::System),
            (Err(_), Some(extra)) => (judge(extra), Root::Extra),
            (Err(error), None) => (Err(error), Root::Unknown),
        };
        let certificate = Certificate::read(end_entity, intermediates, root);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(certificate);
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifiers.system.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifiers.system.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifiers.system.supported_verify_schemes()
    }
}
