//! Whether a backend on this computer serves: what a container's health check asks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::{Client, redirect};

use crate::mint::without_tls;

const LIMIT: Duration = Duration::from_secs(3);

/// Why a backend is taken for sick.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    #[error("making the HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("setting up without TLS")]
    Tls(#[from] rustls::Error),
    #[error("asking {address} how it is")]
    Silent { address: SocketAddr, source: reqwest::Error },
    #[error("asking {address} how it is: it answers {status}")]
    Sick { address: SocketAddr, status: u16 },
}

/// Asks the backend that listens on `listen` for its health, for 3 s at most. One that listens on every
/// address is asked on loopback.
///
/// # Errors
/// It does not answer, or not with 200.
pub async fn health(listen: SocketAddr) -> Result<(), HealthError> {
    let mut address = listen;
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let client = Client::builder()
        .tls_backend_preconfigured(without_tls()?)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(LIMIT)
        .build()
        .map_err(HealthError::Client)?;
    let response = client
        .get(format!("http://{address}/health"))
        .send()
        .await
        .map_err(|source| HealthError::Silent { address, source })?;
    match response.status().as_u16() {
        200 => Ok(()),
        status => Err(HealthError::Sick { address, status }),
    }
}
