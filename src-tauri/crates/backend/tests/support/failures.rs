//! What xAI may do instead of giving a token, and what every backend makes of it.

use crate::fake_xai::{KEY, Script};

pub(crate) struct Failure {
    pub(crate) xai: Script,
    pub(crate) status: u16,
    pub(crate) fault: &'static str,
    pub(crate) retry_after: Option<&'static str>,
}

pub(crate) fn failures() -> Vec<Failure> {
    let leak = format!("{{\"code\":\"x\",\"error\":\"Incorrect API key provided: {KEY}\"}}");
    let escaped: String = KEY.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let huge = format!("{{\"value\":\"t\",\"padding\":\"{}\"}}", "x".repeat(20 * 1024 * 1024));
    let plain = [
        (400, leak.as_str(), "backend"),
        (401, &leak, "backend"),
        (402, "{}", "backend"),
        (403, &leak, "backend"),
        (404, "<html>no such page</html>", "backend"),
        (418, "", "backend"),
        (500, &leak, "xai"),
        (503, "<html>busy</html>", "xai"),
        (201, "{\"value\":\"not the status of a token\"}", "xai"),
        (200, "", "xai"),
        (200, "<html>sign in to this network</html>", "xai"),
        (200, "[]", "xai"),
        (200, "null", "xai"),
        (200, "{}", "xai"),
        (200, "{\"value\":\"\"}", "xai"),
        (200, "{\"value\":7}", "xai"),
        (200, "{\"error\":\"no\"}", "xai"),
        (200, "{\"value\":\"tok", "xai"),
        (200, &huge, "xai"),
        (200, &format!("{{\"value\":\"{KEY}\"}}"), "xai"),
        (200, &format!("{{\"value\":\"a token\",\"debug\":[\"Bearer {KEY}\"]}}"), "xai"),
        (200, &format!("{{\"value\":\"a token\",\"debug\":\"{escaped}\"}}"), "xai"),
    ];
    let plain = plain.map(|(said, body, fault)| Failure {
        xai: Script::say(said, body),
        status: 502,
        fault,
        retry_after: None,
    });
    let limit = |xai, retry_after| Failure { xai, status: 429, fault: "xai", retry_after: Some(retry_after) };
    plain
        .into_iter()
        .chain([
            limit(Script::say_with(429, "retry-after", "7"), "7"),
            limit(Script::say_with(429, "retry-after", "99999999"), "3600"),
            limit(Script::say_with(429, "retry-after", "Fri, 31 Dec 9999 23:59:59 GMT"), "3600"),
            limit(Script::say_with(429, "retry-after", "tomorrow"), "10"),
            limit(Script::say(429, ""), "10"),
            Failure { xai: Script::HangUp, status: 502, fault: "network", retry_after: None },
        ])
        .collect()
}
