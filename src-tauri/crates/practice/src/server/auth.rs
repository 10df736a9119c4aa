//! How a caller shows who it is.

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};

use crate::switches::choice::Echo;

/// Subprotocols that carry a token or a key.
const CARRIERS: [&str; 2] = ["xai-client-secret.", "openai-insecure-api-key."];

/// The token of an `Authorization: Bearer` header.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The subprotocols offered, in order.
pub(super) fn offered(headers: &HeaderMap) -> Vec<&str> {
    headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect()
}

/// The token that came with an upgrade: the header's, else a subprotocol's.
pub(super) fn shown<'a>(headers: &'a HeaderMap, offered: &[&'a str]) -> Option<&'a str> {
    let carried =
        || CARRIERS.iter().find_map(|carrier| offered.iter().find_map(|name| name.strip_prefix(carrier)));
    bearer(headers).or_else(carried)
}

/// The subprotocol to answer with. Which one the service answers with is not recorded; a client
/// that offers any needs one of its own back.
pub(super) fn echo<'a>(offered: &[&'a str], how: Echo) -> Option<&'a str> {
    let own = offered
        .iter()
        .find(|name| name.starts_with(CARRIERS[0]))
        .or_else(|| offered.iter().find(|name| **name == "realtime"))
        .or_else(|| offered.first());
    match how {
        Echo::Offered => own.copied(),
        Echo::None => None,
        Echo::Unoffered => Some("practice-unoffered"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_echo_is_one_of_the_offered() {
        for (offered, expected) in [
            (vec![], None),
            (vec!["xai-client-secret.abc"], Some("xai-client-secret.abc")),
            (vec!["realtime", "openai-insecure-api-key.abc", "openai-beta.realtime-v1"], Some("realtime")),
            (vec!["openai-insecure-api-key.abc"], Some("openai-insecure-api-key.abc")),
        ] {
            assert_eq!(echo(&offered, Echo::Offered), expected, "{offered:?}");
        }
    }

    #[test]
    fn a_token_is_found_in_the_header_first() {
        let mut headers = HeaderMap::new();
        let offered = ["realtime", "xai-client-secret.b"];
        assert_eq!(shown(&headers, &offered), Some("b"));
        headers.insert(AUTHORIZATION, "bearer  a".parse().unwrap());
        assert_eq!(shown(&headers, &offered), Some("a"));
        headers.insert(AUTHORIZATION, "Basic YTpi".parse().unwrap());
        assert_eq!(bearer(&headers), None);
    }
}
