//! A network that wants its guests to sign in first answers in the server's place (RFC 8910 tells why).

use hyper::header::{self, HeaderMap};
use url::Url;

use crate::profile::is_loopback;

/// The host of the page that came in place of the answer; empty where it is the one that was asked.
/// `None` where the answer may be the server's own.
///
/// A lasting redirect (301, 308) is a server that has moved: a network's is for the moment. Nothing
/// stands before this computer itself but what runs on it.
pub(crate) fn sign_in(url: &Url, status: u16, headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if status == 511 {
        return Some(String::new());
    }
    if is_loopback(url) {
        return None;
    }
    match status {
        302 | 303 | 307 => {
            let to = url.join(text(header::LOCATION)?).ok()?;
            (to.host() != url.host()).then(|| to.host_str().unwrap_or_default().to_owned())
        }
        200 => {
            let kind = text(header::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
            let start = body.trim_ascii_start();
            let begins =
                |tag: &[u8]| start.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag));
            let page = kind.starts_with("text/html") || begins(b"<!doctype html") || begins(b"<html");
            page.then(String::new)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(url: &str, status: u16, head: &[(&'static str, &str)], body: &str) -> Option<String> {
        let headers = head
            .iter()
            .map(|(name, value)| (name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap()))
            .collect();
        sign_in(&url.parse().unwrap(), status, &headers, body.as_bytes())
    }

    #[test]
    fn a_page_in_place_of_the_answer_is_a_sign_in() {
        let url = "https://voice.example/session";
        let to = |place| [("location", place)];
        assert_eq!(seen(url, 511, &[], ""), Some(String::new()));
        assert_eq!(seen(url, 302, &to("https://wifi.example/login"), ""), Some("wifi.example".into()));
        assert_eq!(seen(url, 307, &to("//wifi.example/"), ""), Some("wifi.example".into()));
        assert_eq!(
            seen(url, 200, &[("content-type", "text/HTML; charset=utf-8")], "hi"),
            Some(String::new())
        );
        assert_eq!(seen(url, 200, &[], "\n<!DOCTYPE html><p>Welcome"), Some(String::new()));
        assert_eq!(seen("http://127.0.0.1/session", 511, &[], ""), Some(String::new()));
    }

    #[test]
    fn an_answer_that_may_be_the_servers_own_is_none() {
        let url = "https://voice.example/session";
        let to = |place| [("location", place)];
        assert_eq!(seen(url, 308, &to("https://new.example/session"), ""), None);
        assert_eq!(seen(url, 302, &to("/login"), ""), None);
        assert_eq!(seen(url, 302, &to("https://voice.example:8443/"), ""), None);
        assert_eq!(seen(url, 302, &[], ""), None);
        assert_eq!(seen(url, 200, &[("content-type", "application/json")], "{"), None);
        assert_eq!(seen(url, 500, &[("content-type", "text/html")], "<html>"), None);
        let html = [("content-type", "text/html")];
        assert_eq!(seen("http://localhost:1/session", 200, &html, "<html>"), None);
        assert_eq!(seen("http://127.0.0.1:1/", 302, &to("https://wifi.example/"), ""), None);
    }
}
