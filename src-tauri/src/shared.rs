//! Profiles as a file that one person gives to another: no secret, no id, and a version.

use std::collections::BTreeSet;
use std::path::Path;

use call::{Fault, Problem, ProblemCode};
use realtime::Profile;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;

/// What such a file is called unless a person says otherwise.
pub(crate) const FILE_NAME: &str = "Sidetone backends.json";
/// Tells such a file from any other JSON.
const FORMAT: &str = "sidetone-profiles";
/// The file's layout; a newer one is refused.
const VERSION: u64 = 1;
/// Bytes; a profile takes about 500 and its instructions.
const SIZE_LIMIT: u64 = 1 << 20;
/// Profiles in one file.
const COUNT_LIMIT: usize = 200;
/// Characters of a name, as in the form.
const NAME_LIMIT: usize = 60;

#[derive(Serialize)]
struct Written<'a> {
    format: &'a str,
    version: u64,
    profiles: Vec<Value>,
}

#[derive(Deserialize)]
struct Found {
    format: Option<String>,
    version: Option<u64>,
    /// Taken apart one by one, so that a fault is told with the profile that has it.
    #[serde(default)]
    profiles: Vec<Value>,
}

/// The file's text. What in an address may be a secret is left out, too.
pub(crate) fn text(profiles: &[Profile]) -> String {
    let bare = |profile: &Profile| {
        let profile = Profile {
            token_url: realtime::without_secrets(&profile.token_url),
            realtime_url: realtime::without_secrets(&profile.realtime_url),
            proxy: realtime::without_secrets(&profile.proxy),
            ..profile.clone()
        };
        let mut value = serde_json::to_value(profile).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.remove("id");
        }
        value
    };
    let written = Written { format: FORMAT, version: VERSION, profiles: profiles.iter().map(bare).collect() };
    serde_json::to_string_pretty(&written).unwrap_or_default() + "\n"
}

/// The file's profiles, each of them checked as the form checks one. Their ids are empty.
///
/// # Errors
/// What is wrong with the file, and with which of its profiles.
pub(crate) async fn read(path: &Path) -> Result<Vec<Profile>, Problem> {
    let mut text = Vec::new();
    let file = tokio::fs::File::open(path).await.map_err(|error| unreadable(&error.to_string()))?;
    file.take(SIZE_LIMIT + 1).read_to_end(&mut text).await.map_err(|error| unreadable(&error.to_string()))?;
    if text.len() as u64 > SIZE_LIMIT {
        return Err(wrong("it is larger than 1 MiB"));
    }
    parse(&text)
}

fn parse(text: &[u8]) -> Result<Vec<Profile>, Problem> {
    let found: Found = serde_json::from_slice(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => wrong("it is not a list of backends"),
        _ => wrong(&format!("it is not JSON ({error})")),
    })?;
    if found.format.as_deref() != Some(FORMAT) {
        return Err(wrong("it is not a list of backends"));
    }
    match found.version {
        Some(VERSION) => {}
        Some(version) if version > VERSION => {
            return Err(wrong(&format!(
                "it was written by a newer Sidetone (layout {version}, this one knows {VERSION})"
            )));
        }
        _ => return Err(wrong("it does not say its version")),
    }
    if found.profiles.is_empty() {
        return Err(wrong("it holds no backend"));
    }
    if found.profiles.len() > COUNT_LIMIT {
        return Err(wrong(&format!("it holds more than {COUNT_LIMIT} backends")));
    }
    found.profiles.into_iter().enumerate().map(|(index, value)| one(index, value)).collect()
}

fn one(index: usize, value: Value) -> Result<Profile, Problem> {
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let which = if name.is_empty() {
        format!("backend {}", index + 1)
    } else {
        let short: String = realtime::redact(&name).chars().take(NAME_LIMIT).collect();
        format!("backend {}, \u{201c}{short}\u{201d}", index + 1)
    };
    let at_fault = |why: &str| wrong(&format!("{which}: {why}"));
    if name.is_empty() {
        return Err(at_fault("it has no name"));
    }
    let profile: Profile =
        serde_json::from_value(value).map_err(|error| at_fault(&realtime::redact(&error.to_string())))?;
    profile.endpoints().map_err(|error| at_fault(&error.to_string()))?;
    if name.chars().count() > NAME_LIMIT {
        return Err(at_fault(&format!("its name is longer than {NAME_LIMIT} characters")));
    }
    Ok(Profile { id: String::new(), name, ..profile })
}

/// The same profiles with new ids, and with names that neither they nor the known ones have yet.
pub(crate) fn fresh(profiles: Vec<Profile>, known: &[Profile]) -> Vec<Profile> {
    let mut names: BTreeSet<String> = known.iter().map(|profile| profile.name.clone()).collect();
    let renamed = |profile: Profile| {
        let name = free_name(&profile.name, &names);
        names.insert(name.clone());
        Profile { id: uuid::Uuid::new_v4().to_string(), name, ..profile }
    };
    profiles.into_iter().map(renamed).collect()
}

/// The name, or the name with the first number behind it that makes it new: `Mine`, `Mine (2)`.
fn free_name(name: &str, taken: &BTreeSet<String>) -> String {
    if !taken.contains(name) {
        return name.to_owned();
    }
    let plain = match name.rsplit_once(" (") {
        Some((plain, number)) if number.strip_suffix(')').is_some_and(|n| n.parse::<u32>().is_ok()) => plain,
        _ => name,
    };
    let mut number = 2_usize;
    loop {
        let end = format!(" ({number})");
        let room = NAME_LIMIT.saturating_sub(end.chars().count());
        let candidate = plain.chars().take(room).collect::<String>().trim_end().to_owned() + &end;
        if !taken.contains(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

fn wrong(why: &str) -> Problem {
    Problem {
        code: ProblemCode::Profile,
        fault: Fault::Profile,
        message: format!("Nothing was imported from this file: {why}."),
        cure: "Choose a file that Sidetone has exported, or correct this one.".into(),
        detail: None,
    }
}

fn unreadable(why: &str) -> Problem {
    Problem {
        code: ProblemCode::Storage,
        fault: Fault::Computer,
        message: "This file could not be read.".into(),
        cure: "Check that it is there and that you may read it.".into(),
        detail: Some(why.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use realtime::Caller;
    use serde_json::json;

    use super::*;

    fn profile(name: &str) -> Profile {
        Profile {
            id: format!("id-of-{name}"),
            name: name.into(),
            token_url: "https://voice.example.com/session".into(),
            caller: Caller::Header { name: "X-Key".into() },
            ..Profile::default()
        }
    }

    fn file(profiles: &Value) -> Vec<u8> {
        json!({ "format": FORMAT, "version": 1, "profiles": profiles }).to_string().into_bytes()
    }

    #[test]
    fn what_was_exported_is_imported_with_new_ids_and_names() {
        let mine = [profile("Mine"), profile("Yours")];
        let read = parse(text(&mine).as_bytes()).unwrap();
        assert_eq!(read, mine.clone().map(|profile| Profile { id: String::new(), ..profile }));
        let known = [profile("Mine"), profile("Mine (2)")];
        let fresh = fresh(read, &known);
        assert_eq!(fresh.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Mine (3)", "Yours"]);
        let ids: BTreeSet<_> = fresh.iter().chain(&mine).map(|one| one.id.clone()).collect();
        assert_eq!(ids.len(), 4, "{ids:?}");
    }

    #[test]
    fn a_name_stays_within_its_length() {
        let long = "x".repeat(NAME_LIMIT);
        let second = free_name(&long, &[long.clone()].into());
        assert_eq!((second.chars().count(), second.ends_with(" (2)")), (NAME_LIMIT, true));
    }

    #[test]
    fn an_export_holds_neither_ids_nor_what_looks_like_a_secret_in_an_address() {
        let token_url = "https://voice.example.com/session?model=desk&key=hunter2".into();
        let proxy = "http://proxy.example:3128/?pass=hunter2".into();
        let realtime_url = "wss://voice.example.com/f3a9c01b77e84d12a0b5c6d7?id=hunter2".into();
        let text = text(&[Profile { token_url, realtime_url, proxy, ..profile("Mine") }]);
        for secret in ["hunter2", "f3a9c01b77e84d12a0b5c6d7", "id-of-Mine"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("https://voice.example.com/session?model=desk&key=\""), "{text}");
    }

    #[test]
    fn a_file_with_an_api_key_is_refused_with_the_field_and_without_the_key() {
        let key = format!("xai-{}", "AbC0".repeat(20));
        let good = |field: &str, value: &str| {
            let mut profile = json!({ "name": "A", "tokenUrl": "https://a.example/" });
            profile[field] = value.into();
            parse(&file(&json!([profile])))
        };
        for (field, words) in [
            ("name", "name"),
            ("model", "model"),
            ("instructions", "instructions"),
            ("extraCa", "file of extra authorities"),
            ("proxyUser", "user name for the proxy"),
        ] {
            let message = good(field, &key).unwrap_err().message;
            assert!(message.contains(&format!("the {words} holds an xAI API key")), "{message}");
            assert!(!message.contains("AbC0"), "{message}");
        }
        let message = good("proxy", &format!("http://proxy.example/{key}")).unwrap_err().message;
        assert!(message.contains("the proxy holds an xAI API key"), "{message}");
        let message = good("method", &key).unwrap_err().message;
        assert!(message.contains("backend 1") && !message.contains("AbC0"), "{message}");
    }

    #[test]
    fn a_bad_file_is_refused_with_the_reason_and_the_profile() {
        let good = json!({ "name": "Good", "tokenUrl": "https://a.example/" });
        for (text, reason) in [
            (b"{".to_vec(), "not JSON"),
            (b"[]".to_vec(), "not a list of backends"),
            (br#"{"version":1,"profiles":[]}"#.to_vec(), "not a list of backends"),
            (format!(r#"{{"format":"{FORMAT}","profiles":[]}}"#).into_bytes(), "does not say its version"),
            (format!(r#"{{"format":"{FORMAT}","version":2}}"#).into_bytes(), "newer Sidetone"),
            (file(&json!([])), "no backend"),
            (file(&json!(vec![good.clone(); 201])), "more than 200"),
            (file(&json!([good, { "tokenUrl": "https://a.example/" }])), "backend 2: it has no name"),
            (file(&json!([{ "name": "A", "tokenUrl": "http://a.example/" }])), "unencrypted to a.example"),
            (file(&json!([{ "name": "A" }])), "\u{201c}A\u{201d}: the token URL is missing"),
            (file(&json!([{ "name": "A", "tokenUrl": "https://a.example/", "method": "PUT" }])), "PUT"),
            (
                file(
                    &json!([{ "name": "A", "tokenUrl": "https://a.example/", "price": { "perMinute": -1 } }]),
                ),
                "the price of a minute must be a number from 0 to 1000",
            ),
            (file(&json!([{ "name": "x".repeat(61), "tokenUrl": "https://a.example/" }])), "longer than 60"),
        ] {
            let message = parse(&text).unwrap_err().message;
            assert!(message.contains(reason), "{message}");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_too_large_or_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("big.json");
        std::fs::write(&path, vec![b' '; (SIZE_LIMIT + 1) as usize]).unwrap();
        assert!(read(&path).await.unwrap_err().message.contains("larger"));
        assert_eq!(read(&folder.path().join("none")).await.unwrap_err().code, ProblemCode::Storage);
    }
}
