//! Takes secrets out of text before it is logged or shown.

use url::Url;

use crate::profile::names_key;

const HIDDEN: &str = "[hidden]";

/// Query parameters that hold no secret (xAI realtime guide), in a log.
const OPEN_PARAMETERS: [&str; 5] = ["model", "conversation_id", "call_id", "agent_id", "reasoning.effort"];

/// Query parameters whose values another person needs and may see: what is said, by which model and in
/// which dialect. Those that name a conversation are none of them.
const SHARED_PARAMETERS: [&str; 9] = [
    "model",
    "voice",
    "language",
    "agent_id",
    "reasoning.effort",
    "version",
    "api-version",
    "api_version",
    "region",
];

/// Stands in a path where a part of it was left out.
const LEFT_OUT: &str = "SECRET-LEFT-OUT";

/// The URL without user name, password, fragment and the values of parameters this crate does not know.
#[must_use]
pub fn redact_url(url: &Url) -> String {
    let mut text = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    if let Some(port) = url.port() {
        text.push_str(&format!(":{port}"));
    }
    let hidden = |part: &str| if is_key(part) { HIDDEN.to_owned() } else { redact(part) };
    let path: Vec<String> = url.path().split('/').map(hidden).collect();
    text.push_str(&path.join("/"));
    for (index, (name, value)) in url.query_pairs().enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        if OPEN_PARAMETERS.contains(&name.as_ref()) && (is_uuid(&value) || !looks_secret(&value)) {
            text.push_str(&format!("{name}={value}"));
        } else {
            text.push_str(&format!("{}={HIDDEN}", redact(&name)));
        }
    }
    text
}

/// The address as another person may have it: host, path, and the values of parameters that are known to
/// hold no secret. Other values are emptied; what in the path looks like a key is replaced by words that
/// say so; user name, password and fragment go. What is no address is returned as it is.
#[must_use]
pub fn without_secrets(address: &str) -> String {
    let Ok(url) = Url::parse(address.trim()) else { return address.to_owned() };
    let mut bare = url.clone();
    bare.set_fragment(None);
    // Without a host there is nobody to log in to.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    let shared = |part| if is_key(part) { LEFT_OUT } else { part };
    let path: Vec<&str> = url.path().split('/').map(shared).collect();
    bare.set_path(&path.join("/"));
    if let Some(query) = url.query() {
        let pairs: Vec<String> = query.split('&').filter_map(shared_pair).collect();
        bare.set_query(Some(pairs.join("&").as_str()).filter(|query| !query.is_empty()));
    }
    if bare == url { address.to_owned() } else { bare.into() }
}

/// `name=value` or `name=`; nothing where the name, or a word without one, may be the secret.
fn shared_pair(pair: &str) -> Option<String> {
    let (name, value) = pair.split_once('=')?;
    let (plain_name, plain_value) = url::form_urlencoded::parse(pair.as_bytes()).next()?;
    if is_key(&plain_name) || redact(&plain_name) != plain_name {
        return None;
    }
    let open =
        SHARED_PARAMETERS.contains(&plain_name.as_ref()) && (is_uuid(&plain_value) || !is_key(&plain_value));
    Some(if open { format!("{name}={value}") } else { format!("{name}=") })
}

/// Whether a part of an address was made by a machine to be guessed by nobody, rather than named by a person.
fn is_key(part: &str) -> bool {
    let part = percent_decoded(part);
    let longest =
        part.split(|c: char| !c.is_ascii_alphanumeric()).max_by_key(|run| run.len()).unwrap_or_default();
    let count = |kind: fn(&u8) -> bool| longest.bytes().filter(kind).count();
    let (digits, upper, lower) =
        (count(u8::is_ascii_digit), count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    let changes =
        longest.as_bytes().windows(2).filter(|two| two[0].is_ascii_digit() != two[1].is_ascii_digit());
    let hex = longest.bytes().all(|byte| byte.is_ascii_hexdigit());
    // `createEphemeralRealtimeToken` is a name: few of its letters are capitals.
    let mixed = 4 * upper >= longest.len() && 4 * lower >= longest.len();
    is_uuid(&part)
        || names_key(&part)
        || part.contains("client-secret")
        || (part.len() >= 12 && ["xai-", "sk-", "eyJ"].iter().any(|start| part.starts_with(start)))
        || (longest.len() >= 16 && (digits > 0 && (changes.count() >= 3 || hex) || mixed))
        || longest.len() >= 32
}

fn percent_decoded(part: &str) -> String {
    // In a path a plus is a plus.
    let part = part.replace('+', "%2B").replace(['&', '='], " ");
    url::form_urlencoded::parse(part.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}

/// The text with everything that looks like a token, key or password replaced.
#[must_use]
pub fn redact(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    // True after `Bearer`, `token=`, `"password":` and the like, until the word they announce.
    let mut announced = false;
    while !rest.is_empty() {
        let word_end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        if word_end == 0 {
            let gap_end = rest.find(is_word).unwrap_or(rest.len());
            let (gap, tail) = rest.split_at(gap_end);
            announced = announced && gap.chars().all(|c| c.is_whitespace() || "=:\"'@\\".contains(c));
            clean.push_str(gap);
            rest = tail;
            continue;
        }
        let (word, tail) = rest.split_at(word_end);
        let scheme = word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic");
        // `invalid token: expired` is a sentence, `token: a1b2` is a secret.
        if (announced && (word.len() >= 16 || word.bytes().any(|b| b.is_ascii_digit()))) || looks_secret(word)
        {
            clean.push_str(HIDDEN);
            announced = false;
        } else {
            clean.push_str(word);
            let assigned = tail.trim_start_matches(['"', '\'', '\\']).trim_start().starts_with(['=', ':']);
            announced = scheme || (assigned && names_secret(word));
        }
        rest = tail;
    }
    clean
}

/// [`redact`], and these very words too.
pub(crate) fn redact_words(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        text = text.replace(secret, HIDDEN);
    }
    redact(&text)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || "-_.~+".contains(c)
}

fn looks_secret(word: &str) -> bool {
    let word = word.trim_end_matches(['.', '-']);
    let keyed = ["xai-", "sk-", "eyJ"].iter().any(|start| word.contains(start)) && word.len() >= 12;
    let random = word.len() >= 20
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().any(|b| b.is_ascii_alphabetic())
        && !word.contains("grok-voice");
    keyed || random || word.contains("client-secret.")
}

fn names_secret(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["authorization", "password", "passwd", "secret", "token", "apikey", "api_key", "api-key", "key"]
        .iter()
        .any(|name| word.ends_with(name))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
