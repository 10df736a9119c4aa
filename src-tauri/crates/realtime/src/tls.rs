use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

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

/// The one TLS configuration, for the backend and for the line: ring, and whom this computer trusts,
/// a company's own authorities included. It offers no ALPN protocol, so both speak HTTP/1.1.
///
/// # Errors
/// When the trust store cannot be read or is empty.
pub fn tls_config() -> Result<Arc<ClientConfig>, TlsError> {
    trusting(Vec::new())
}

/// As [`tls_config`], and the authorities in a PEM file are trusted too.
///
/// # Errors
/// As [`tls_config`], or when the file cannot be read or holds no certificate.
pub fn tls_config_with(authorities: &Path) -> Result<Arc<ClientConfig>, TlsError> {
    let unusable = |why: String| TlsError::Authorities { path: authorities.to_owned(), why };
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(authorities).and_then(Iterator::collect);
    match found {
        Ok(found) if found.is_empty() => Err(unusable("it holds no certificate".to_owned())),
        Ok(found) => trusting(found),
        Err(error) => Err(unusable(error.to_string())),
    }
}

fn trusting(authorities: Vec<CertificateDer<'static>>) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let verifier =
        Verifier::new_with_extra_roots(authorities, provider.clone()).map_err(TlsError::TrustStore)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Versions)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}
