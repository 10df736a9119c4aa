use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::{Client, KEY, Show, http, start, token};

fn status(result: Result<Client, Error>) -> (u16, serde_json::Value) {
    match result {
        Ok(_) => panic!("the upgrade was granted"),
        Err(Error::Http(response)) => {
            let body =
                serde_json::from_slice(response.body().as_deref().unwrap_or_default()).unwrap_or_default();
            (response.status().as_u16(), body)
        }
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_token_is_minted_in_the_flat_shape() {
    let practice = start(&[]).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for (body, life) in [("", 600), ("{}", 600), (r#"{"expires_after":{"seconds":300}}"#, 300)] {
        let reply = http("POST", &practice.token_url(), Some(KEY), body).await.unwrap();
        assert_eq!(reply.status, 200);
        assert!(reply.head.contains("content-type: application/json"));
        let minted = reply.json();
        assert!(minted["value"].as_str().unwrap().starts_with("xai-realtime-client-secret-"));
        let left = minted["expires_at"].as_u64().unwrap() - now;
        assert!((life..life + 60).contains(&left), "{body}: {left} s");
    }
    assert_eq!(practice.wire_log().minted, 3);
}

#[tokio::test]
async fn a_bad_request_for_a_token_is_worded() {
    let practice = start(&[]).await;
    for (method, bearer, body, status, code) in [
        ("POST", None, "{}", 401, "unauthenticated:bad-credentials"),
        ("POST", Some("another"), "{}", 401, "unauthenticated:bad-credentials"),
        ("GET", Some(KEY), "", 405, "method-not-allowed"),
        ("POST", Some(KEY), r#"{"expires_after":{"seconds":3601}}"#, 400, "invalid-argument"),
        ("POST", Some(KEY), r#"{"expires_after":{"seconds":0}}"#, 400, "invalid-argument"),
        ("POST", Some(KEY), "not json", 400, "invalid-argument"),
        ("POST", Some(KEY), &" ".repeat(100_000), 400, "invalid-argument"),
    ] {
        let reply = http(method, &practice.token_url(), bearer, body).await.unwrap();
        assert_eq!(
            (reply.status, reply.json()["code"].as_str()),
            (status, Some(code)),
            "{method} {body:.40}"
        );
        assert!(!reply.json()["error"].as_str().unwrap().is_empty());
    }
    assert_eq!(practice.wire_log().minted, 0);
}

#[tokio::test]
async fn the_cookbook_endpoint_has_its_own_shape() {
    let practice = start(&[]).await;
    for method in ["POST", "GET"] {
        let reply = http(method, &practice.session_url(), Some(KEY), "").await.unwrap().json();
        let value = reply["client_secret"]["value"].as_str().unwrap();
        assert_eq!(reply["voice"], "ara");
        assert!(reply["client_secret"]["expires_at"].is_u64());
        Client::connect(&practice, "", Show::Bearer(value)).await.unwrap();
    }
    assert_eq!(http("POST", &practice.session_url(), None, "").await.unwrap().status, 401);

    let open = start(&[("session_auth", "open")]).await;
    assert_eq!(http("POST", &open.session_url(), None, "").await.unwrap().status, 200);

    let failing = start(&[("mint", "error200")]).await;
    let reply = http("POST", &failing.session_url(), Some(KEY), "").await.unwrap();
    assert_eq!((reply.status, reply.json()["error"].as_str()), (200, Some("Failed to create session")));
}

#[tokio::test]
async fn health_is_told_to_everybody() {
    let practice = start(&[]).await;
    let url = practice.session_url().replace("/session", "/health");
    let reply = http("GET", &url, None, "").await.unwrap().json();
    assert_eq!((reply["status"].as_str(), reply["provider"].as_str()), (Some("healthy"), Some("XAI")));
    let nowhere = practice.session_url().replace("/session", "/nowhere");
    assert_eq!(http("GET", &nowhere, None, "").await.unwrap().status, 404);
}

#[tokio::test]
async fn every_shape_carries_a_token_that_opens_a_session() {
    for (shape, path) in [
        ("flat", "/value"),
        ("client_secret", "/client_secret/value"),
        ("nested", "/client_secret/client_secret/value"),
        ("string", "/client_secret"),
        ("camel", "/clientSecret"),
        ("token", "/token"),
        ("iso", "/token"),
        ("xai", "/xai/clientSecret"),
        ("headers", "/websocket/headers/Authorization"),
    ] {
        let practice = start(&[("mint_shape", shape)]).await;
        let reply = http("POST", &practice.token_url(), Some(KEY), "").await.unwrap().json();
        let found = reply
            .pointer(path)
            .and_then(|value| value.as_str())
            .unwrap_or_else(|| panic!("{shape}: {reply}"));
        let token = found.strip_prefix("Bearer ").unwrap_or(found);
        Client::connect(&practice, "", Show::Bearer(token)).await.unwrap();
    }
}

#[tokio::test]
async fn both_endpoints_fail_as_told() {
    for (mint, status, size) in [
        ("401", 401, None),
        ("429", 429, None),
        ("500", 500, None),
        ("html", 200, None),
        ("empty", 200, Some(0)),
        ("huge", 200, Some(20_000_000)),
    ] {
        let practice = start(&[("mint", mint)]).await;
        for url in [practice.token_url(), practice.session_url()] {
            let reply = http("POST", &url, Some(KEY), "").await.unwrap();
            assert_eq!(reply.status, status, "{mint}");
            assert!(size.is_none_or(|size| size == reply.body.len()), "{mint}");
            assert_eq!(reply.head.contains("retry-after"), mint == "429");
            assert_eq!(reply.head.contains("text/html"), mint == "html");
        }
    }
}

#[tokio::test]
async fn a_hanging_endpoint_ends_with_the_server() {
    let practice = start(&[("mint", "hang")]).await;
    let url = practice.token_url();
    let request = tokio::spawn(async move { http("POST", &url, Some(KEY), "").await.is_none() });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!request.is_finished());
    drop(practice);
    assert!(request.await.unwrap(), "the request is cut off");
}

#[tokio::test]
async fn a_token_or_the_key_can_be_shown_in_every_way() {
    let practice = start(&[]).await;
    for token in [token(&practice).await.as_str(), KEY] {
        let mut client = Client::connect(&practice, "", Show::Bearer(token)).await.unwrap();
        assert_eq!(client.response.headers().get("Sec-WebSocket-Protocol"), None);
        assert!(matches!(client.next().await, Some(Ok(Message::Text(_)))));
        for (offer, echo) in [
            (format!("xai-client-secret.{token}"), format!("xai-client-secret.{token}")),
            (
                format!("realtime, openai-insecure-api-key.{token}, openai-beta.realtime-v1"),
                "realtime".into(),
            ),
            (format!("openai-insecure-api-key.{token}"), format!("openai-insecure-api-key.{token}")),
        ] {
            let mut client = Client::connect(&practice, "", Show::Subprotocols(&offer)).await.unwrap();
            assert_eq!(client.response.headers()["Sec-WebSocket-Protocol"], echo);
            assert!(matches!(client.next().await, Some(Ok(Message::Text(_)))));
        }
    }
}

#[tokio::test]
async fn the_echo_of_the_subprotocol_can_be_wrong() {
    for how in ["none", "unoffered"] {
        let practice = start(&[("subprotocol_echo", how)]).await;
        let offer = format!("xai-client-secret.{}", token(&practice).await);
        let attempt = Client::connect(&practice, "", Show::Subprotocols(&offer)).await;
        assert!(matches!(attempt, Err(Error::Protocol(_))), "{how}: a client that follows RFC 6455 gives up");
    }
}

#[tokio::test]
async fn a_session_needs_a_token_that_is_alive() {
    let practice = start(&[]).await;
    for show in [Show::Nothing, Show::Bearer("xai-realtime-client-secret-x"), Show::Subprotocols("realtime")]
    {
        let (status, body) = status(Client::connect(&practice, "", show).await);
        assert_eq!((status, body["code"].as_str()), (401, Some("unauthenticated:bad-credentials")));
        assert!(body["error"].is_string());
    }
    assert_eq!(practice.wire_log().refused, 3);
    assert!(practice.wire_log().sessions.is_empty());

    let expired = start(&[("token_life_s", "0")]).await;
    let token = token(&expired).await;
    assert_eq!(status(Client::connect(&expired, "", Show::Bearer(&token)).await).0, 401);
}

#[tokio::test(start_paused = true)]
async fn a_token_expires_and_an_open_session_does_not() {
    let practice = start(&[("idle_close_s", "0")]).await;
    let reply = http("POST", &practice.token_url(), Some(KEY), r#"{"expires_after":{"seconds":60}}"#).await;
    let token = reply.unwrap().json()["value"].as_str().unwrap().to_owned();
    let mut client = Client::connect(&practice, "", Show::Bearer(&token)).await.unwrap();
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(status(Client::connect(&practice, "", Show::Bearer(&token)).await).0, 401);
    client.send(&json!({"type": "input_audio_buffer.clear"})).await;
    client.until("input_audio_buffer.cleared").await;
}

#[tokio::test]
async fn a_refusal_says_when_to_ask_again_and_may_pass() {
    for code in [402, 403, 404, 408, 425, 429, 503] {
        let value = &*code.to_string();
        let practice = start(&[("mint", value), ("mint_faulty", "1"), ("retry_after_s", "7")]).await;
        let refused = http("POST", &practice.token_url(), Some(KEY), "").await.unwrap();
        let head = refused.head.to_ascii_lowercase();
        assert_eq!(refused.status, code);
        assert_eq!(head.contains("retry-after: 7"), matches!(code, 429 | 503), "{value}: {head}");
        assert_eq!(http("POST", &practice.token_url(), Some(KEY), "").await.unwrap().status, 200);
    }
    let practice = start(&[("mint", "429"), ("retry_after_date", "on")]).await;
    let refused = http("POST", &practice.token_url(), Some(KEY), "").await.unwrap();
    assert!(
        refused.head.to_ascii_lowercase().contains("retry-after: ")
            && refused.head.to_ascii_lowercase().contains(" gmt"),
        "{}",
        refused.head
    );
    for (value, code) in [("refuse402", 402), ("refuse429", 429), ("refuse503", 503)] {
        let practice = start(&[("handshake", value)]).await;
        assert_eq!(status(Client::connect(&practice, "", Show::Bearer(KEY)).await).0, code);
    }
}

#[tokio::test]
async fn a_token_for_one_session_opens_no_second() {
    let practice = start(&[("single_use", "on")]).await;
    let token = token(&practice).await;
    Client::connect(&practice, "", Show::Bearer(&token)).await.unwrap();
    assert_eq!(status(Client::connect(&practice, "", Show::Bearer(&token)).await).0, 401);
    Client::connect(&practice, "", Show::Bearer(KEY)).await.unwrap();
}

#[tokio::test]
async fn the_answers_without_a_token_come_after_the_good_ones() {
    for (mint, member) in [("no_token", "status"), ("key", "value"), ("error200", "error")] {
        let practice = start(&[("mint", mint), ("mint_after", "1"), ("mint_faulty", "1")]).await;
        token(&practice).await;
        let reply = http("POST", &practice.token_url(), Some(KEY), "").await.unwrap();
        assert_eq!(reply.status, 200, "{mint}");
        let member = reply.json()[member].as_str().unwrap().to_owned();
        assert!(!member.starts_with("xai-realtime-client-secret-"), "{mint}");
        token(&practice).await;
    }
}
