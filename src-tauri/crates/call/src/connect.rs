//! One attempt to reach the agent: ask the backend for a token, open the line.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use realtime::{
    Auth, Closed, DEFAULT_MODEL, DEFAULT_REALTIME_URL, Http, Line, LineEvent, LineOptions, Minted, Profile,
    Proxy, ProxyChoice, ServerEvent, Token,
};
use secrecy::SecretString;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::Instant;
use url::Url;

use crate::event::{Problem, Step};
use crate::problem;
use crate::session::Wishes;
use crate::setup::{Access, Setup};
use crate::surroundings::Addresses;
use crate::tap::Tap;

/// How long a server may take to say its first words when a profile is tried out.
const GREETING: Duration = Duration::from_secs(5);

/// TLS and HTTP, made once and shared by every call.
#[derive(Clone, Debug)]
pub struct Net {
    /// For profiles that ask for nothing of their own.
    usual: Route,
    pub(crate) addresses: Addresses,
}

/// Whom to trust and which proxy to take.
#[derive(Clone, Debug)]
struct Route {
    tls: Arc<rustls::ClientConfig>,
    http: Http,
    proxy: Proxy,
}

/// Why nothing can be reached at all.
#[derive(Debug, Error)]
pub enum NetError {
    #[error(transparent)]
    Tls(#[from] realtime::TlsError),
    #[error(transparent)]
    Http(#[from] realtime::HttpError),
}

impl Net {
    /// # Errors
    /// When the system's trust store or proxy settings cannot be used.
    pub fn new() -> Result<Self, NetError> {
        let tls = realtime::tls_config()?;
        Ok(Self { usual: Route::new(tls, &ProxyChoice::System)?, addresses: Addresses::default() })
    }

    /// With another way to read this computer's addresses. A change of them, looked for every 2 s while a
    /// call runs, means another network.
    #[must_use]
    pub fn with_addresses(self, read: impl Fn() -> BTreeSet<IpAddr> + Send + Sync + 'static) -> Self {
        Self { addresses: Addresses::from(read), ..self }
    }

    /// The way out that a profile asks for.
    fn route(&self, profile: &Profile) -> Result<Route, Problem> {
        let proxy = ProxyChoice::parse(&profile.proxy).map_err(|error| problem::profile(&error))?;
        let authorities = profile.extra_ca.trim();
        if proxy == ProxyChoice::System && authorities.is_empty() {
            return Ok(self.usual.clone());
        }
        let tls = match authorities {
            "" => Ok(self.usual.tls.clone()),
            path => realtime::tls_config_with(Path::new(path)),
        };
        tls.map_err(NetError::from)
            .and_then(|tls| Route::new(tls, &proxy))
            .map_err(|error| problem::route(&error))
    }

    /// Tries a profile out: asks its backend for a token, opens a line with it, and closes it when
    /// the server has said who it is.
    ///
    /// # Errors
    /// What was wrong, in words.
    pub async fn check(&self, profile: &Profile, secret: Option<SecretString>) -> Result<Checked, Problem> {
        check_addresses(profile)?;
        let route = self.route(profile)?;
        let began = Instant::now();
        let minted = realtime::mint(&route.http, profile, secret.as_ref())
            .await
            .map_err(|error| problem::mint(&error))?;
        let minted_ms = began.elapsed().as_millis();
        let url = address(profile, &minted, None)?;
        let options = route.line(url, minted.token, profile.auth);
        let mut line = realtime::open(options).await.map_err(|error| problem::open(&error))?;
        let greeted = tokio::time::timeout(GREETING, greeting(&mut line)).await;
        line.close().await;
        let model = match greeted {
            Ok(Ok(model)) => model,
            Ok(Err(closed)) => return Err(problem::closed_early(&closed)),
            Err(_) => return Err(problem::never_agreed(GREETING.as_secs())),
        };
        let who = model.map_or_else(|| "the server".to_owned(), |model| format!("\u{201c}{model}\u{201d}"));
        let took_ms = began.elapsed().as_millis() as u64;
        let message = format!(
            "Your backend handed out a token in {minted_ms} ms, and {who} answered after {took_ms} ms."
        );
        Ok(Checked { message, took_ms })
    }
}

impl Route {
    fn new(tls: Arc<rustls::ClientConfig>, proxy: &ProxyChoice) -> Result<Self, NetError> {
        let http = Http::with_proxy(tls.clone(), proxy)?;
        Ok(Self { tls, http, proxy: Proxy::new(proxy) })
    }

    fn line(&self, url: Url, token: Token, auth: Auth) -> LineOptions {
        let mut options = LineOptions::new(url, token, auth, self.tls.clone());
        options.proxy = self.proxy.clone();
        options
    }
}

/// What a profile that works was found to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// One sentence.
    pub message: String,
    /// Milliseconds from the question to the backend to the server's first words.
    pub took_ms: u64,
}

/// Waits until the server has said something, and for the model's name if that comes first.
async fn greeting(line: &mut Line) -> Result<Option<String>, Closed> {
    loop {
        match line.next().await {
            LineEvent::Event(ServerEvent::SessionCreated { session }) => return Ok(session.model),
            LineEvent::Event(_) => return Ok(None),
            LineEvent::Closed(closed) => return Err(closed),
            LineEvent::Audio { .. } | LineEvent::Binary { .. } | LineEvent::Malformed { .. } => {}
        }
    }
}

/// Why an attempt failed, and whether another may succeed.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) problem: Problem,
    pub(crate) retry: bool,
    /// The wait that was asked for.
    pub(crate) after: Option<Duration>,
}

pub(crate) struct Attempt {
    pub(crate) net: Net,
    pub(crate) setup: Setup,
    pub(crate) resume: Option<String>,
    pub(crate) after: Duration,
    pub(crate) steps: mpsc::Sender<Step>,
    pub(crate) tap: Option<Tap>,
}

impl Attempt {
    pub(crate) async fn run(self) -> Result<(Line, Wishes), Failed> {
        tokio::time::sleep(self.after).await;
        match self.once().await {
            // A token may have died between the backend and the line: one more, freshly minted.
            Err(Refusal::Token(_)) if matches!(self.setup.access, Access::Backend(_)) => {
                self.once().await.map_err(Refusal::into_failed)
            }
            result => result.map_err(Refusal::into_failed),
        }
    }

    async fn once(&self) -> Result<(Line, Wishes), Refusal> {
        let profile = &self.setup.profile;
        let route = self.net.route(profile).map_err(Refusal::lasting)?;
        let minted = match &self.setup.access {
            Access::Token(token) => plain_token(token.clone()),
            Access::Backend(secret) => {
                self.at(Step::AskingBackend).await;
                let minted = realtime::mint(&route.http, profile, secret.as_ref()).await;
                minted.map_err(|error| {
                    let problem = problem::mint(&error);
                    Refusal::Other(Failed { problem, retry: error.may_pass(), after: error.retry_after() })
                })?
            }
        };
        self.at(Step::OpeningLine).await;
        let url = address(profile, &minted, self.resume.as_deref()).map_err(Refusal::lasting)?;
        let mut options = route.line(url, minted.token, profile.auth);
        options.tap = self.tap.as_ref().map(Tap::wire);
        let line = realtime::open(options).await.map_err(|error| {
            let problem = problem::open(&error);
            match error.wants_new_token() {
                true => Refusal::Token(problem),
                false => {
                    let (retry, after) = (error.may_pass(), error.retry_after());
                    Refusal::Other(Failed { problem, retry, after })
                }
            }
        })?;
        Ok((line, Wishes { voice: minted.voice, instructions: minted.instructions }))
    }

    async fn at(&self, step: Step) {
        // Nobody waits for steps any more only when the call has ended.
        let _ = self.steps.send(step).await;
    }
}

enum Refusal {
    Token(Problem),
    Other(Failed),
}

impl Refusal {
    /// It will be the same until somebody changes something.
    fn lasting(problem: Problem) -> Self {
        Self::Other(Failed { problem, retry: false, after: None })
    }

    fn into_failed(self) -> Failed {
        match self {
            Self::Token(problem) => Failed { problem, retry: false, after: None },
            Self::Other(failed) => failed,
        }
    }
}

fn plain_token(secret: SecretString) -> Minted {
    Minted {
        token: Token::new(secret, None),
        model: None,
        voice: None,
        instructions: None,
        url: None,
        tools: None,
    }
}

/// Where the line is opened: the profile's address and model, unless they are the defaults and the
/// backend names its own.
fn address(profile: &Profile, minted: &Minted, resume: Option<&str>) -> Result<Url, Problem> {
    let base = match (&minted.url, profile.realtime_url.as_str()) {
        (Some(url), DEFAULT_REALTIME_URL) => url,
        _ => &profile.realtime_url,
    };
    let model = match (&minted.model, profile.model.trim()) {
        (Some(model), DEFAULT_MODEL | "") => Some(model.as_str()),
        (_, model) => Some(model).filter(|model| !model.is_empty()),
    };
    let mut url = realtime::realtime_url(base).map_err(|error| problem::profile(&error))?;
    if let Some(model) = model {
        realtime::set_query(&mut url, "model", model);
    }
    if let Some(id) = resume {
        realtime::set_query(&mut url, "conversation_id", id);
    }
    Ok(url)
}

/// Checks what can be checked of a profile without a network.
///
/// # Errors
/// Which field is wrong and why, in words.
pub fn check_addresses(profile: &Profile) -> Result<(), Problem> {
    profile.endpoints().map(drop).map_err(|error| problem::profile(&error))
}

/// Checks a secret that is about to be kept for a profile.
///
/// # Errors
/// Why it is none, in words; above all when it is an xAI API key.
pub fn check_secret(profile: &Profile, secret: &SecretString) -> Result<(), Problem> {
    profile.check_secret(Some(secret)).map_err(|error| problem::profile(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Fault, ProblemCode};

    #[test]
    fn a_way_out_that_cannot_be_taken_is_the_profiles_fault() {
        let net = Net::new().unwrap();
        assert!(net.route(&Profile::default()).is_ok());
        let extra_ca = "/no/such/authorities.pem".to_owned();
        let problem = net.route(&Profile { extra_ca, ..Profile::default() }).unwrap_err();
        assert_eq!((problem.code, problem.fault), (ProblemCode::Profile, Fault::Profile));
        assert!(problem.message.contains("/no/such/authorities.pem"), "{}", problem.message);
        let proxy = "proxy.example".to_owned();
        assert!(net.route(&Profile { proxy, ..Profile::default() }).is_err());
    }
}
