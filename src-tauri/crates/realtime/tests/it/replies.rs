use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use realtime::{Auth, LineOptions, MintError, resolve};
use serde_json::Value;

use crate::support;

#[test]
fn every_known_shape_of_reply_is_understood() {
    for line in include_str!("../data/replies.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let minted = resolve(case["reply"].to_string().as_bytes()).unwrap_or_else(|e| panic!("{e}: {line}"));
        let text = |name: &str| case[name].as_str().map(str::to_owned);
        assert_eq!(support::shown(&minted.token), case["token"].as_str().unwrap(), "{line}");
        let expires = case["expires"].as_u64().map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(minted.token.expires_at(), expires, "{line}");
        assert_eq!(minted.model, text("model"), "{line}");
        assert_eq!(minted.voice, text("voice"), "{line}");
        assert_eq!(minted.instructions, text("instructions"), "{line}");
        assert_eq!(minted.url, text("url"), "{line}");
        let tools = minted.tools.as_ref().and_then(Value::as_array).map(Vec::len);
        assert_eq!(tools, case["tools"].as_u64().map(|count| count as usize), "{line}");
    }
}

#[test]
fn a_reply_without_a_usable_token_says_what_it_is() {
    let long = format!(r#"{{"error":"{}"}}"#, "word ".repeat(100));
    let table: Vec<(&str, &str)> = vec![
        ("", "the backend's answer is empty"),
        (" \r\n", "the backend's answer is empty"),
        ("[1]", r#"the backend's answer is not JSON: it starts with "[1]""#),
        ("null", r#"the backend's answer is not JSON: it starts with "null""#),
        (
            "<!doctype html><p>Hi",
            r#"the backend's answer is not JSON: it starts with "<!doctype html><p>Hi""#,
        ),
        ("{}", "the backend's answer holds no token; it has: "),
        (r#"{"ok":true,"id":4}"#, "the backend's answer holds no token; it has: id, ok"),
        (r#"{"value":7,"token":[]}"#, "the backend's answer holds no token; it has: token, value"),
        (r#"{"value":"two words"}"#, "the backend's token has characters that cannot be sent"),
        (
            r#"{"value":"xai-abcDEF123"}"#,
            "the backend returned its xAI API key instead of a short-lived token: it must mint one",
        ),
        (
            r#"{"error":"Failed to create session","details":"no credit"}"#,
            "the backend reports an error: Failed to create session — no credit",
        ),
        (
            r#"{"error":{"message":"Bad key","type":"auth"},"value":"t"}"#,
            "the backend reports an error: Bad key",
        ),
        (r#"{"error":{"odd":1}}"#, r#"the backend reports an error: {"odd":1}"#),
        (r#"{"error":true}"#, "the backend reports an error"),
        (r#"{"success":false,"message":"No."}"#, "the backend reports an error: No."),
        (
            r#"{"code":"unauthenticated:bad-credentials","error":"Wrong key xai-abcdefgh12345678"}"#,
            "the backend reports an error: Wrong key [hidden]",
        ),
    ];
    for (reply, sentence) in table {
        let error = resolve(reply.as_bytes()).expect_err(reply);
        assert_eq!(error.to_string(), sentence, "{reply}");
        assert_eq!(error.fault(), realtime::Fault::Backend, "{reply}");
    }
    let Err(MintError::ErrorReply { said }) = resolve(long.as_bytes()) else { panic!("no error") };
    assert_eq!(said.chars().count(), 201, "cut, with a mark that it was");
}

#[test]
fn bytes_that_are_no_text_are_no_reply() {
    assert!(matches!(resolve(&[0xff, 0xfe, 0x00]), Err(MintError::NotJson { .. })));
}

#[test]
fn nothing_that_holds_a_token_prints_it() {
    let minted =
        resolve(br#"{"value":"pearl-1","url":"wss://h/r?key=pearl-1","tools":["pearl-1"]}"#).unwrap();
    let options = LineOptions::new(
        "wss://u:pearl-1@h/r?key=pearl-1".parse().unwrap(),
        minted.token.clone(),
        Auth::Bearer,
        support::dial(),
    );
    let printed = format!("{minted:?} {:?} {options:?}", minted.token);
    assert!(!printed.contains("pearl"), "{printed}");
    assert!(printed.contains("key=[hidden]"), "{printed}");
}

proptest! {
    #[test]
    fn no_reply_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(resolve(&bytes));
    }

    #[test]
    fn no_broken_reply_panics(line in 0usize..17, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let line = include_str!("../data/replies.jsonl").lines().nth(line).unwrap();
        let mut reply = serde_json::from_str::<Value>(line).unwrap()["reply"].to_string().into_bytes();
        let at = at.index(reply.len());
        reply[at] = byte;
        drop(resolve(&reply));
        reply.truncate(at);
        drop(resolve(&reply));
    }
}
