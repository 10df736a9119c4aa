//! The backend, before a call and in a running one.

use call::{Fault, ProblemCode as Code, Setup};

use super::relay::Network;
use super::sees::Sees::{Failed, GivenUp, Nothing, Reconnected};
use super::sees::{BROKE, BROKE_FOR_GOOD};
use super::table::{Row, Switched, Way, after_a_break, changed, on_the_way, run, switched};

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn getting_a_token() {
    run("Getting a token", &[
        changed("no such host", |setup| setup.profile.token_url = "https://backend.invalid/session".into(),
            Failed(Code::Network, Fault::Network, "Could not find backend.invalid")),
        changed("nobody listens", |setup| setup.profile.token_url = "http://127.0.0.1:9/session".into(),
            Failed(Code::Network, Fault::Network, "backend runs")),
        on_the_way("reset", Way::Backend, Network::Down, 0, Failed(Code::Network, Fault::Network, "broke off")),
        on_the_way("stalled for good", Way::Backend, Network::Stalled, 0, Failed(Code::Backend, Fault::Backend, "within 10 s")),
        on_the_way("cut in the middle of the reply", Way::Backend, Network::CutAfter(60), 0, Failed(Code::Network, Fault::Network, "broke off")),
        on_the_way("stalled for 5 s", Way::Backend, Network::Stalled, 5_000, Nothing),
        on_the_way("a slow drip", Way::Backend, Network::Dripping(2_000), 3_000, Nothing),
        switched("401", &[("mint", "401")], Failed(Code::BackendRefused, Fault::Profile, "caller secret")),
        switched("401, and 200 for the next call", &[("mint", "401"), ("mint_faulty", "1")],
            Failed(Code::BackendRefused, Fault::Profile, "HTTP 401")).then_call_again(),
        switched("402", &[("mint", "402")], Failed(Code::NoCredit, Fault::Backend, "Add credit")),
        switched("403", &[("mint", "403")], Failed(Code::NotAllowed, Fault::Profile, "may not use the voice agent")),
        switched("404", &[("mint", "404")], Failed(Code::Backend, Fault::Profile, "path of the address")),
        switched("429 with Retry-After", &[("mint", "429"), ("retry_after_s", "7")], Failed(Code::RateLimited, Fault::Backend, "It asks for 7 s")),
        switched("429 with a date", &[("mint", "429"), ("retry_after_s", "600"), ("retry_after_date", "on")],
            Failed(Code::RateLimited, Fault::Backend, "It asks for 59")),
        switched("429 without either", &[("mint", "429"), ("retry_after_s", "off")], Failed(Code::RateLimited, Fault::Backend, "Wait a minute")),
        switched("429, and 200 for the next call", &[("mint", "429"), ("mint_faulty", "1")],
            Failed(Code::RateLimited, Fault::Backend, "It asks for 2 s")).then_call_again(),
        switched("500", &[("mint", "500")], Failed(Code::Backend, Fault::Backend, "HTTP 500")),
        switched("500, and 200 for the next call", &[("mint", "500"), ("mint_faulty", "1")],
            Failed(Code::Backend, Fault::Backend, "HTTP 500")).then_call_again(),
        switched("503", &[("mint", "503")], Failed(Code::Backend, Fault::Backend, "HTTP 503")),
        switched("200 with an error", &[("mint", "error200")], Failed(Code::Backend, Fault::Backend, "Failed to create session")),
        switched("no token", &[("mint", "no_token")], Failed(Code::Backend, Fault::Backend, "holds no token; it has: session, status")),
        switched("an API key", &[("mint", "key")], Failed(Code::Backend, Fault::Backend, "the key must never leave it")),
        switched("a web page", &[("mint", "html")], Failed(Code::Backend, Fault::Backend, "not JSON")),
        switched("nothing", &[("mint", "empty")], Failed(Code::Backend, Fault::Backend, "empty")),
        switched("20 MB", &[("mint", "huge")], Failed(Code::Backend, Fault::Backend, "larger")),
        switched("no answer", &[("mint", "hang")], Failed(Code::Backend, Fault::Backend, "within 10 s")),
        switched("a token that is over", &[("token_life_s", "0")], Failed(Code::Backend, Fault::Backend, "almost over")),
        switched("the backend's clock is an hour ahead", &[("clock_s", "3600")], Nothing),
        switched("the backend's clock is an hour behind", &[("clock_s", "-3600")], Nothing),
        shaped("nested"), shaped("string"), shaped("camel"), shaped("token"),
        shaped("iso"), shaped("xai"), shaped("headers"), shaped("client_secret"),
        changed("the cookbook's endpoint", |setup: &mut Setup| {
            setup.profile.token_url = setup.profile.token_url.replace("/v1/realtime/client_secrets", "/session");
        }, Nothing),
    ]).await;
}

/// The practice agent's own shape is the service's; these are of backends in the wild.
fn shaped(shape: &'static str) -> Row {
    let (name, switches): (_, Switched) = match shape {
        "client_secret" => ("a token in client_secret.value", &[("mint_shape", "client_secret")]),
        "nested" => ("a token in client_secret.client_secret.value", &[("mint_shape", "nested")]),
        "string" => ("a token in client_secret", &[("mint_shape", "string")]),
        "camel" => ("a token in clientSecret", &[("mint_shape", "camel")]),
        "token" => ("a token in token", &[("mint_shape", "token")]),
        "iso" => ("a token with an ISO date", &[("mint_shape", "iso")]),
        "xai" => ("a token in xai.clientSecret", &[("mint_shape", "xai")]),
        _ => ("a token in headers", &[("mint_shape", "headers")]),
    };
    switched(name, switches, Nothing)
}

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn a_token_for_a_call_that_runs() {
    const BACKEND: &[(Code, &str)] = &[(Code::Backend, "backend")];
    run("A token in a running call", &[
        after_a_break("401", &[("mint", "401"), ("mint_after", "1"), ("mint_faulty", "1")],
            GivenUp(BROKE_FOR_GOOD, Code::BackendRefused, Fault::Profile, "HTTP 401")),
        after_a_break("402", &[("mint", "402"), ("mint_after", "1")], GivenUp(BROKE_FOR_GOOD, Code::NoCredit, Fault::Backend, "no credits left")),
        after_a_break("403", &[("mint", "403"), ("mint_after", "1")], GivenUp(BROKE_FOR_GOOD, Code::NotAllowed, Fault::Profile, "HTTP 403")),
        after_a_break("an API key", &[("mint", "key"), ("mint_after", "1")], GivenUp(BROKE_FOR_GOOD, Code::Backend, Fault::Backend, "returned its xAI API key")),
        after_a_break("429 with Retry-After, then 200", &[("mint", "429"), ("retry_after_s", "7"), ("mint_after", "1"), ("mint_faulty", "1")],
            Reconnected(BROKE.then(&[(Code::RateLimited, "It asks for 7 s")]))),
        after_a_break("429 with a date, then 200", &[("mint", "429"), ("retry_after_s", "200"), ("retry_after_date", "on"), ("mint_after", "1"), ("mint_faulty", "1")],
            Reconnected(BROKE.then(&[(Code::RateLimited, "It asks for 19")]))),
        after_a_break("429 that asks for more than ten minutes", &[("mint", "429"), ("retry_after_s", "700"), ("mint_after", "1")],
            GivenUp(BROKE_FOR_GOOD, Code::RateLimited, Fault::Backend, "too long for a call to wait")),
        after_a_break("503 with Retry-After, then 200", &[("mint", "503"), ("retry_after_s", "7"), ("mint_after", "1"), ("mint_faulty", "1")],
            Reconnected(BROKE.then(&[(Code::Backend, "It asks for 7 s")]))),
        after_a_break("500 five times, then 200", &[("mint", "500"), ("mint_after", "1"), ("mint_faulty", "5")],
            Reconnected(BROKE.then(&[(Code::Backend, "HTTP 500")]))),
        after_a_break("500 for good", &[("mint", "500"), ("mint_after", "1")], GivenUp(BROKE_FOR_GOOD.then(BACKEND), Code::Backend, Fault::Backend, "HTTP 500")),
        after_a_break("no answer, then 200", &[("mint", "hang"), ("mint_after", "1"), ("mint_faulty", "1")],
            Reconnected(BROKE.then(&[(Code::Backend, "within 10 s")]))),
        after_a_break("404, then 200", &[("mint", "404"), ("mint_after", "1"), ("mint_faulty", "2")], Reconnected(BROKE.then(&[(Code::Backend, "HTTP 404")]))),
        after_a_break("408, then 200", &[("mint", "408"), ("mint_after", "1"), ("mint_faulty", "2")], Reconnected(BROKE.then(&[(Code::Backend, "HTTP 408")]))),
        after_a_break("425, then 200", &[("mint", "425"), ("mint_after", "1"), ("mint_faulty", "2")], Reconnected(BROKE.then(&[(Code::Backend, "HTTP 425")]))),
        after_a_break("nothing, then a token", &[("mint", "empty"), ("mint_after", "1"), ("mint_faulty", "2")], Reconnected(BROKE.then(&[(Code::Backend, "empty")]))),
        after_a_break("a web page, then a token", &[("mint", "html"), ("mint_after", "1"), ("mint_faulty", "2")], Reconnected(BROKE.then(&[(Code::Backend, "not JSON")]))),
        after_a_break("no token, then a token", &[("mint", "no_token"), ("mint_after", "1"), ("mint_faulty", "2")], Reconnected(BROKE.then(&[(Code::Backend, "holds no token")]))),
        after_a_break("200 with an error, then a token", &[("mint", "error200"), ("mint_after", "1"), ("mint_faulty", "2")],
            Reconnected(BROKE.then(&[(Code::Backend, "Failed to create session")]))),
    ]).await;
}
