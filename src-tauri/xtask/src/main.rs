//! `cargo xtask`: everything a person or a CI machine does with this repository, as one program.
//!
//! It installs what is missing, builds, runs, tests, measures and packages. It is not part of the app and
//! knows nothing of calls or sound: it only starts other programs and judges how they end.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its user")]

mod bench;
mod bundle;
mod command;
mod cross;
#[cfg(target_os = "linux")]
mod deb;
mod fuzz;
#[cfg(target_os = "linux")]
mod headless;
#[cfg(target_os = "linux")]
mod interop;
mod launch;
mod provision;
mod python;
mod stage;
mod suite;
mod ui;
mod workspace;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Build, run, test, measure and package Sidetone"
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Build the app and open its window on the practice agent
    Run {
        /// Handed to the app in place of --practice
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Run the app from the Vite server, reloading on edits
    Dev,
    /// Install what the tests need and run every stage
    Test(Stages),
    /// Print the project's measures, each with the command behind it
    Bench(Parts),
    /// Feed made-up input to the parsers and look for one that breaks them
    Fuzz {
        /// How long each of them is fed, in seconds
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Only these: events, replies
        #[arg(long, value_name = "TARGET", value_delimiter = ',')]
        only: Vec<String>,
    },
    /// Make this system's packages from a release build
    Bundle,
    /// Quick checks of format, lints and types
    Check {
        /// Type-check and lint for Windows and macOS instead
        #[arg(long)]
        targets: bool,
        /// One target triple in place of both
        #[arg(long, value_name = "TRIPLE")]
        target: Option<String>,
        /// Only these packages in place of the whole workspace
        #[arg(long, short, value_name = "NAME")]
        package: Vec<String>,
    },
}

#[derive(Args)]
struct Parts {
    /// Print the parts in order and stop
    #[arg(long)]
    list: bool,
    /// Measure only these parts
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<String>,
    /// Fewer cases where a part has many
    #[arg(long)]
    quick: bool,
}

#[derive(Args)]
struct Stages {
    /// Print the stages in order and stop
    #[arg(long)]
    list: bool,
    /// Run only this stage (may be given more than once)
    #[arg(long, value_name = "STAGE", conflicts_with = "from")]
    only: Vec<String>,
    /// Run this stage and those after it
    #[arg(long, value_name = "STAGE")]
    from: Option<String>,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Run { arguments } => launch::run(&arguments),
        Verb::Dev => launch::dev(),
        Verb::Test(Stages { list: true, .. }) => {
            suite::list();
            Ok(())
        }
        Verb::Test(Stages { only, from, .. }) => suite::test(&stage::Selection::new(only, from)),
        Verb::Bench(Parts { list: true, .. }) => {
            bench::list();
            Ok(())
        }
        Verb::Bench(Parts { only, quick, .. }) => bench::bench(&only, quick),
        Verb::Fuzz { seconds, only } => fuzz::fuzz(seconds, &only),
        Verb::Bundle => bundle::bundle(),
        Verb::Check { targets: false, target: None, package } if package.is_empty() => suite::quick(),
        Verb::Check { target, package, .. } => {
            cross::check(&cross::chosen(target), &package).map(|outcome| {
                if let stage::Outcome::Skipped(why) = outcome {
                    println!("skipped: {why}");
                }
            })
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
