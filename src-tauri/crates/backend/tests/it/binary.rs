//! The program itself: its settings, its exit codes, its log at the most talkative.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use serde_json::json;

use crate::support::{FakeXai, KEY, SECRET, Script, TOKEN, post};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidetone-backend"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Windows needs this one for its sockets.
    if let Some(root) = std::env::var_os("SystemRoot") {
        command.env("SystemRoot", root);
    }
    command
}

struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
    said: String,
    address: SocketAddr,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.args(["--listen", "127.0.0.1:0"]).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "it ended early:\n{said}");
            said.push_str(&line);
            let after = line.split_once("token_url=http://").or(line.split_once("\"token_url\":\"http://"));
            if let Some((_, rest)) = after {
                break rest.split_once('/').unwrap().0.parse().unwrap();
            }
        };
        Self { child, log, said, address }
    }

    fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log.read_to_string(&mut self.said).unwrap();
        self.said
    }
}

fn fails(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert!(!status.success(), "{said}");
    assert!(stdout.is_empty());
    assert!(!said.contains(KEY) && !said.contains(SECRET), "a secret got out: {said}");
    said
}

#[tokio::test]
async fn it_serves_with_key_and_callers_from_files_and_logs_no_secret() {
    let xai = FakeXai::start(Script::Token).await;
    let folder = tempfile::tempdir().unwrap();
    let (key, callers) = (folder.path().join("key"), folder.path().join("callers"));
    std::fs::write(&key, format!("{KEY}\n")).unwrap();
    std::fs::write(&callers, format!("# who\nanna {SECRET}\n")).unwrap();
    let mut command = program();
    command.env("RUST_LOG", "trace").args(["--upstream", &xai.url]);
    command.arg("--key-file").arg(&key).arg("--callers").arg(&callers);
    let running = Running::start(command);
    let reply = post(running.address, Some(SECRET), "").await;
    assert_eq!(reply.body, json!({ "value": TOKEN, "expires_at": 1_785_214_681 }));
    assert_eq!(post(running.address, None, "").await.status, 401);
    let log = running.kill();
    assert!(log.contains("TRACE") && log.contains("status=200"), "{log}");
    for secret in [KEY, SECRET, TOKEN] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

#[tokio::test]
async fn it_serves_with_key_and_callers_from_the_environment() {
    let xai = FakeXai::start(Script::Token).await;
    let mut command = program();
    command.env("XAI_API_KEY", KEY).env("SIDETONE_CALLERS", format!("anna {SECRET}"));
    command.args(["--upstream", &xai.url, "--token-seconds", "120"]);
    let running = Running::start(command);
    assert_eq!(post(running.address, None, "").await.status, 401);
    assert_eq!(post(running.address, Some(SECRET), "").await.status, 200);
    assert_eq!(xai.heard.lock().unwrap()[0].body, json!({ "expires_after": { "seconds": 120 } }));
    running.kill();
}

#[tokio::test]
async fn without_callers_it_says_that_it_serves_only_this_computer() {
    let xai = FakeXai::start(Script::Token).await;
    let mut command = program();
    command.env("XAI_API_KEY", KEY).args(["--upstream", &xai.url]);
    let running = Running::start(command);
    assert_eq!(post(running.address, None, "").await.status, 200);
    let log = running.kill();
    assert!(log.contains("no callers are named"), "{log}");
}

#[tokio::test]
async fn the_environment_sets_what_flags_set_and_the_log_can_be_json() {
    let xai = FakeXai::start(Script::Token).await;
    let folder = tempfile::tempdir().unwrap();
    let (key, callers, instructions) =
        (folder.path().join("key"), folder.path().join("callers"), folder.path().join("instructions"));
    std::fs::write(&key, KEY).unwrap();
    std::fs::write(&callers, format!("anna {SECRET}")).unwrap();
    std::fs::write(&instructions, "Be brief.").unwrap();
    let mut command = program();
    command.env("SIDETONE_UPSTREAM", &xai.url).env("SIDETONE_KEY_FILE", &key);
    command.env("SIDETONE_CALLERS_FILE", &callers).env("SIDETONE_INSTRUCTIONS_FILE", &instructions);
    command.env("SIDETONE_VOICE", "eve").env("SIDETONE_MODEL", "grok-voice-latest");
    command.env("SIDETONE_LOG_FORMAT", "json").env("SIDETONE_PER_MINUTE_FOR_ALL", "1");
    let running = Running::start(command);
    let reply = post(running.address, Some(SECRET), "").await;
    assert_eq!(
        reply.body,
        json!({
            "value": TOKEN, "expires_at": 1_785_214_681,
            "model": "grok-voice-latest", "voice": "eve", "instructions": "Be brief.",
        })
    );
    assert_eq!(post(running.address, Some(SECRET), "").await.status, 429);
    let log = running.kill();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let requests: Vec<_> = lines.iter().filter(|line| line["message"] == "request").collect();
    assert_eq!(requests.len(), 2, "{log}");
    assert_eq!((&requests[0]["caller"], &requests[0]["status"]), (&json!("anna"), &json!(200)), "{log}");
    for secret in [KEY, SECRET, TOKEN] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

#[tokio::test]
async fn its_health_can_be_asked_with_the_program_itself() {
    let mut command = program();
    command.env("XAI_API_KEY", KEY);
    let running = Running::start(command);
    let address = running.address.to_string();
    let everywhere = format!("0.0.0.0:{}", running.address.port());
    for listen in [&address, &everywhere] {
        let Output { status, stderr, .. } =
            program().args(["--health", "--listen", listen]).output().unwrap();
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    }
    running.kill();
    let said = fails(program().args(["--health", "--listen", &address]));
    assert!(said.contains(&format!("asking {address} how it is")), "{said}");
    // Something that serves, but is no backend.
    let xai = FakeXai::start(Script::say(404, "")).await;
    let other = xai.url.strip_prefix("http://").unwrap().split_once('/').unwrap().0.to_owned();
    let said = tokio::task::spawn_blocking(move || fails(program().args(["--health", "--listen", &other])));
    assert!(said.await.unwrap().contains("404"));
}

#[cfg(unix)]
#[tokio::test]
async fn signals_stop_it_in_good_order() {
    for signal in ["-INT", "-TERM"] {
        let mut command = program();
        command.env("XAI_API_KEY", KEY);
        let mut running = Running::start(command);
        let id = running.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert!(running.child.wait().unwrap().success(), "{signal}");
        running.log.read_to_string(&mut running.said).unwrap();
        assert!(running.said.contains("stopped"), "{signal}: {}", running.said);
    }
}

#[test]
fn settings_that_cannot_be_used_end_it_with_one_line() {
    let with_key = || {
        let mut command = program();
        command.env("XAI_API_KEY", KEY).args(["--listen", "127.0.0.1:0"]);
        command
    };
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "\n").unwrap();
    let missing = folder.path().join("missing");
    for (mut command, says) in [
        (program(), "XAI_API_KEY"),
        (
            {
                let mut it = program();
                it.env("XAI_API_KEY", "  ");
                it
            },
            "it is empty",
        ),
        (
            {
                let mut it = program();
                it.arg("--key-file").arg(&missing);
                it
            },
            "missing",
        ),
        (
            {
                let mut it = program();
                it.arg("--key-file").arg(&empty);
                it
            },
            "it is empty",
        ),
        (
            {
                let mut it = with_key();
                it.arg("--callers").arg(&missing);
                it
            },
            "missing",
        ),
        (
            {
                let mut it = with_key();
                it.arg("--callers").arg(&empty);
                it
            },
            "there is none",
        ),
        (
            {
                let mut it = with_key();
                it.env("SIDETONE_CALLERS", "");
                it
            },
            "there is none",
        ),
        (
            {
                let mut it = with_key();
                it.env("SIDETONE_CALLERS", SECRET);
                it
            },
            "entry 1",
        ),
        (
            {
                let mut it = with_key();
                it.args(["--upstream", "http://api.x.ai/v1"]);
                it
            },
            "use https",
        ),
        (
            {
                let mut it = with_key();
                it.args(["--upstream", "api.x.ai"]);
                it
            },
            "not a URL",
        ),
        (
            {
                let mut it = with_key();
                it.args(["--token-seconds", "3601"]);
                it
            },
            "3601 seconds",
        ),
        (
            {
                let mut it = with_key();
                it.args(["--per-minute", "0"]);
                it
            },
            "at least one",
        ),
        (
            {
                let mut it = program();
                it.env("XAI_API_KEY", KEY).args(["--listen", "0.0.0.0:0"]);
                it
            },
            "name the callers",
        ),
    ] {
        let said = fails(&mut command);
        assert!(said.contains(says), "{says:?} is not in {said:?}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
    let mut command = program();
    assert!(fails(command.args(["--listen", "here"])).contains("invalid value 'here'"));
}

#[cfg(unix)]
#[test]
fn a_key_that_is_not_text_is_refused_without_being_quoted() {
    let key = [KEY.as_bytes(), b"\xff"].concat();
    let mut command = program();
    command.env("XAI_API_KEY", <std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(key));
    assert!(fails(&mut command).contains("a character that no key has"));
}

#[test]
fn an_address_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = program();
    let said = fails(command.env("XAI_API_KEY", KEY).args(["--listen", &address]));
    assert!(said.contains(&format!("listening on {address}")), "{said}");
}

#[test]
fn help_tells_what_there_is_to_know() {
    let Output { status, stdout, .. } = program().arg("--help").output().unwrap();
    let help = String::from_utf8(stdout).unwrap();
    assert!(status.success());
    for word in [
        "POST /session",
        "GET  /health",
        "XAI_API_KEY",
        "SIDETONE_CALLERS",
        "--key-file",
        "Retry-After",
        "--health",
        "SIDETONE_CALLERS_FILE",
    ] {
        assert!(help.contains(word), "{word} is not in the help:\n{help}");
    }
}
