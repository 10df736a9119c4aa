//! `sidetone-backend`: the command line of the reference token backend.

use std::fs;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use backend::{ApiKey, Callers, Limits, Settings, Upstream, serve};
use clap::Parser;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

const KEY: &str = "XAI_API_KEY";
const CALLERS: &str = "SIDETONE_CALLERS";

/// Hands out short-lived tokens for xAI's realtime voice, and keeps the API key to itself.
///
///   POST /session   a token: {"value": "…", "expires_at": 1785214681}
///   GET  /health    {"status": "ok"}
///
/// Point Sidetone at http://127.0.0.1:8787/session, or at wherever your https proxy puts it.
#[derive(Parser)]
#[command(name = "sidetone-backend", version, verbatim_doc_comment, after_long_help = AFTER)]
struct Arguments {
    /// Address to listen on. Beyond this computer, callers must be named, and a proxy that speaks
    /// https belongs in front: this server speaks plain http. Port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,

    /// Where tokens are minted: https, or http on this computer.
    #[arg(long, value_name = "URL", default_value = "https://api.x.ai/v1/realtime/client_secrets")]
    upstream: String,

    /// File that holds the xAI API key alone. Without it, the key is read from XAI_API_KEY.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,

    /// File of those who may ask: one `name secret` per line, lines with # are comments. A secret has
    /// 16 characters or more (`openssl rand -hex 24` makes one); the caller sends it as
    /// `Authorization: Bearer secret`. Without it, SIDETONE_CALLERS is read; there, commas part the
    /// entries too.
    #[arg(long, value_name = "FILE")]
    callers: Option<PathBuf>,

    /// Tokens that one caller may ask for in any minute; more are answered 429 with Retry-After.
    #[arg(long, value_name = "N", default_value_t = 10)]
    per_minute: u32,

    /// Life of a token in seconds, 1 to 3600. A caller may ask for less with
    /// {"expires_after": {"seconds": N}}.
    #[arg(long, value_name = "N", default_value_t = 300)]
    token_seconds: u32,
}

const AFTER: &str = "\
Environment:
  XAI_API_KEY       the API key, unless --key-file is given
  SIDETONE_CALLERS  `name secret, name secret, …`, unless --callers is given
  RUST_LOG          how much to log (info)

Without any callers it serves every program on this computer and listens on loopback only.

An answer that is no token is {\"error\": \"…\", \"fault\": \"caller\" | \"backend\" | \"network\" | \"xai\"}:
  400 404 405 408 413  the caller's request is wrong, slow or over 16 KiB
  401                  the caller's bearer secret is missing or unknown
  403                  a web page, or another name than localhost, while no callers are named
  429                  too many requests: of this caller, or (fault xai) of the key at xAI
  502 504              the key was refused, or xAI failed or did not answer

The log is one line per event on standard error, without keys, secrets and tokens.
SIGINT or SIGTERM (Ctrl-C on Windows) stops it once running requests are answered.";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(arguments: Arguments) -> Result<()> {
    let settings = Settings {
        upstream: Upstream::parse(&arguments.upstream)?,
        key: key(&arguments)?,
        callers: callers(&arguments)?,
        per_minute: arguments.per_minute,
        token_seconds: arguments.token_seconds,
        limits: Limits::default(),
    };
    let stop = stop_signal().context("waiting for signals")?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("listening on {}", arguments.listen))?;
    Ok(serve(listener, settings, stop).await?)
}

fn key(arguments: &Arguments) -> Result<ApiKey> {
    let (text, source) = match &arguments.key_file {
        Some(path) => {
            let source = path.display().to_string();
            (fs::read_to_string(path).with_context(|| format!("reading the API key from {source}"))?, source)
        }
        None => {
            let text =
                std::env::var_os(KEY).context("reading the API key: set XAI_API_KEY or give --key-file")?;
            // Lossy, because the error of a strict reading quotes the variable.
            let text = text.to_string_lossy().into_owned();
            (text, KEY.to_owned())
        }
    };
    ApiKey::parse(&text).with_context(|| source)
}

fn callers(arguments: &Arguments) -> Result<Callers> {
    let (text, source) = match (&arguments.callers, std::env::var_os(CALLERS)) {
        (Some(path), _) => {
            let source = path.display().to_string();
            (fs::read_to_string(path).with_context(|| format!("reading the callers from {source}"))?, source)
        }
        (None, Some(text)) => (text.to_string_lossy().into_owned(), CALLERS.to_owned()),
        (None, None) => return Ok(Callers::AnyoneHere),
    };
    Callers::parse(&text).with_context(|| source)
}

/// Set up before listening, so that a signal at any moment after is seen.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(windows)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut ctrl_c = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        ctrl_c.recv().await;
    })
}
