//! One attempt to reach the agent: ask the backend for a token, open the line.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use realtime::{
    DEFAULT_MODEL, DEFAULT_REALTIME_URL, Dial, Line, LineOptions, Login, Minted, Profile, Proxy, ProxyChoice,
    Token, Trust,
};
use secrecy::SecretString;
use thiserror::Error;
use tokio::sync::mpsc;
use url::Url;

use crate::event::{Problem, Step};
use crate::problem;
use crate::session::Wishes;
use crate::setup::{Access, Setup};
use crate::surroundings::Addresses;
use crate::tap::Tap;

/// The way out, made once and shared by every call.
#[derive(Clone, Debug)]
pub struct Net {
    trust: Trust,
    /// For profiles that ask for nothing of their own.
    usual: Dial,
    pub(crate) addresses: Addresses,
}

/// Why nothing can be reached at all.
#[derive(Debug, Error)]
pub enum NetError {
    #[error(transparent)]
    Tls(#[from] realtime::TlsError),
}

impl Net {
    /// # Errors
    /// When the system's trust store cannot be used.
    pub fn new() -> Result<Self, NetError> {
        let trust = Trust::system()?;
        let usual = Dial::new(trust.clone(), Proxy::new(&ProxyChoice::System, None));
        Ok(Self { trust, usual, addresses: Addresses::default() })
    }

    /// With another way to read this computer's addresses. A change of them, looked for every 2 s while a
    /// call runs, means another network.
    #[must_use]
    pub fn with_addresses(self, read: impl Fn() -> BTreeSet<IpAddr> + Send + Sync + 'static) -> Self {
        Self { addresses: Addresses::from(read), ..self }
    }

    /// The way out that a profile asks for; `password` is for the proxy that it names.
    pub(crate) fn dial(&self, profile: &Profile, password: Option<&SecretString>) -> Result<Dial, Problem> {
        let choice = ProxyChoice::parse(&profile.proxy).map_err(|error| problem::profile(&error))?;
        let login = Login::of(profile, password.cloned()).map_err(|error| problem::profile(&error))?;
        let authorities = profile.extra_ca.trim();
        if choice == ProxyChoice::System && authorities.is_empty() {
            return Ok(self.usual.clone());
        }
        let trust = match authorities {
            "" => self.trust.clone(),
            path => self
                .trust
                .clone()
                .with_authorities(Path::new(path))
                .map_err(|error| problem::route(&error.into()))?,
        };
        Ok(Dial::new(trust, Proxy::new(&choice, login)))
    }
}

/// Why an attempt failed, and whether another may succeed.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) problem: Problem,
    /// Another attempt may succeed.
    pub(crate) retry: bool,
    /// It may be the conversation to resume that was refused, and not the line.
    pub(crate) conversation: bool,
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
        let dial = self.net.dial(profile, self.setup.proxy_password.as_ref()).map_err(Refusal::lasting)?;
        let minted = match &self.setup.access {
            Access::Token(token) => plain_token(token.clone()),
            Access::Backend(secret) => {
                self.at(Step::AskingBackend).await;
                let minted = realtime::mint(&dial, profile, secret.as_ref()).await;
                minted.map_err(|error| {
                    let problem = problem::mint(&error);
                    let (retry, after) = (error.may_pass(), error.retry_after());
                    Refusal::Other(Failed { problem, retry, conversation: false, after })
                })?
            }
        };
        self.at(Step::OpeningLine).await;
        let destination =
            Destination::of(profile, &minted, self.resume.as_deref()).map_err(Refusal::lasting)?;
        let wishes = destination.wishes(&minted);
        let mut options = LineOptions::new(destination.url, minted.token, profile.auth, dial);
        options.tap = self.tap.as_ref().map(Tap::wire);
        let line = realtime::open(options).await.map_err(|error| {
            let problem = problem::open(&error, destination.named);
            match error.wants_new_token() {
                true => Refusal::Token(problem),
                false => {
                    let (retry, after) = (error.may_pass(), error.retry_after());
                    let conversation = self.resume.is_some() && error.may_mean_the_conversation();
                    Refusal::Other(Failed { problem, retry, conversation, after })
                }
            }
        })?;
        Ok((line, wishes))
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
        Self::Other(Failed { problem, retry: false, conversation: false, after: None })
    }

    fn into_failed(self) -> Failed {
        match self {
            Self::Token(problem) => Failed { problem, retry: false, conversation: false, after: None },
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

/// Who has said where a line leads, or which model is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedBy {
    Profile,
    Backend,
}

/// Where the line is opened: the profile's address and model, unless they are the defaults and the
/// backend names its own.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) url: Url,
    pub(crate) named: NamedBy,
}

impl Destination {
    pub(crate) fn of(profile: &Profile, minted: &Minted, resume: Option<&str>) -> Result<Self, Problem> {
        let (base, named) = match (&minted.url, profile.realtime_url.trim()) {
            (Some(url), DEFAULT_REALTIME_URL) => (url.as_str(), NamedBy::Backend),
            (_, own) => (own, NamedBy::Profile),
        };
        let mut url = realtime::realtime_url(base).map_err(|error| match named {
            NamedBy::Profile => problem::profile(&error),
            NamedBy::Backend => problem::backend_address(&error),
        })?;
        let model = match (&minted.model, profile.model.trim()) {
            // The backend has put its model into its address.
            (_, DEFAULT_MODEL | "") if named == NamedBy::Backend && model_in(&url).is_some() => "",
            (Some(wished), DEFAULT_MODEL | "") => wished.trim(),
            (_, own) => own,
        };
        if !model.is_empty() {
            realtime::set_query(&mut url, "model", model);
        }
        if let Some(id) = resume {
            realtime::set_query(&mut url, "conversation_id", id);
        }
        Ok(Self { url, named })
    }

    /// The model that the server is asked for, if any.
    pub(crate) fn model(&self) -> Option<String> {
        model_in(&self.url)
    }

    pub(crate) fn wishes(&self, minted: &Minted) -> Wishes {
        Wishes { model: self.model(), voice: minted.voice.clone(), instructions: minted.instructions.clone() }
    }
}

fn model_in(url: &Url) -> Option<String> {
    let (_, model) = url.query_pairs().find(|(name, _)| name == "model")?;
    Some(model.into_owned()).filter(|model| !model.is_empty())
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

/// The same for the password of the profile's proxy.
///
/// # Errors
/// Why no proxy could be shown it, in words.
pub fn check_proxy_password(profile: &Profile, password: &SecretString) -> Result<(), Problem> {
    Login::of(profile, Some(password.clone())).map(drop).map_err(|error| problem::profile(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Fault, ProblemCode};

    fn minted(model: Option<&str>, url: Option<&str>) -> Minted {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Minted { model: owned(model), url: owned(url), ..plain_token("t".to_owned().into()) }
    }

    #[test]
    fn a_model_is_the_profiles_own_or_the_one_that_the_backend_names() {
        let theirs = "wss://voice.example/r?model=grok-voice-3.0&x=1";
        for (own, wish, url, asked) in [
            (DEFAULT_MODEL, None, None, Some(DEFAULT_MODEL)),
            (DEFAULT_MODEL, Some("wished"), None, Some("wished")),
            (DEFAULT_MODEL, None, Some(theirs), Some("grok-voice-3.0")),
            ("", None, Some(theirs), Some("grok-voice-3.0")),
            (DEFAULT_MODEL, Some("wished"), Some(theirs), Some("grok-voice-3.0")),
            (DEFAULT_MODEL, Some("wished"), Some("wss://voice.example/r?model="), Some("wished")),
            (DEFAULT_MODEL, None, Some("wss://voice.example/r"), Some(DEFAULT_MODEL)),
            ("own", Some("wished"), Some(theirs), Some("own")),
            ("", None, None, None),
        ] {
            let profile = Profile { model: own.into(), ..Profile::default() };
            let minted = minted(wish, url);
            let found = Destination::of(&profile, &minted, Some("c1")).unwrap();
            let text = found.url.as_str();
            assert_eq!(found.wishes(&minted).model.as_deref(), asked, "{own} {wish:?} {text}");
            assert!(text.matches("model=").count() <= 1 && text.contains("conversation_id=c1"), "{text}");
            assert_eq!(found.named == NamedBy::Backend, url.is_some());
        }
    }

    #[test]
    fn an_address_that_the_backend_names_and_nobody_can_use_is_the_backends_fault() {
        for (url, why) in [
            ("nonsense", "not a URL"),
            ("https://voice.example/r", "wss://"),
            ("ws://voice.example/r", "unencrypted"),
            ("", "missing"),
        ] {
            let problem = Destination::of(&Profile::default(), &minted(None, Some(url)), None).unwrap_err();
            assert_eq!((problem.code, problem.fault), (ProblemCode::Backend, Fault::Backend), "{url}");
            assert!(problem.message.contains(why) && problem.cure.contains("backend"), "{problem:?}");
        }
    }

    #[test]
    fn a_way_out_that_cannot_be_taken_is_the_profiles_fault() {
        let net = Net::new().unwrap();
        assert!(net.dial(&Profile::default(), None).is_ok());
        let extra_ca = "/no/such/authorities.pem".to_owned();
        let problem = net.dial(&Profile { extra_ca, ..Profile::default() }, None).unwrap_err();
        assert_eq!((problem.code, problem.fault), (ProblemCode::Profile, Fault::Profile));
        assert!(problem.message.contains("/no/such/authorities.pem"), "{}", problem.message);
        let proxy = "proxy.example".to_owned();
        assert!(net.dial(&Profile { proxy, ..Profile::default() }, None).is_err());
    }
}
