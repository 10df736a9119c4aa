//! The practice agent on its own, so that any client of the protocol can be pointed at it.
#![expect(clippy::print_stdout, reason = "the line that says where to find it is its output")]

use anyhow::{Context, Result, bail};
use clap::{CommandFactory, FromArgMatches, Parser};
use practice::{Options, Practice, Switches};

/// A practice partner for clients of xAI's realtime voice API, on 127.0.0.1. Prints one line with
/// its URLs and its key, then serves until Ctrl-C.
#[derive(Parser)]
#[command(name = "practice", version)]
struct Arguments {
    /// Port on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The bearer that the token endpoints ask for; a random one if not given.
    #[arg(long)]
    key: Option<String>,
    /// Sets a switch; may be given several times.
    #[arg(long, value_name = "SWITCH=VALUE")]
    set: Vec<String>,
}

fn switches(settings: &[String]) -> Result<Switches> {
    let mut switches = Switches::default();
    for setting in settings {
        let Some((name, value)) = setting.split_once('=') else {
            bail!("--set takes SWITCH=VALUE, not `{setting}`");
        };
        switches.set(name, value)?;
    }
    Ok(switches)
}

#[tokio::main]
async fn main() -> Result<()> {
    let switches_help = format!("Switches (the default comes first):\n{}", practice::help());
    let matches = Arguments::command().after_help(switches_help).get_matches();
    let Arguments { port, key, set } = Arguments::from_arg_matches(&matches)?;
    let key = key.unwrap_or_else(|| format!("practice-{}", uuid::Uuid::new_v4().simple()));
    let practice = Practice::start(Options { port, key, switches: switches(&set)? }).await?;
    println!(
        "practice token_url={} session_url={} realtime_url={} key={}",
        practice.token_url(),
        practice.session_url(),
        practice.realtime_url(),
        practice.key(),
    );
    tokio::signal::ctrl_c().await.context("waiting for Ctrl-C")?;
    practice.stop().await;
    Ok(())
}
