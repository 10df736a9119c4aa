use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::desk::Desk;
use crate::relay::{Network, Relay};
use crate::window::Window;

/// Every token of the practice agent begins so.
const TOKEN: &str = "xai-realtime-client-secret-";
/// Kept in the keychain and shown to nobody: loopback needs no proxy.
const PROXY_PASSWORD: &str = "a-password-for-the-proxy";

/// Where a script finds any of some words: in what hangs on `window`, in the page and the properties of
/// its elements, and in what the page stores. The first argument is a list of words.
const WALK: &str = r"
const wanted = arguments[0];
const found = [];
const look = (path, text) => {
  for (const word of wanted) if (text.includes(word)) found.push(`${word} at ${path}`);
};
look('the page', document.documentElement.outerHTML);
look('localStorage', JSON.stringify({ ...localStorage }));
look('sessionStorage', JSON.stringify({ ...sessionStorage }));
look('cookies', document.cookie);
look('performance', JSON.stringify(performance.getEntries()));
const native = (kind) => typeof kind !== 'function' || Function.prototype.toString.call(kind).includes('[native code]');
const seen = new Set();
const queue = [['window', window]];
for (const node of document.querySelectorAll('*')) queue.push([node.tagName, node]);
const put = (path, value) => {
  if (typeof value === 'string') look(path, value);
  else if ((typeof value === 'object' || typeof value === 'function') && value !== null && !seen.has(value)) {
    seen.add(value);
    queue.push([path.slice(-200), value]);
  }
};
for (let at = 0; at < queue.length; at += 1) {
  const [path, value] = queue[at];
  if (ArrayBuffer.isView(value)) look(path, new TextDecoder().decode(value));
  if (value instanceof Map || value instanceof Set) {
    for (const [key, one] of value.entries()) { put(`${path}<key>`, key); put(`${path}<entry>`, one); }
  }
  let keys = [];
  try { keys = Reflect.ownKeys(value); } catch {}
  for (const key of keys) {
    look(path, String(key));
    try { put(`${path}.${String(key)}`, value[key]); } catch {}
  }
  try {
    // What a class of the page's own tells of its instance; the engine's classes are not asked.
    for (let kind = Object.getPrototypeOf(value); kind !== null; kind = Object.getPrototypeOf(kind)) {
      put(`${path}.__proto__`, kind);
      if (native(kind.constructor)) continue;
      for (const [key, { get }] of Object.entries(Object.getOwnPropertyDescriptors(kind))) {
        try { if (get) put(`${path}.${key}`, get.call(value)); } catch {}
      }
    }
  } catch {}
}
return { found, seen: seen.size };
";

#[tokio::test(flavor = "multi_thread")]
async fn after_a_run_full_of_faults_no_secret_is_found_anywhere() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let log = desk.path("app.log");
    desk.log.replace(Some(log.clone()));
    let agent = crate::practice().await?;
    let relay = Relay::before(&agent.realtime_url());
    let window = Window::open(&desk).await?;
    let key = format!("xai-{}", "aB3".repeat(27));

    // A refusal, a key where none belongs, a proper secret, a call that breaks, and exports.
    window.click("connect-backend").await?;
    window.fill_in(&agent, "a-secret-that-is-refused").await?;
    window.click("test-profile").await?;
    window.wait("the refusal", "test-result", |text| text.contains("refused this profile")).await?;
    window.fill("field-secret", &key).await?;
    window.click("save-profile").await?;
    window.see("field-secret-fault").await?;
    window.fill("field-secret", agent.key()).await?;
    window.fill("field-realtimeUrl", &relay.route(&agent.realtime_url())).await?;
    window.fill("field-proxy", "http://127.0.0.1:9").await?;
    window.fill("field-proxyUser", "caller").await?;
    window.fill("field-proxyPassword", PROXY_PASSWORD).await?;
    window.click("save-profile").await?;
    window.click("start-call").await?;
    window.word("Listening").await?;
    window.click("type").await?;
    window.fill("type-input", "Say something.").await?;
    window.click("type-send").await?;
    window.word("Speaking").await?;
    relay.becomes(Network::Down);
    window.word("Reconnecting").await?;
    let during = desk.path("during.json");
    let secrets = [agent.key(), TOKEN, &key, PROXY_PASSWORD, "a-secret-that-is-refused"];
    look_around(&window, &secrets).await?;
    relay.becomes(Network::Well);
    window.word("Listening").await?;
    window.click("place-settings").await?;
    window.click("export-profiles").await?;
    desk.dialog("Export backends").await?;
    window.name_file(&during)?;
    window.wait("the export", "backends-said", |text| text.contains("during.json")).await?;
    window.click("place-call").await?;
    window.click("end").await?;
    window.click("export-call").await?;
    desk.dialog("Export this call").await?;
    let call = desk.path("call.txt");
    window.name_file(&call)?;
    window.wait("the export", "exported", |text| text.ends_with("call.txt")).await?;

    look_around(&window, &secrets).await?;
    window.close().await?;
    let text = std::fs::read_to_string(&log)?;
    for expected in ["asking the backend for a token", "opening the line", "the line is closed"] {
        ensure!(text.contains(expected), "nothing was captured of {expected:?}");
    }
    for path in [&log, &during, &call] {
        nothing_in(path, &secrets)?;
    }
    for secret in secrets {
        let traces = desk.files_that_contain(secret)?;
        ensure!(traces.is_empty(), "{secret} is in {traces:?}");
    }
    Ok(())
}

fn nothing_in(path: &Path, secrets: &[&str]) -> Result<()> {
    let text = std::fs::read_to_string(path)?;
    let leak = text.lines().find(|line| secrets.iter().any(|secret| line.contains(secret)));
    ensure!(leak.is_none(), "{} gives a secret away: {leak:?}", path.display());
    Ok(())
}

/// Looks through the window's memory, after showing that what is hidden there would be found.
async fn look_around(window: &Window<'_>, secrets: &[&str]) -> Result<()> {
    let plant = "class Private { #word = 'a-private-word'; get word() { return this.#word; } }; \
                 window.planted = { deep: [new Map([[1, { word: 'a-planted-word' }]]), new Private()] }; \
                 document.body.planted = new TextEncoder().encode('a-word-in-bytes')";
    window.ask(plant, vec![]).await?;
    let found =
        window.ask(WALK, vec![json!(["a-planted-word", "a-private-word", "a-word-in-bytes"])]).await?;
    ensure!(found["found"].as_array().is_some_and(|found| found.len() >= 3), "the walk is blind: {found}");
    window.ask("delete window.planted; delete document.body.planted", vec![]).await?;
    let found = window.ask(WALK, vec![json!(secrets)]).await?;
    let seen = found["seen"].as_u64().context("how much was looked at")?;
    ensure!(seen > 1_000, "the walk saw next to nothing: {found}");
    ensure!(found["found"] == json!([]), "the window gives a secret away: {}", found["found"]);
    Ok(())
}
