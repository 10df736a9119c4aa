//! One HTTP/1.1 request over a connection of its own.

use std::{error::Error, pin::pin};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use url::Url;

use crate::dial::Connection;

pub(crate) const USER_AGENT: &str = concat!("Sidetone/", env!("CARGO_PKG_VERSION"));

/// Runs `talk` while the connection is carried along.
pub(crate) async fn over<F, T, E>(
    stream: Box<dyn Connection>,
    talk: impl FnOnce(SendRequest<Full<Bytes>>) -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: From<hyper::Error>,
{
    let (sender, connection) =
        http1::Builder::new().title_case_headers(true).handshake(TokioIo::new(stream)).await?;
    let mut talk = pin!(talk(sender));
    let mut connection = pin!(connection.with_upgrades());
    let mut driving = true;
    loop {
        tokio::select! {
            outcome = &mut talk => return outcome,
            // Its errors also reach the talk.
            _ = &mut connection, if driving => driving = false,
        }
    }
}

/// What a request asks for: path and query.
pub(crate) fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// The `Host` of a request: a port that goes without saying is left out.
pub(crate) fn host(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.ends_with(&more) {
            words = format!("{words}: {more}");
        }
        cause = error.source();
    }
    words
}
