//! A checkup in words that may be shown to anybody.

use std::fmt::Write as _;
use std::time::SystemTime;

use realtime::{Caller, Fact, Method, Profile, ProxyChoice};
use url::Url;

use super::{CheckState, CheckStep, Checkup};
use crate::connect::{Destination, NamedBy};

/// Addresses of a name that are told.
const ADDRESSES: usize = 6;

pub(super) fn fact(fact: &Fact) -> String {
    match fact {
        Fact::Addresses { found } => {
            let told: Vec<String> = found.iter().take(ADDRESSES).map(ToString::to_string).collect();
            let more = found.len().saturating_sub(ADDRESSES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            told.join(", ") + &more
        }
        Fact::Reached { address, proxy } => {
            let at = address.map(|address| address.to_string()).unwrap_or_default();
            match proxy {
                Some(proxy) => format!("by way of the proxy {proxy}"),
                None => at,
            }
        }
        Fact::Plain => "not encrypted: it is on this computer".to_owned(),
        Fact::Encrypted { certificate } => format!("certificate {certificate}"),
        Fact::Answered { status } => format!("HTTP {status}"),
        Fact::Shaped { place } => format!("in \u{201c}{place}\u{201d} of the reply"),
    }
}

pub(super) fn profile(profile: &Profile) -> String {
    let method = match profile.method {
        Method::Post => "POST",
        Method::Get => "GET",
    };
    let caller = match profile.caller {
        Caller::Open => "open to everybody",
        Caller::Bearer => "with a bearer secret",
        Caller::Header { .. } => "with a secret in a header",
    };
    let way = match ProxyChoice::parse(&profile.proxy) {
        Ok(ProxyChoice::Through(_)) => ", by way of the profile's proxy",
        Ok(ProxyChoice::Direct) => ", without a proxy",
        _ => "",
    };
    format!("{method}, {caller}{way}")
}

/// Scheme, host, port and path. A query may hold a secret, so not even its names are told.
fn place(address: &str) -> String {
    let Ok(mut url) = Url::parse(address.trim()) else { return "not an address".to_owned() };
    let query = if url.query().is_some() { "?…" } else { "" };
    url.set_query(None);
    realtime::redact_url(&url) + query
}

fn name(step: CheckStep) -> &'static str {
    match step {
        CheckStep::Profile => "Profile",
        CheckStep::BackendName => "Backend: name",
        CheckStep::BackendReached => "Backend: connection",
        CheckStep::BackendTls => "Backend: encryption",
        CheckStep::BackendAnswer => "Backend: answer",
        CheckStep::TokenFound => "Token",
        CheckStep::TokenLife => "Token: life",
        CheckStep::LineName => "Line: name",
        CheckStep::LineReached => "Line: connection",
        CheckStep::LineTls => "Line: encryption",
        CheckStep::LineOpen => "Line: open",
        CheckStep::SessionCreated => "Session: model",
        CheckStep::SessionUpdated => "Session: agreed",
    }
}

/// `destination` is where the line was opened, once that was known: the backend may have named it.
pub(super) fn text(checkup: &Checkup, profile: &Profile, destination: Option<&Destination>) -> String {
    const BY_BACKEND: &str = " (as the backend says)";
    let by_backend = |is: bool| if is { BY_BACKEND } else { "" };
    let own = profile.model.trim();
    let (server, model) = match destination {
        None => (place(&profile.realtime_url), realtime::redact(own)),
        Some(destination) => {
            let model = destination.model().unwrap_or_default();
            let server = place(destination.url.as_str()) + by_backend(destination.named == NamedBy::Backend);
            (server, realtime::redact(&model) + by_backend(model != own))
        }
    };
    let mut text = format!(
        "Sidetone {}: a check of \u{201c}{}\u{201d}, {}\nBackend: {}\nRealtime server: {}\nModel: {}\n\n",
        env!("CARGO_PKG_VERSION"),
        realtime::redact(&profile.name),
        httpdate::fmt_http_date(SystemTime::now()),
        place(&profile.token_url),
        server,
        if model.is_empty() { "none is asked for" } else { &model },
    );
    for line in &checkup.lines {
        let (mark, took_ms, words) = match &line.state {
            CheckState::Passed { found, took_ms } => ("ok", Some(took_ms), found.clone()),
            CheckState::Noted { problem, took_ms } => {
                ("note", Some(took_ms), format!("{} {}", problem.message, problem.cure))
            }
            CheckState::Failed { problem, took_ms } => {
                let detail = problem.detail.as_deref().map(|detail| format!(" ({detail})"));
                let words = format!("{} {}{}", problem.message, problem.cure, detail.unwrap_or_default());
                ("FAILED", Some(took_ms), words)
            }
            CheckState::NotTried | CheckState::Trying => ("not tried", None, String::new()),
        };
        let took = took_ms.map(|ms| format!("{ms} ms")).unwrap_or_default();
        let start = format!("{:<20} {mark:<9} {took:>8}  {words}", name(line.step));
        let _ = writeln!(text, "{}", start.trim_end());
    }
    text
}
