//! The opening handshake of RFC 6455, over an ordinary HTTP client rather than tungstenite's own, so
//! that a refusal can be read to its end, a server that echoes no subprotocol is tolerated, and no log
//! line of a library ever prints the request with its token.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderMap, HeaderValue},
};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};

use super::{LineOptions, MESSAGE_LIMIT, OpenError};
use crate::{
    dial::Connection,
    http::{self, USER_AGENT},
    portal,
    profile::Auth,
    redact::redact_words,
    token::{asked_to_wait, said},
};

pub(super) type Upgraded = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// Bytes of a refusal that are read to quote from it.
const REFUSAL_LIMIT: usize = 64 << 10;

pub(super) async fn upgrade(
    stream: Box<dyn Connection>,
    options: &LineOptions,
) -> Result<Upgraded, OpenError> {
    let key = generate_key();
    let (request, offered) = request(options, &key)?;
    let upgraded = http::over(stream, async |mut sender| {
        let response = sender.send_request(request).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refusal(response, options).await);
        }
        verify(response.headers(), &key, offered.as_ref())?;
        Ok(hyper::upgrade::on(response).await?)
    })
    .await?;
    let mut config = WebSocketConfig::default();
    config.max_message_size = Some(MESSAGE_LIMIT);
    config.max_frame_size = Some(MESSAGE_LIMIT);
    // Every frame is flushed by itself.
    config.write_buffer_size = 0;
    Ok(WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, Some(config)).await)
}

/// The request, and the subprotocol it offers.
fn request(
    options: &LineOptions,
    key: &str,
) -> Result<(Request<Full<Bytes>>, Option<HeaderValue>), OpenError> {
    let url = &options.url;
    let (name, text) = match options.auth {
        Auth::Bearer => (header::AUTHORIZATION, format!("Bearer {}", options.token.expose())),
        Auth::Subprotocol => {
            if !options.token.expose().bytes().all(is_token_byte) {
                return Err(OpenError::Token);
            }
            (header::SEC_WEBSOCKET_PROTOCOL, format!("xai-client-secret.{}", options.token.expose()))
        }
    };
    let mut value = HeaderValue::try_from(text).map_err(|_| OpenError::Token)?;
    value.set_sensitive(true);
    let offered = (options.auth == Auth::Subprotocol).then(|| value.clone());
    let request = Request::get(http::target(url))
        .header(header::HOST, http::host(url))
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, key)
        .header(header::USER_AGENT, USER_AGENT)
        .header(name, value)
        .body(Full::default())
        .map_err(|error| OpenError::Protocol { why: error.to_string() })?;
    Ok((request, offered))
}

/// A subprotocol is a `token` of RFC 9110.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn verify(headers: &HeaderMap, key: &str, offered: Option<&HeaderValue>) -> Result<(), OpenError> {
    let lists = |name, wanted: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|value| value.trim().eq_ignore_ascii_case(wanted))
    };
    let wrong = |why: &str| Err(OpenError::Protocol { why: why.to_owned() });
    if !lists(header::UPGRADE, "websocket") || !lists(header::CONNECTION, "upgrade") {
        return wrong("it does not upgrade the connection");
    }
    let accept = derive_accept_key(key.as_bytes());
    if headers.get(header::SEC_WEBSOCKET_ACCEPT).is_none_or(|value| value.as_bytes() != accept.as_bytes()) {
        return wrong("it does not answer to our key");
    }
    if headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS) {
        return wrong("it uses an extension that was not offered");
    }
    match headers.get(header::SEC_WEBSOCKET_PROTOCOL) {
        Some(chosen) if Some(chosen) != offered => Err(OpenError::Subprotocol),
        _ => Ok(()),
    }
}

async fn refusal(response: Response<Incoming>, options: &LineOptions) -> OpenError {
    let (head, body) = response.into_parts();
    let status = head.status.as_u16();
    let body = match Limited::new(body, REFUSAL_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    if let Some(at) = portal::sign_in(&options.url, status, &head.headers, &body) {
        return OpenError::SignIn { at };
    }
    let retry_after = asked_to_wait(&head.headers);
    OpenError::Refused { status, retry_after, said: redact_words(&said(&body), &[options.token.expose()]) }
}
