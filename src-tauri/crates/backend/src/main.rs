//! `sidetone-backend`: the command line of the reference token backend.

mod arguments;

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::{Context, Result};
use backend::{ApiKey, Callers, Followed, Life, Limits, Offer, Settings, Upstream, health, serve};
use clap::Parser;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use arguments::{Arguments, LogFormat};

const KEY: &str = "XAI_API_KEY";
const CALLERS: &str = "SIDETONE_CALLERS";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match arguments.log_format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
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
    if arguments.health {
        return Ok(health(arguments.listen).await?);
    }
    let usual = arguments.token_seconds;
    let settings = Settings {
        upstream: Upstream::parse(&arguments.upstream)?,
        key: key(&arguments)?,
        callers: callers(&arguments)?,
        per_minute: arguments.per_minute,
        per_minute_for_all: arguments.per_minute_for_all,
        life: Life {
            shortest: arguments.shortest_token_seconds.unwrap_or(1),
            usual,
            longest: arguments.longest_token_seconds.unwrap_or(usual),
        },
        offer: offer(&arguments)?,
        limits: Limits::default(),
    };
    let stop = stop_signal().context("waiting for signals")?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("listening on {}", arguments.listen))?;
    Ok(serve(listener, settings, stop).await?)
}

fn key(arguments: &Arguments) -> Result<Followed<ApiKey>> {
    if let Some(path) = &arguments.key_file {
        return Followed::file(path).context("reading the API key");
    }
    let text = std::env::var_os(KEY).context("reading the API key: set XAI_API_KEY or give --key-file")?;
    // Lossy, because the error of a strict reading quotes the variable.
    Ok(Followed::fixed(text.to_string_lossy().parse().context(KEY)?))
}

fn callers(arguments: &Arguments) -> Result<Followed<Callers>> {
    match (&arguments.callers, std::env::var_os(CALLERS)) {
        (Some(path), _) => Followed::file(path).context("reading the callers"),
        (None, Some(text)) => Ok(Followed::fixed(text.to_string_lossy().parse().context(CALLERS)?)),
        (None, None) => Ok(Followed::fixed(Callers::AnyoneHere)),
    }
}

fn offer(arguments: &Arguments) -> Result<Offer> {
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path);
        text.with_context(|| format!("reading the instructions from {}", path.display()))
    };
    Ok(Offer {
        model: arguments.model.clone(),
        voice: arguments.voice.clone(),
        instructions: arguments.instructions_file.as_ref().map(read).transpose()?,
    })
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
