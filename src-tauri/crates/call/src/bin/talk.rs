//! The headless caller: the call engine with files in place of devices.

#![expect(clippy::print_stderr, reason = "the one-line cause of a failure goes to stderr")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use call::{Access, Call, Command, Devices, Ending, Event, FileDevices, Net, Setup, Snapshot, Status, Tap};
use clap::{Args, Parser, ValueEnum};
use realtime::{Auth, Caller, DEFAULT_MODEL, DEFAULT_REALTIME_URL, Method, Profile};
use serde_json::Value;
use tokio::sync::{broadcast, mpsc};

/// Talk to a realtime voice server with files in place of microphone and loudspeaker.
///
/// Exit status 0 after N completed turns (a turn is complete when the reply's last sample has been
/// played), 1 with a one-line cause otherwise.
#[derive(Debug, Parser)]
#[command(name = "talk", version)]
struct Options {
    #[command(flatten)]
    access: AccessOptions,
    /// A header for the token URL, as 'Name: value'
    #[arg(long, value_name = "HEADER", requires = "token_url")]
    token_header: Option<String>,
    /// Ask for the token with this method
    #[arg(long, value_enum, default_value = "post")]
    token_method: TokenMethod,
    /// How the token is shown to the realtime server
    #[arg(long, value_enum, default_value = "bearer")]
    auth: AuthWay,
    /// The realtime server
    #[arg(long, value_name = "URL", default_value = DEFAULT_REALTIME_URL)]
    realtime_url: String,
    #[arg(long, default_value = DEFAULT_MODEL)]
    model: String,
    #[arg(long, default_value = "eve")]
    voice: String,
    #[arg(long, default_value = "")]
    instructions: String,
    #[command(flatten)]
    words: Words,
    /// Where the reply's sound goes (WAV, 24 kHz mono)
    #[arg(long, value_name = "WAV")]
    out: PathBuf,
    /// Where everything that passed goes, a JSON object a line: {"at_ms", "from": "server" | "client" | "call", "event"}
    #[arg(long, value_name = "JSONL")]
    events: PathBuf,
    /// Also keep the call's last state, to make a recording for the tests
    #[arg(long, value_name = "JSON")]
    snapshot: Option<PathBuf>,
    /// Turns to wait for
    #[arg(long, default_value_t = 1)]
    turns: u32,
    /// Seconds after which it gives up
    #[arg(long, default_value_t = 60.0)]
    timeout: f64,
    /// Let sound pass twenty times faster than real time
    #[arg(long)]
    fast: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct AccessOptions {
    /// The backend that mints tokens
    #[arg(long, value_name = "URL")]
    token_url: Option<String>,
    /// A token in hand
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Words {
    /// What the microphone hears (WAV, any format)
    #[arg(long = "in", value_name = "WAV")]
    input: Option<PathBuf>,
    /// What is typed
    #[arg(long, value_name = "TEXT")]
    say: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TokenMethod {
    Post,
    Get,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AuthWay {
    Bearer,
    Subprotocol,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("SIDETONE_LOG"))
        .with_writer(std::io::stderr)
        .init();
    match talk(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("talk: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Options {
    fn setup(&self) -> Result<Setup> {
        let (caller, secret) = match &self.token_header {
            None => (Caller::Open, None),
            Some(header) => {
                let (name, value) =
                    header.split_once(':').context("--token-header must look like 'Name: value'")?;
                (Caller::Header { name: name.trim().to_owned() }, Some(value.trim().to_owned().into()))
            }
        };
        let profile = Profile {
            name: "talk".into(),
            token_url: self.access.token_url.clone().unwrap_or_default(),
            method: match self.token_method {
                TokenMethod::Post => Method::Post,
                TokenMethod::Get => Method::Get,
            },
            caller,
            realtime_url: self.realtime_url.clone(),
            model: self.model.clone(),
            auth: match self.auth {
                AuthWay::Bearer => Auth::Bearer,
                AuthWay::Subprotocol => Auth::Subprotocol,
            },
            voice: self.voice.clone(),
            instructions: self.instructions.clone(),
            ..Profile::default()
        };
        let access = match &self.access.token {
            Some(token) => Access::Token(token.clone().into()),
            None => Access::Backend(secret),
        };
        let seed = std::process::id().into();
        Ok(Setup { seed, ..Setup::new(profile, access) })
    }
}

async fn talk(options: Options) -> Result<()> {
    if !(options.timeout.is_finite() && options.timeout > 0.0) {
        bail!("--timeout must be a number of seconds above zero");
    }
    let setup = options.setup()?;
    let speech = options.words.input.as_deref().map(call::read_wav).transpose()?;
    let (tap, lines) = Tap::new();
    let writing = tokio::task::spawn_blocking({
        let file = File::create(&options.events)
            .with_context(|| format!("could not create {}", options.events.display()))?;
        move || write_lines(file, lines)
    });

    let (ports, far) = audio::ports();
    let files = FileDevices::start(far, Duration::from_millis(if options.fast { 1 } else { 20 }));
    let call = Call::start(setup, Devices { ports, engine: Box::new(()) }, Net::new()?, Some(tap));
    let (snapshot, events) = call.subscribe().await?;
    if let Some(speech) = speech {
        files.say(speech).await;
    }
    if let Some(text) = &options.words.say {
        call.send(Command::SendText(text.clone())).await?;
    }
    let limit = Duration::from_secs_f64(options.timeout);
    let result = match tokio::time::timeout(limit, wait_for_turns(&call, snapshot, events, options.turns))
        .await
    {
        Ok(result) => result,
        Err(_) => {
            Err(anyhow::anyhow!("{} turns were not completed within {} s", options.turns, options.timeout))
        }
    };

    call.send(Command::End).await?;
    let last = loop {
        let snapshot = call.snapshot().await?;
        if matches!(snapshot.status, Status::Ended { .. }) {
            break snapshot;
        }
    };
    call.close().await;
    call::write_wav(&options.out, &files.heard())?;
    writing.await??;
    if let Some(path) = &options.snapshot {
        std::fs::write(path, serde_json::to_vec_pretty(&last)?)
            .with_context(|| format!("could not write {}", path.display()))?;
    }
    result
}

/// A turn is complete when the agent has spoken and is silent again, without having been interrupted.
async fn wait_for_turns(
    call: &Call,
    mut snapshot: Snapshot,
    mut events: broadcast::Receiver<Event>,
    turns: u32,
) -> Result<()> {
    let mut spoke = false;
    let mut done = 0;
    loop {
        match &snapshot.status {
            Status::Speaking => spoke = true,
            Status::HearingYou => spoke = false,
            Status::Listening | Status::Muted { .. } if spoke => {
                spoke = false;
                done += 1;
                if done >= turns {
                    return Ok(());
                }
            }
            Status::Ended { ending: Ending::Failed { problem } } => {
                let detail =
                    problem.detail.as_deref().map(|detail| format!(" ({detail})")).unwrap_or_default();
                bail!("{}{detail}", problem.message)
            }
            Status::Ended { ending } => bail!("the call ended after {done} of {turns} turns: {ending:?}"),
            _ => {}
        }
        loop {
            match events.recv().await {
                Ok(Event::Status { status }) => {
                    snapshot.status = status;
                    break;
                }
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    (snapshot, events) = call.subscribe().await?;
                    break;
                }
                Err(broadcast::error::RecvError::Closed) => bail!("the call's task ended"),
            }
        }
    }
}

fn write_lines(file: File, mut lines: mpsc::Receiver<Value>) -> Result<()> {
    let mut out = BufWriter::new(file);
    while let Some(line) = lines.blocking_recv() {
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    out.flush().context("could not finish the events file")
}
