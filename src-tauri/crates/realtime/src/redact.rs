//! Takes secrets out of text before it is logged or shown.

use url::Url;

const HIDDEN: &str = "[hidden]";

/// Query parameters that hold no secret (xAI realtime guide).
const OPEN_PARAMETERS: [&str; 5] = ["model", "conversation_id", "call_id", "agent_id", "reasoning.effort"];

/// The URL without user name, password, fragment and the values of parameters this crate does not know.
#[must_use]
pub fn redact_url(url: &Url) -> String {
    let mut text = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    if let Some(port) = url.port() {
        text.push_str(&format!(":{port}"));
    }
    text.push_str(&redact(url.path()));
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

/// The address with every value in its query emptied that looks like a secret; what is no address is
/// returned as it is.
#[must_use]
pub fn without_secrets(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else { return address.to_owned() };
    let suspect = |value: &str| looks_secret(value) && !is_uuid(value);
    if !url.query_pairs().any(|(_, value)| suspect(&value)) {
        return address.to_owned();
    }
    let bare: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| {
            let value = if suspect(&value) { String::new() } else { value.into_owned() };
            (name.into_owned(), value)
        })
        .collect();
    url.query_pairs_mut().clear().extend_pairs(bare);
    url.into()
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
