use proptest::prelude::*;
use realtime::{redact, redact_url, without_secrets};

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
        ("https://h/t/QwErTyUiOpAsDfGhJkLz/x", "https://h/t/[hidden]/x"),
        ("http://[::1]:3/", "http://[::1]:3/"),
    ] {
        assert_eq!(redact_url(&url.parse().unwrap()), clean);
    }
}

#[test]
fn an_address_for_others_keeps_what_they_need_and_no_value_that_may_be_a_secret() {
    for same in [
        "https://voice.example.com/v1/createEphemeralRealtimeToken?model=grok-voice-think-fast-1.0&voice=eve",
        "wss://api.x.ai/v1/realtime?reasoning.effort=none&agent_id=21b7a7da-63a1-46ae-beea-ea58f4e04d9d",
        "https://b.example/realtime-session-token-v2/ünïcödé/2026-11-24/client_secrets",
        "http://proxy.example:3128",
        "socks5h://[::1]:1080",
        "none",
        "",
    ] {
        assert_eq!(without_secrets(same), same);
    }
    for (address, bare) in [
        // Short, letters alone, a UUID, or under a name that says nothing.
        ("https://b.example/t?key=hunter2", "https://b.example/t?key="),
        ("https://b.example/t?app=abcdefgh&model=m", "https://b.example/t?app=&model=m"),
        ("https://b.example/t?id=21b7a7da-63a1-46ae-beea-ea58f4e04d9d", "https://b.example/t?id="),
        ("https://b.example/t?c%6Fde=x%20y&model=sk-abcdefghijklm", "https://b.example/t?c%6Fde=&model="),
        ("https://b.example/t?conversation_id=c-1", "https://b.example/t?conversation_id="),
        // What has no name, and what may be the secret in a name's place.
        ("https://b.example/t?hunter2", "https://b.example/t"),
        ("https://b.example/t?f3a9c01b77e84d12a0b5c6d7=1&x=2", "https://b.example/t?x="),
        ("https://me:word@b.example/t#word", "https://b.example/t"),
        // Keys in a path.
        ("https://b.example/t/f3a9c01b77e84d12/x", "https://b.example/t/SECRET-LEFT-OUT/x"),
        ("https://b.example/21b7a7da-63a1-46ae-beea-ea58f4e04d9d", "https://b.example/SECRET-LEFT-OUT"),
        ("https://b.example/QwErTyUiOpAsDfGhJkLz", "https://b.example/SECRET-LEFT-OUT"),
        ("https://b.example/a/qwertyuiopasdfghjklzxcvbnmqwertyuiop", "https://b.example/a/SECRET-LEFT-OUT"),
        ("https://b.example/f3a9c01b%377e84d12", "https://b.example/SECRET-LEFT-OUT"),
    ] {
        assert_eq!(without_secrets(address), bare);
        assert_eq!(without_secrets(bare), bare, "once more changes nothing");
    }
}

proptest! {
    #[test]
    fn a_key_never_survives(before in ".{0,20}", key in "[A-Za-z0-9]{20,80}", after in ".{0,20}") {
        let clean = redact(&format!("{before} xai-{key} {after}"));
        prop_assert!(!clean.contains(&key), "{clean}");
    }
}
