use std::{sync::Arc, time::Duration};

use reqwest::redirect::Policy;
use url::Url;

use crate::{profile::is_loopback, proxy::ProxyChoice};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);

/// Why no HTTP client could be built.
#[derive(Debug, thiserror::Error)]
#[error("could not set up HTTP: {0}")]
pub struct HttpError(#[from] reqwest::Error);

/// The way to backends. Never follows a redirect: the request carries the profile's secret, which is
/// meant for one host only.
#[derive(Clone, Debug)]
pub struct Http {
    outside: reqwest::Client,
    loopback: reqwest::Client,
}

impl Http {
    /// Uses the system's proxy, but none for this computer itself.
    ///
    /// # Errors
    /// When the system's proxy settings or the TLS configuration cannot be used.
    pub fn new(tls: Arc<rustls::ClientConfig>) -> Result<Self, HttpError> {
        Self::with_proxy(tls, &ProxyChoice::System)
    }

    /// As [`Http::new`], with another proxy than the system's.
    ///
    /// # Errors
    /// As [`Http::new`].
    pub fn with_proxy(tls: Arc<rustls::ClientConfig>, proxy: &ProxyChoice) -> Result<Self, HttpError> {
        let builder = || {
            reqwest::Client::builder()
                .tls_backend_preconfigured(rustls::ClientConfig::clone(&tls))
                .redirect(Policy::none())
                .connect_timeout(CONNECT_TIMEOUT)
                .user_agent(USER_AGENT)
        };
        let outside = match proxy {
            ProxyChoice::System => builder(),
            ProxyChoice::Direct => builder().no_proxy(),
            ProxyChoice::Through(url) => builder().proxy(reqwest::Proxy::all(url.as_str())?),
        };
        Ok(Self { outside: outside.build()?, loopback: builder().no_proxy().build()? })
    }

    pub(crate) fn client(&self, url: &Url) -> &reqwest::Client {
        if is_loopback(url) { &self.loopback } else { &self.outside }
    }
}

pub(crate) const USER_AGENT: &str = concat!("Sidetone/", env!("CARGO_PKG_VERSION"));
