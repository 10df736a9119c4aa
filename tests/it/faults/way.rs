//! What stands between this computer and the two servers: certificates, proxies, and networks that want
//! a sign-in first. The servers are behind a proxy, for this computer itself is always reached directly.

use call::{Fault, ProblemCode as Code, Setup};
use rig::{Authority, Between, Certified, Protocol};

use super::sees::Sees;
use super::sees::Sees::Failed;
use super::table::{Row, changed, run};

const HOST: &str = "voice.example";
const GOOD: Certified<'static> = Certified { host: HOST, valid_days: (-1, 30) };
const EXPIRED: Certified<'static> = Certified { valid_days: (-30, -2), ..GOOD };
const EARLY: Certified<'static> = Certified { valid_days: (2, 30), ..GOOD };
const OTHER: Certified<'static> = Certified { host: "other.example", ..GOOD };
const TOKEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"value\":\"t-1\"}";
const SIGN_IN: &str = "HTTP/1.1 511 Network Authentication Required\r\ncontent-length: 0\r\n\r\n";
const ELSEWHERE: &str = "HTTP/1.1 302 Found\r\nlocation: https://wifi.example/\r\ncontent-length: 0\r\n\r\n";
const PAGE: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 20\r\n\r\n<html>Welcome</html>";

/// Which of the two servers is the one behind the proxy.
#[derive(Clone, Copy)]
enum At {
    Backend,
    Line,
}

/// One network; it lives as long as the rows that lead into it.
pub(super) struct Net {
    authority: Authority,
    pub(super) rows: Vec<Row>,
}

fn lead(setup: &mut Setup, at: At, proxy: String) {
    match at {
        At::Backend => setup.profile.token_url = format!("https://{HOST}/session"),
        At::Line => setup.profile.realtime_url = format!("wss://{HOST}/v1/realtime"),
    }
    setup.profile.proxy = proxy;
}

impl Net {
    pub(super) fn new() -> Self {
        Self { authority: Authority::new("An authority of the test").unwrap(), rows: Vec::new() }
    }

    /// A backend that answers so.
    pub(super) async fn answering(&mut self, name: &'static str, answer: &str, sees: Sees) {
        self.row(name, (At::Backend, GOOD, answer), true, sees).await;
    }

    async fn row(
        &mut self,
        name: &'static str,
        (at, certified, answer): (At, Certified<'static>, &str),
        trusted: bool,
        sees: Sees,
    ) {
        let server = self.authority.serve(certified, answer).await.unwrap();
        let proxy = Between::start(Protocol::Connect, server, None).await.unwrap().url();
        let file = self.authority.file().display().to_string();
        let change = move |setup: &mut Setup| {
            lead(setup, at, proxy.clone());
            if trusted {
                setup.profile.extra_ca = file.clone();
            }
        };
        self.rows.push(changed(name, change, sees));
    }

    /// A proxy that knows only `me` and `word`.
    pub(super) async fn locked(
        &mut self,
        name: &'static str,
        protocol: Protocol,
        word: &str,
        (user, password): (&'static str, Option<&'static str>),
        sees: Sees,
    ) {
        let server = self.authority.serve(GOOD, TOKEN).await.unwrap();
        let proxy = Between::start(protocol, server, Some(("me", word))).await.unwrap().url();
        let file = self.authority.file().display().to_string();
        let change = move |setup: &mut Setup| {
            lead(setup, At::Backend, proxy.clone());
            setup.profile.extra_ca = file.clone();
            setup.profile.proxy_user = user.into();
            setup.proxy_password = password.map(Into::into);
        };
        self.rows.push(changed(name, change, sees));
    }
}

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn the_way_there() {
    let mut net = Net::new();
    let failed = |code, words| Failed(code, Fault::Network, words);
    net.row("the backend's certificate ran out", (At::Backend, EXPIRED, TOKEN), true, failed(Code::CertificateExpired, "ran out on 20")).await;
    net.row("the backend's certificate is not valid yet", (At::Backend, EARLY, TOKEN), true, failed(Code::CertificateNotYetValid, "only from 20")).await;
    net.row("the backend's certificate is another host's", (At::Backend, OTHER, TOKEN), true, failed(Code::CertificateOtherHost, "other.example")).await;
    net.row("the backend's authority is unknown", (At::Backend, GOOD, TOKEN), false, failed(Code::CertificateUnknown, "An authority of the test")).await;
    net.row("the server's certificate ran out", (At::Line, EXPIRED, TOKEN), true, failed(Code::CertificateExpired, "clock")).await;
    net.row("the server's certificate is another host's", (At::Line, OTHER, TOKEN), true, failed(Code::CertificateOtherHost, "other.example")).await;
    net.row("the server's authority is unknown", (At::Line, GOOD, TOKEN), false, failed(Code::CertificateUnknown, "An authority of the test")).await;
    net.row("the network wants a sign-in, by status", (At::Backend, GOOD, SIGN_IN), true, failed(Code::SignIn, "sign in first")).await;
    net.row("the network wants a sign-in, elsewhere", (At::Backend, GOOD, ELSEWHERE), true, failed(Code::SignIn, "wifi.example")).await;
    net.row("the network wants a sign-in, by its page", (At::Backend, GOOD, PAGE), true, failed(Code::SignIn, "sign in first")).await;
    net.row("the network wants a sign-in before the line", (At::Line, GOOD, ELSEWHERE), true, failed(Code::SignIn, "wifi.example")).await;
    for (protocol, wanted, refused) in [
        (Protocol::Connect, "an HTTP proxy wants a login", "an HTTP proxy does not take the password"),
        (Protocol::Socks, "a SOCKS proxy wants a login", "a SOCKS proxy does not take the password"),
    ] {
        let failed = |words| Failed(Code::ProxyLogin, Fault::Profile, words);
        net.locked(wanted, protocol, "word", ("", None), failed("wants a user name and a password")).await;
        net.locked(refused, protocol, "word", ("me", Some("another")), failed("did not accept")).await;
    }
    let gone = |setup: &mut Setup| lead(setup, At::Backend, "http://127.0.0.1:9".into());
    net.rows.push(changed("a proxy that is not there", gone, failed(Code::Proxy, "127.0.0.1:9")));
    run("The way there", &net.rows).await;
}
