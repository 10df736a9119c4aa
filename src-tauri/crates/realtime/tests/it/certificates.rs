//! What a person is told of a server's certificate, good or bad, and of a network's own page.

use std::sync::{Arc, Mutex};

use realtime::{
    Auth, Dial, DialError, Fact, Fault, MintError, OpenError, Profile, Proxy, ProxyChoice, Root, TlsFailure,
    Witness, mint, open,
};
use rig::{Authority, Between, Certified, Protocol};

use crate::support::{Reply, Server, options, reply, trust};

const NAME: &str = "voice.example";
const ISSUER: &str = "An authority of the test";

/// A way on which [`NAME`] is a server that answers so, trusted by way of a file or not at all.
struct Net {
    dial: Dial,
    profile: Profile,
    seen: Arc<Mutex<Vec<Fact>>>,
    _between: Between,
    _server: Server,
}

impl Net {
    async fn start(certified: Certified<'_>, trusted: bool, answer: Reply) -> Self {
        let authority = Authority::new(ISSUER).unwrap();
        let server = Server::start_as(authority.server(certified).unwrap(), answer).await;
        let between = Between::start(Protocol::Connect, server.address, None).await.unwrap();
        let trust = match trusted {
            true => trust().with_authorities(authority.file()).unwrap(),
            false => trust(),
        };
        let seen: Arc<Mutex<Vec<Fact>>> = Arc::default();
        let notes = seen.clone();
        let choice = ProxyChoice::parse(&between.url()).unwrap();
        let dial = Dial::new(trust, Proxy::new(&choice, None))
            .watched(Witness::new(move |fact| notes.lock().unwrap().push(fact)));
        let token_url = format!("https://{NAME}/session");
        let profile = Profile { token_url, ..Profile::default() };
        Self { dial, profile, seen, _between: between, _server: server }
    }

    async fn token(&self) -> Result<(), MintError> {
        mint(&self.dial, &self.profile, None).await.map(drop)
    }

    async fn line(&self) -> Result<(), OpenError> {
        let mut wanted = options(&format!("wss://{NAME}/v1/realtime"), Auth::Bearer);
        wanted.dial = self.dial.clone();
        open(wanted).await.map(drop)
    }
}

const GOOD: Certified<'static> = Certified { host: NAME, valid_days: (-1, 30) };

fn token() -> Reply {
    reply("200 OK", "", r#"{"client_secret":{"value":"t-1"}}"#)
}

#[tokio::test]
async fn each_fault_of_a_certificate_has_its_name_for_both_servers() {
    type Case = (Certified<'static>, bool, fn(&TlsFailure) -> bool, &'static str);
    let cases: [Case; 4] = [
        (
            Certified { valid_days: (-30, -2), ..GOOD },
            true,
            |failure| matches!(failure, TlsFailure::Expired { since: Some(_) }),
            "ran out on 20",
        ),
        (
            Certified { valid_days: (2, 30), ..GOOD },
            true,
            |failure| matches!(failure, TlsFailure::NotYetValid { from: Some(_) }),
            "only from 20",
        ),
        (
            Certified { host: "other.example", ..GOOD },
            true,
            |failure| matches!(failure, TlsFailure::OtherHost { .. }),
            "made out to other.example",
        ),
        (GOOD, false, |failure| matches!(failure, TlsFailure::UnknownIssuer { .. }), ISSUER),
    ];
    for (certified, trusted, kind, words) in cases {
        let net = Net::start(certified, trusted, token()).await;
        let (asked, opened) = (net.token().await.unwrap_err(), net.line().await.unwrap_err());
        assert_eq!((asked.fault(), opened.fault()), (Fault::Network, Fault::Network));
        let (MintError::Way(asked), OpenError::Way(opened)) = (asked, opened) else { panic!("{words}") };
        assert_eq!(asked, opened);
        let DialError::Tls { host, failure } = &asked else { panic!("{asked:?}") };
        assert_eq!(host, NAME);
        assert!(kind(failure), "{failure:?}");
        assert!(asked.to_string().contains(words), "{asked}");
    }
}

#[tokio::test]
async fn what_is_found_on_the_way_is_told_in_its_order() {
    let net = Net::start(GOOD, true, token()).await;
    net.token().await.unwrap();
    let seen = net.seen.lock().unwrap().clone();
    let [
        Fact::Addresses { found },
        Fact::Reached { address, proxy },
        Fact::Encrypted { certificate },
        Fact::Answered { status: 200 },
        Fact::Shaped { place: "client_secret.value" },
    ] = seen.as_slice()
    else {
        panic!("{seen:?}")
    };
    assert_eq!(found.as_slice(), [net._between.address().ip()], "the proxy's own");
    assert_eq!((address, proxy), (&Some(net._between.address()), &Some(net._between.address().to_string())));
    assert_eq!((certificate.subject.as_str(), certificate.issuer.as_str()), (NAME, ISSUER));
    assert_eq!(certificate.root, Root::Extra);
    let words = certificate.to_string();
    assert!(words.contains("the profile's file of authorities trusts; valid until 20"), "{words}");
}

#[tokio::test]
async fn a_network_that_wants_a_sign_in_is_told_from_a_server() {
    let at = |at: &str| at.to_owned();
    for (status, head, body, page) in [
        ("511 Network Authentication Required", "", "sign in", at("")),
        ("302 Found", "location: https://wifi.example/login\r\n", "", at("wifi.example")),
        ("200 OK", "content-type: text/html\r\n", "<html>Welcome to our hotel</html>", at("")),
    ] {
        let net = Net::start(GOOD, true, reply(status, head, body)).await;
        let error = net.token().await.unwrap_err();
        assert_eq!((error.fault(), error.may_pass()), (Fault::Network, true));
        assert_eq!(error, MintError::SignIn { at: page.clone() });
        let error = net.line().await.unwrap_err();
        assert_eq!((error.fault(), error.may_pass()), (Fault::Network, true));
        assert_eq!(error, OpenError::SignIn { at: page });
    }
    let moved = reply("308 Moved", "location: https://new.example/session\r\n", "");
    let error = Net::start(GOOD, true, moved).await.token().await.unwrap_err();
    assert!(matches!(error, MintError::Redirected { status: 308, .. }), "{error:?}");
}
