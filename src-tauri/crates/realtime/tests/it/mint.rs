use std::time::{Duration, SystemTime};

use realtime::{
    Auth, Caller, Dial, DialError, FRESHNESS_MARGIN, Fault, Field, MINT_DEADLINE, MOST_PRICE, Method,
    MintError, Minted, Price, Profile, ProfileError, Proxy, Token, looks_like_xai_key, mint,
};
use secrecy::SecretString;

use crate::support::{Reply, Server, dial, reply, shown, trusting};

fn profile(token_url: impl Into<String>) -> Profile {
    Profile { token_url: token_url.into(), ..Profile::default() }
}

async fn ask(server: &Server) -> Result<Minted, MintError> {
    mint(&dial(), &profile(format!("http://{}/session", server.address)), None).await
}

async fn failure(answer: Reply) -> MintError {
    ask(&Server::start(answer).await).await.expect_err("there should be no token")
}

fn good() -> Reply {
    reply("200 OK", "content-type: application/json\r\n", r#"{"value":"t-1","expires_at":4102444800}"#)
}

#[tokio::test]
async fn a_token_comes_from_a_post_with_nothing_but_a_lifetime() {
    let server = Server::start(good()).await;
    assert_eq!(shown(&ask(&server).await.unwrap().token), "t-1");
    let request = server.request();
    assert!(request.starts_with("POST /session HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n{\"expires_after\":{\"seconds\":300}}"), "{request}");
    assert!(!request.to_lowercase().contains("authorization"), "{request}");
}

#[tokio::test]
async fn a_backend_is_asked_the_way_the_profile_says() {
    let secret = SecretString::from("hush hush\n");
    for (caller, wanted) in [
        (Caller::Bearer, "\r\nauthorization: bearer hush hush\r\n"),
        (Caller::Header { name: "X-App-Key".into() }, "\r\nx-app-key: hush hush\r\n"),
    ] {
        let server = Server::start(good()).await;
        let url = format!("http://localhost:{}/t?app=1#top", server.address.port());
        let profile = Profile { method: Method::Get, caller, ..profile(url) };
        mint(&dial(), &profile, Some(&secret)).await.unwrap();
        let request = server.request().to_lowercase();
        assert!(request.starts_with("get /t?app=1 http/1.1\r\n"), "{request}");
        assert!(request.contains(wanted), "{request}");
    }
}

#[tokio::test]
async fn https_is_checked_against_the_given_trust() {
    let server = Server::start_tls(good()).await;
    let profile = profile(format!("https://localhost:{}/", server.address.port()));
    let trusting = Dial::new(trusting(), Proxy::default());
    assert_eq!(shown(&mint(&trusting, &profile, None).await.unwrap().token), "t-1");
    let error = mint(&dial(), &profile, None).await.unwrap_err();
    assert!(matches!(error, MintError::Way(DialError::Tls { .. })), "{error:?}");
    assert_eq!(error.fault(), Fault::Network);
}

#[tokio::test]
async fn each_refusal_has_its_own_kind_and_culprit() {
    let words = r#"{"code":"permission-denied","error":"Team is not authorized"}"#;
    let table = [
        (
            "401 Unauthorized",
            Fault::Profile,
            "the backend refused this profile (HTTP 401): Team is not authorized",
        ),
        (
            "403 Forbidden",
            Fault::Profile,
            "the backend refused this profile (HTTP 403): Team is not authorized",
        ),
        (
            "404 Not Found",
            Fault::Profile,
            "the backend did not accept the request (HTTP 404): Team is not authorized",
        ),
        (
            "402 Payment Required",
            Fault::Backend,
            "the backend did not accept the request (HTTP 402): Team is not authorized",
        ),
        ("500 Oh", Fault::Backend, "the backend failed (HTTP 500): Team is not authorized"),
        ("503 Oh", Fault::Backend, "the backend failed (HTTP 503): Team is not authorized"),
    ];
    for (status, fault, sentence) in table {
        let error = failure(reply(status, "", words)).await;
        assert_eq!((error.to_string().as_str(), error.fault()), (sentence, fault));
    }
    let error = failure(reply("500 Oh", "", "<!DOCTYPE html><title>Oops</title>")).await;
    assert_eq!(error.to_string(), "the backend failed (HTTP 500): a web page");
    let error = failure(reply("500 Oh", "", "")).await;
    assert_eq!(error.to_string(), "the backend failed (HTTP 500)");
}

#[tokio::test]
async fn a_rate_limit_says_how_long() {
    for (header, wanted) in [("retry-after: 7\r\n", Some(Duration::from_secs(7))), ("", None)] {
        let error = failure(reply("429 Slow", header, "Too many requests, please try again later.")).await;
        let said = "Too many requests, please try again later.".to_owned();
        assert_eq!(error, MintError::RateLimited { retry_after: wanted, said });
        let error = failure(reply("503 Busy", header, "")).await;
        assert_eq!((error.retry_after(), error.may_pass()), (wanted, true));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(good()).await;
    let location = format!("location: http://{}/x?key=pearl\r\n", elsewhere.address);
    let error = failure(reply("307 Moved", &location, "")).await;
    let to = format!("http://{}/x?key=[hidden]", elsewhere.address);
    assert_eq!(error, MintError::Redirected { status: 307, to });
}

#[tokio::test]
async fn what_is_no_token_is_told_apart() {
    let html = reply("200 OK", "content-type: text/html\r\n", "<html><body>Log in</body></html>");
    assert_eq!(
        failure(html).await.to_string(),
        r#"the backend's answer is not JSON but text/html: it starts with "<html><body>Log in</body></html>""#
    );
    assert_eq!(failure(reply("200 OK", "", "")).await, MintError::Empty);
    assert_eq!(failure(reply("204 No Content", "", "")).await, MintError::Empty);
    assert_eq!(
        failure(reply("200 OK", "", r#"{"error":"no","details":"credit"}"#)).await,
        MintError::ErrorReply { said: "no — credit".into() }
    );
    assert_eq!(
        failure(reply("200 OK", "", r#"{"ok":true}"#)).await,
        MintError::NoToken { keys: vec!["ok".into()] }
    );
    assert_eq!(failure(reply("200 OK", "", r#"{"token":"xai-AbC0123"}"#)).await, MintError::IsApiKey);
}

#[tokio::test]
async fn a_huge_answer_is_given_up_early() {
    let huge = vec![b' '; 20 << 20];
    assert_eq!(failure(reply("200 OK", "", &huge)).await, MintError::TooLarge { limit: 1 << 20 });
    let error = failure(reply("500 Oh", "", &huge)).await;
    assert_eq!(error, MintError::Server { status: 500, retry_after: None, said: String::new() });
}

#[tokio::test]
async fn a_broken_connection_is_the_networks_fault() {
    let cut = Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"value\":".to_vec());
    for answer in [Reply::Close, cut] {
        let error = failure(answer).await;
        assert!(matches!(error, MintError::Broken { .. }), "{error:?}");
        assert_eq!(error.fault(), Fault::Network);
    }
    let error = failure(Reply::Bytes(b"SSH-2.0-hello\r\n\r\n".to_vec())).await;
    assert!(matches!(error, MintError::Broken { .. }), "{error:?}");
}

#[tokio::test]
async fn a_backend_that_is_not_there_is_the_networks_fault() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = mint(&dial(), &profile(url), None).await.unwrap_err();
    assert!(matches!(error, MintError::Way(DialError::Connect { .. })), "{error:?}");
    assert_eq!(error.fault(), Fault::Network);
}

#[tokio::test]
async fn a_backend_that_hangs_is_given_up() {
    for part in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"] {
        let server = Server::start(Reply::Stall(part.into())).await;
        let url = format!("http://{}/", server.address);
        let asking = tokio::spawn(async move { mint(&dial(), &profile(url), None).await });
        server.asked().await;
        // Only now: a clock that does not wait would also cut the way to the server short.
        tokio::time::pause();
        let error = asking.await.unwrap().unwrap_err();
        tokio::time::resume();
        assert_eq!((error.fault(), error), (Fault::Backend, MintError::Timeout { after: MINT_DEADLINE }));
    }
}

#[tokio::test]
async fn a_profile_is_refused_before_anything_is_sent() {
    let bearer = |url: &str| Profile { caller: Caller::Bearer, ..profile(url) };
    let key = SecretString::from("xai-AbC0123456789");
    let broken = SecretString::from("a\u{1}b");
    for (profile, secret, wanted) in [
        (profile(""), None, ProfileError::Missing { field: Field::TokenUrl }),
        (bearer("http://localhost:1/"), None, ProfileError::Missing { field: Field::Secret }),
        (bearer("http://localhost:1/"), Some(&key), ProfileError::ApiKey { field: Field::Secret }),
        (bearer("http://localhost:1/"), Some(&broken), ProfileError::SecretCharacters),
    ] {
        let error = mint(&dial(), &profile, secret).await.unwrap_err();
        assert_eq!((error.fault(), error), (Fault::Profile, MintError::Profile(wanted)));
    }
}

#[test]
fn a_price_is_an_amount_or_the_profile_is_refused() {
    let priced = |per_minute, per_text| {
        let price = Price { per_minute, per_text };
        Profile { price, ..profile("https://b.example") }.endpoints().map(drop).map_err(|error| error.field())
    };
    for (per_minute, per_text, wanted) in [
        (0.08, 0.004, Ok(())),
        (0.0, 0.0, Ok(())),
        (MOST_PRICE, MOST_PRICE, Ok(())),
        (-0.01, 0.0, Err(Field::PerMinute)),
        (1_000.01, 0.0, Err(Field::PerMinute)),
        (f64::NAN, 0.0, Err(Field::PerMinute)),
        (0.0, f64::INFINITY, Err(Field::PerText)),
    ] {
        assert_eq!(priced(per_minute, per_text), wanted, "{per_minute} {per_text}");
    }
}

#[test]
fn addresses_are_checked() {
    let token = |url: &str| profile(url).endpoints().map(|ends| ends.token_url.to_string());
    let line = |url: &str| {
        let profile =
            Profile { realtime_url: url.into(), model: "m 1".into(), ..profile("https://b.example") };
        profile.endpoints().map(|ends| ends.realtime_url.to_string())
    };
    for (text, url) in [
        (" https://b.example/t?x=1#y ", "https://b.example/t?x=1"),
        ("http://127.0.0.1:80/t", "http://127.0.0.1/t"),
        ("http://127.9.9.9/", "http://127.9.9.9/"),
        ("http://[::1]:3/", "http://[::1]:3/"),
        ("http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
        ("http://LOCALHOST/", "http://localhost/"),
        ("http://app.localhost/", "http://app.localhost/"),
    ] {
        assert_eq!(token(text).unwrap(), url);
    }
    assert_eq!(line("wss://r.example/v1").unwrap(), "wss://r.example/v1?model=m+1");
    assert_eq!(line("ws://localhost:1/?a=b&model=x").unwrap(), "ws://localhost:1/?a=b&model=m+1");
    let field = Field::TokenUrl;
    for (text, start) in [
        ("not a url", "the token URL is not a URL: "),
        ("b.example/t", "the token URL is not a URL: "),
        ("ftp://b.example", "the token URL begins with ftp:// but must begin with https://"),
        ("wss://b.example", "the token URL begins with wss:// but must begin with https://"),
        ("https://u:p@b.example", "the token URL must not contain a user name or password"),
        ("http://u@localhost", "the token URL must not contain a user name or password"),
    ] {
        let error = token(text).unwrap_err();
        assert!(error.to_string().starts_with(start), "{text}: {error}");
        assert_eq!(error.field(), field);
    }
    for host in ["b.example", "192.168.1.4", "0.0.0.0", "localhost.b.example", "127.0.0.1.b.example"] {
        let plain = ProfileError::PlainHttp { field, host: host.into() };
        assert_eq!(token(&format!("http://{host}/")).unwrap_err(), plain);
        let plain = ProfileError::PlainHttp { field: Field::RealtimeUrl, host: host.into() };
        assert_eq!(line(&format!("ws://{host}/")).unwrap_err(), plain);
    }
    assert_eq!(line("https://r.example").unwrap_err().field(), Field::RealtimeUrl);
}

#[test]
fn header_names_are_checked() {
    for (name, good) in
        [("X-Key", true), ("authorization", true), ("", false), ("a b", false), ("Host", false)]
    {
        let caller = Caller::Header { name: name.into() };
        let checked = Profile { caller, auth: Auth::Subprotocol, ..profile("https://b.example") }.endpoints();
        assert_eq!(checked.is_ok(), good, "{name}");
        assert_eq!(checked.err().map(|error| error.field()), (!good).then_some(Field::HeaderName));
    }
}

/// A backend whose clock is `ahead` seconds ahead of ours hands out tokens that live `lives` seconds more.
fn lent(ahead: i64, lives: i64) -> Reply {
    let clock = unix() + ahead;
    let shown = std::time::UNIX_EPOCH + Duration::from_secs(clock as u64);
    let headers = format!("date: {}\r\n", httpdate::fmt_http_date(shown));
    reply("200 OK", &headers, format!(r#"{{"value":"t-1","expires_at":{}}}"#, clock + lives))
}

fn unix() -> i64 {
    SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64
}

#[tokio::test]
async fn a_token_is_judged_by_the_clock_that_named_its_expiry() {
    let margin = FRESHNESS_MARGIN.as_secs() as i64;
    for ahead in [-86_400, -600, 0, 600, 86_400] {
        let minted = ask(&Server::start(lent(ahead, 300)).await).await.unwrap();
        let left = minted.token.life_left().unwrap().as_secs();
        assert!((280..=301).contains(&left), "{ahead}: {left} s");
        assert!(minted.token.is_fresh());
        for lives in [margin - 1, 0, -600] {
            let error = failure(lent(ahead, lives)).await;
            assert!(matches!(error, MintError::Stale { left } if left <= FRESHNESS_MARGIN), "{error:?}");
            assert_eq!((error.fault(), error.may_pass()), (Fault::Backend, false));
        }
    }
}

#[tokio::test]
async fn a_backend_that_shows_no_clock_is_judged_by_ours() {
    let body = |lives: i64| format!(r#"{{"value":"t-1","expires_at":{}}}"#, unix() + lives);
    assert!(ask(&Server::start(reply("200 OK", "", body(300))).await).await.is_ok());
    let error = failure(reply("200 OK", "", body(20))).await;
    assert!(matches!(error, MintError::Stale { .. }), "{error:?}");
}

#[tokio::test]
async fn a_token_that_was_kept_too_long_is_asked_for_once_more() {
    let server = Server::start_with(vec![lent(0, 5), lent(0, 300)]).await;
    let minted = ask(&server).await.unwrap();
    assert!(minted.token.is_fresh());
    assert_eq!(server.count(), 2);
    let server = Server::start(lent(0, 5)).await;
    ask(&server).await.unwrap_err();
    assert_eq!(server.count(), 2, "and then no more");
}

#[tokio::test(start_paused = true)]
async fn a_token_grows_old_whatever_the_clock_is_set_to() {
    let token = |life| Token::new("t".to_owned().into(), Some(SystemTime::now() + life));
    let token = token(FRESHNESS_MARGIN + Duration::from_secs(60));
    assert!(token.is_fresh());
    tokio::time::advance(Duration::from_secs(61)).await;
    assert!(!token.is_fresh());
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(token.life_left(), Some(Duration::ZERO));
    assert!(Token::new("t".to_owned().into(), None).is_fresh());
}

#[test]
fn an_api_key_in_an_address_is_refused_before_anything_is_sent() {
    let key = "xai-AbC0123456789";
    let long = "xai-abcdefghijklmnopqrstuvwxyz";
    for key in [key, long, "%78ai%2DAbC0123456789"] {
        for text in [
            format!("https://b.example/t?key={key}"),
            format!("https://b.example/t?x=1&auth=Bearer%20{key}"),
            format!("https://b.example/t?{key}"),
            format!("https://b.example/{key}/t"),
            format!("https://b.example/t;{key}"),
            format!("https://{key}@b.example/t"),
            format!("https://me:{key}@b.example/t"),
            format!("https://b.example/t#{key}"),
        ] {
            let field = Field::TokenUrl;
            assert_eq!(profile(&text).endpoints(), Err(ProfileError::ApiKey { field }), "{text}");
            let text = text.replacen("https", "wss", 1);
            let field = Field::RealtimeUrl;
            let error = Profile { realtime_url: text.clone(), ..profile("https://b.example") }.endpoints();
            assert_eq!(error, Err(ProfileError::ApiKey { field }), "{text}");
        }
    }
    for text in [
        "https://xai-2.example.com/t",
        "https://b.example/xai-token?for=xai-voice",
        "https://b.example/t?key=xai-realtime-client-secret-AbC0123456789",
        "https://b.example/t?key=xai-AbC_0123456789",
    ] {
        assert!(profile(text).endpoints().is_ok(), "{text}");
    }
}

#[test]
fn an_api_key_is_refused_in_every_text_of_a_profile_and_the_field_is_named() {
    let usual = || profile("https://b.example");
    let text = |key: &str| format!("Be brief ({key}).");
    for key in ["xai-AbC0123456789", "xai-abcdefghijklmnopqrstuvwxyz"] {
        let (own, proxy) = (key.to_owned(), format!("http://proxy.example:3128/{key}"));
        for (field, words, profile) in [
            (Field::Name, "name", Profile { name: text(key), ..usual() }),
            (Field::Model, "model", Profile { model: own.clone(), ..usual() }),
            (Field::Voice, "voice", Profile { voice: own.clone(), ..usual() }),
            (Field::Instructions, "instructions", Profile { instructions: text(key), ..usual() }),
            (Field::ExtraCa, "file of extra authorities", Profile { extra_ca: own.clone(), ..usual() }),
            (Field::TokenUrl, "token URL", profile(key)),
            (Field::Proxy, "proxy", Profile { proxy, ..usual() }),
            (Field::Proxy, "proxy", Profile { proxy: format!("socks5://{key}@proxy.example"), ..usual() }),
            (Field::ProxyUser, "user name for the proxy", Profile { proxy_user: text(key), ..usual() }),
        ] {
            let error = profile.endpoints().unwrap_err();
            assert_eq!(error, ProfileError::ApiKey { field });
            assert!(error.to_string().starts_with(&format!("the {words} holds an xAI API key")), "{error}");
            assert!(!error.to_string().contains(key));
        }
    }
    let named =
        Profile { name: "xai-work".into(), instructions: "You speak for xai-team.".into(), ..usual() };
    assert!(named.endpoints().is_ok(), "a name that begins so is none");
}

#[test]
fn an_api_key_is_no_secret_for_a_backend_and_anything_else_is() {
    let callers = [Caller::Bearer, Caller::Header { name: "X-Key".into() }];
    for caller in callers {
        let profile = Profile { caller, ..profile("https://b.example") };
        for key in ["xai-AbC0123", " xai-abcdefgh ", "Bearer xai-AbC0123"] {
            let error = profile.check_secret(Some(&key.into()));
            assert_eq!(error, Err(ProfileError::ApiKey { field: Field::Secret }), "{key}");
        }
        for secret in ["xai-realtime-client-secret-AbC012", "sk-AbC012", "hush", "eyJ.a.b", "xai-a_b", "xai-"]
        {
            assert_eq!(profile.check_secret(Some(&secret.into())), Ok(()), "{secret}");
        }
        assert_eq!(profile.check_secret(None), Err(ProfileError::Missing { field: Field::Secret }));
    }
    let caller = Caller::Header { name: "xai-AbC0123".into() };
    let error = Profile { caller, ..profile("https://b.example") }.endpoints();
    assert_eq!(error, Err(ProfileError::ApiKey { field: Field::HeaderName }));
    assert_eq!(profile("https://b.example").check_secret(None), Ok(()), "an open backend asks for none");
}

#[test]
fn an_api_key_is_known_by_its_shape() {
    for (text, key) in [
        ("xai-AbC0123", true),
        (" xai-AbC0123\n", true),
        ("xai-", false),
        ("xai-realtime-client-secret-AbC", false),
        ("xai-token-1", false),
        ("sk-AbC", false),
        ("", false),
    ] {
        assert_eq!(looks_like_xai_key(text), key, "{text:?}");
    }
}
