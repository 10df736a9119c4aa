//! An answer that is not a token: what went wrong and whose fault it is.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use serde::Serialize;

use crate::route::json;

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Fault {
    /// The one who asked.
    Caller,
    /// This server, its settings or its key.
    Backend,
    /// The way between here and xAI.
    Network,
    Xai,
}

/// The body is `{"error": "…", "fault": "caller" | "backend" | "network" | "xai"}`.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal {
    #[serde(skip)]
    pub(crate) status: StatusCode,
    pub(crate) fault: Fault,
    /// One sentence or two, for a person.
    #[serde(rename = "error")]
    pub(crate) message: String,
    #[serde(skip)]
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, fault: Fault, message: impl Into<String>) -> Self {
        Self { status, fault, message: message.into(), header: None }
    }

    pub(crate) fn caller(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, Fault::Caller, message)
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.header = Some((RETRY_AFTER, HeaderValue::from(seconds)));
        self
    }

    pub(crate) fn asking_for_bearer(mut self) -> Self {
        self.header = Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        self
    }

    pub(crate) fn allowing(mut self, method: &'static str) -> Self {
        self.header = Some((ALLOW, HeaderValue::from_static(method)));
        self
    }

    pub(crate) fn into_response(self) -> Response<Full<Bytes>> {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = json(self.status, body.into());
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
