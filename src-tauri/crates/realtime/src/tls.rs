use std::sync::Arc;

use rustls::{ClientConfig, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;

/// Why this computer cannot make encrypted connections.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TlsError {
    #[error("could not read this computer's trusted certificates: {0}")]
    TrustStore(rustls::Error),
    #[error("could not choose a TLS version: {0}")]
    Versions(rustls::Error),
}

/// The one TLS configuration, for the backend and for the line: ring, and whom this computer trusts,
/// a company's own authorities included. It offers no ALPN protocol, so both speak HTTP/1.1.
///
/// # Errors
/// When the trust store cannot be read or is empty.
pub fn tls_config() -> Result<Arc<ClientConfig>, TlsError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Versions)?
        .with_platform_verifier()
        .map_err(TlsError::TrustStore)?
        .with_no_client_auth();
    Ok(Arc::new(config))
}
