//! Clients of the protocol that this project did not write, against the practice agent: each agrees on a
//! session, sends a text, asks for a reply, and gets its sound, its words and its end; one speaks. Those
//! that show a token get it from `sidetone-backend`, which gets it from the practice agent.

use std::process::{Command, Output};

use practice::{Options, Practice, SessionLog, Switches};
use serde_json::Value;

use crate::fake_xai::{KEY, SECRET};
use crate::program::{Kind, Server, command, installed, python};

struct Desk {
    practice: Practice,
    backend: Server,
}

impl Desk {
    async fn new() -> Self {
        let mut switches = Switches::default();
        switches.set("first_audio_ms", "0").unwrap();
        switches.set("delta_pace", "0").unwrap();
        let options = Options { port: 0, key: KEY.to_owned(), switches };
        let practice = Practice::start(options).await.unwrap();
        let backend = Server::start(Kind::Sidetone, &practice.token_url());
        Self { practice, backend }
    }

    /// Runs one client to its end.
    async fn run(&self, client: &str, way: &str, key: &str) -> Output {
        let mut command = program(client);
        command
            .arg(way)
            .env("API_URL", self.practice.token_url().replace("/realtime/client_secrets", ""))
            .env("API_KEY", key)
            .env("SESSION_URL", format!("http://{}/session", self.backend.address))
            .env("CALLER_SECRET", SECRET);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }
}

fn program(client: &str) -> Command {
    let in_python = client.ends_with(".py");
    let mut command = command(if in_python { python() } else { "node".into() });
    command.arg(client).current_dir(installed().join(if in_python {
        "clients-python"
    } else {
        "clients-node"
    }));
    command
}

/// One exchange from beginning to end: the client's report, and the session as the agent saw it.
async fn exchange(client: &str, way: &str) -> (Value, SessionLog) {
    let desk = Desk::new().await;
    let output = desk.run(client, way, KEY).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{client} {way}: {said}");
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{client} {way}: {said}"));
    assert_eq!(report["done"], true, "{report}");

    let log = desk.practice.wire_log();
    assert_eq!((log.sessions.len(), log.refused), (1, 0));
    assert_eq!(log.minted, u64::from(way.contains("token")), "{way}");
    let session = log.sessions[0].clone();
    assert_eq!(session.malformed, 0);
    assert!(session.samples_out > 24_000, "less than a second was said");
    assert_eq!(report["audio_bytes"], session.samples_out * 2, "sound was lost on the way");
    (report, session)
}

async fn talks(client: &str, way: &str) {
    let (report, session) = exchange(client, way).await;
    for kind in ["session.update", "conversation.item.create", "response.create"] {
        assert!(session.counts.contains_key(kind), "{client} sent no {kind}: {:?}", session.counts);
    }
    assert!(report["transcript"].as_str().unwrap().contains("recorded lines"), "{report}");
}

#[tokio::test]
async fn python_pydantic_ai_speaks_and_is_answered() {
    let (report, session) = exchange("pydantic_xai.py", "spoken-token").await;
    assert!(session.samples_in > 48_000, "{}", session.samples_in);
    assert!(report["heard"].as_str().unwrap().contains("of speech"), "{report}");
    assert!(report["transcript"].as_str().unwrap().contains("your own words"), "{report}");
}

#[tokio::test]
async fn a_key_that_is_not_known_is_refused() {
    for client in ["sockets.py", "sockets.js"] {
        let desk = Desk::new().await;
        let output = desk.run(client, "key-bearer", "xai-another").await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("401"), "{client}: {said}");
        assert_eq!(desk.practice.wire_log().refused, 1);
    }
}

macro_rules! clients {
    ($($name:ident: $client:literal $way:literal),* $(,)?) => {$(
        #[tokio::test]
        async fn $name() {
            talks($client, $way).await;
        }
    )*};
}

clients! {
    python_websockets_with_key_as_bearer: "sockets.py" "key-bearer",
    python_websockets_with_token_as_bearer: "sockets.py" "token-bearer",
    python_websockets_with_key_as_subprotocol: "sockets.py" "key-subprotocol",
    python_websockets_with_token_as_subprotocol: "sockets.py" "token-subprotocol",
    python_websockets_with_token_as_openai_does: "sockets.py" "openai-token-subprotocols",
    python_openai_with_key_as_bearer: "openai_sdk.py" "key-bearer",
    python_openai_with_token_as_bearer: "openai_sdk.py" "token-bearer",
    python_pydantic_ai_with_key_as_bearer: "pydantic_xai.py" "key-bearer",
    python_pydantic_ai_with_token_as_bearer: "pydantic_xai.py" "token-bearer",
    node_ws_with_key_as_bearer: "sockets.js" "key-bearer",
    node_ws_with_token_as_bearer: "sockets.js" "token-bearer",
    node_ws_with_token_as_subprotocol: "sockets.js" "token-subprotocol",
    node_ws_with_token_as_openai_does: "sockets.js" "openai-token-subprotocols",
    node_ai_sdk_with_token_as_subprotocol: "vercel.js" "token-subprotocol",
    node_ai_sdk_with_token_of_its_own: "vercel.js" "own-token",
}
