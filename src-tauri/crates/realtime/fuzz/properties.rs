//! What holds of every frame and every token reply, however it is made. The fuzz targets and the ordinary
//! tests share it.
#![allow(dead_code, reason = "each fuzz target takes one of the two")]

use std::time::SystemTime;

use realtime::{ErrorWeight, Incoming, MintError, ServerEvent, looks_like_xai_key, parse, resolve};
use secrecy::ExposeSecret;
use serde_json::Value;

const AUDIO: [&str; 2] = ["response.output_audio.delta", "response.audio.delta"];
/// An error is for a person to read: it quotes a little of what came, never much.
const LONGEST_ERROR: usize = 1000;

pub(crate) fn event(text: &str) {
    let whole: Option<Value> = serde_json::from_str(text).ok();
    let kind = whole.as_ref().and_then(|whole| whole.get("type")?.as_str());
    match parse(text) {
        Ok(Incoming::Audio(audio)) => {
            // Audio is found without reading the rest, which may be what `serde_json` reads no value from.
            if let Some(whole) = &whole {
                assert!(kind.is_some_and(|kind| AUDIO.contains(&kind)), "{kind:?} was taken for audio");
                let delta = whole.get("delta").and_then(Value::as_str).unwrap_or_default();
                assert_eq!(audio.delta, delta, "the audio is another");
                assert_eq!(audio.item_id.as_deref(), whole.get("item_id").and_then(Value::as_str));
                assert_eq!(audio.response_id.as_deref(), whole.get("response_id").and_then(Value::as_str));
            }
            if let Ok((samples, odd)) = audio.samples() {
                assert!(samples.len() * 2 <= audio.delta.len(), "more audio than was sent");
                assert!(odd.is_none_or(|bytes| bytes == samples.len() * 2 + 1));
            }
        }
        Ok(Incoming::Event(event)) => {
            let kind = kind.expect("an event has a type");
            assert!(!AUDIO.contains(&kind), "audio was taken for an event");
            match *event {
                ServerEvent::Unknown { kind: named, raw } => assert_eq!((&*named, &*raw), (kind, text)),
                ServerEvent::Error { error } => {
                    let ending = error.is("timeout") || error.is("max_duration");
                    assert_eq!(error.weight() == ErrorWeight::Ending, ending, "{error:?}");
                }
                _ => {}
            }
        }
        Err(error) => {
            assert!(kind.is_none(), "a frame with the type {kind:?} is refused: {error}");
            let words = error.to_string();
            assert!(words.len() < LONGEST_ERROR, "{words}");
        }
    }
}

pub(crate) fn reply(body: &[u8]) {
    match resolve(body) {
        Ok(minted) => {
            let secret = minted.token.secret().expose_secret();
            assert!(!secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_graphic()), "{secret:?}");
            assert!(!looks_like_xai_key(secret), "an API key was taken for a token");
            let shown = format!("{:?}", minted.token);
            assert!(secret.len() < 8 || !shown.contains(secret), "the token is shown: {shown}");
            let now = SystemTime::now();
            let over = minted.token.expires_at().is_some_and(|expiry| expiry <= now);
            assert!(!(over && minted.token.is_fresh()), "a token that has expired counts as fresh");
        }
        Err(error) => {
            let words = error.to_string();
            assert!(words.len() < LONGEST_ERROR, "{words}");
            assert!(!words.contains('\n'), "{words:?}");
            if let MintError::NotJson { .. } = error {
                let object = serde_json::from_slice::<Value>(body).is_ok_and(|body| body.is_object());
                assert!(!object, "an object is called no JSON: {words}");
            }
        }
    }
}
