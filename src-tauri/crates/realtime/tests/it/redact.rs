use proptest::prelude::*;
use realtime::{redact, redact_url};

#[test]
fn secrets_go_and_sentences_stay() {
    for (text, clean) in [
        ("Team is not authorized to perform this action", "Team is not authorized to perform this action"),
        ("unauthenticated:bad-credentials", "unauthenticated:bad-credentials"),
        ("invalid token: expired", "invalid token: expired"),
        ("Bearer authentication required", "Bearer authentication required"),
        ("model grok-voice-think-fast-2.0 is gone", "model grok-voice-think-fast-2.0 is gone"),
        ("Invalid key xai-AbCdEf123456.", "Invalid key [hidden]"),
        ("got xai-realtime-client-secret-abc", "got [hidden]"),
        ("subprotocol xai-client-secret.abc", "subprotocol [hidden]"),
        ("Authorization: Bearer a1b2", "Authorization: Bearer [hidden]"),
        (r#"{"token":"a1b2","x":"y"}"#, r#"{"token":"[hidden]","x":"y"}"#),
        ("password=hunter2&next=1", "password=[hidden]&next=1"),
        ("eyJhbGciOi.eyJzdWIiOi.c2ln", "[hidden]"),
        ("id 21b7a7da-63a1-46ae-beea-ea58f4e04d9d", "id [hidden]"),
        ("", ""),
        ("ünïcödé — …", "ünïcödé — …"),
    ] {
        assert_eq!(redact(text), clean);
    }
}

#[test]
fn urls_keep_what_helps_and_lose_what_hurts() {
    for (url, clean) in [
        (
            "wss://api.x.ai/v1/realtime?model=grok-voice-latest&reasoning.effort=none",
            "wss://api.x.ai/v1/realtime?model=grok-voice-latest&reasoning.effort=none",
        ),
        (
            "wss://h/r?conversation_id=21b7a7da-63a1-46ae-beea-ea58f4e04d9d",
            "wss://h/r?conversation_id=21b7a7da-63a1-46ae-beea-ea58f4e04d9d",
        ),
        ("https://u:p@h:8443/t?key=x&model=m#frag", "https://h:8443/t?key=[hidden]&model=m"),
        ("https://h/?id=21b7a7da-63a1-46ae-beea-ea58f4e04d9d", "https://h/?id=[hidden]"),
        ("https://h/?model=xai-AbCdEf123456", "https://h/?model=[hidden]"),
        ("https://h/t/AbCdEf0123456789AbCdEf/x", "https://h/t/[hidden]/x"),
        ("http://[::1]:3/", "http://[::1]:3/"),
    ] {
        assert_eq!(redact_url(&url.parse().unwrap()), clean);
    }
}

proptest! {
    #[test]
    fn a_key_never_survives(before in ".{0,20}", key in "[A-Za-z0-9]{20,80}", after in ".{0,20}") {
        let clean = redact(&format!("{before} xai-{key} {after}"));
        prop_assert!(!clean.contains(&key), "{clean}");
    }
}
