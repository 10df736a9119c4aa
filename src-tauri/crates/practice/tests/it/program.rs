use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::client::http;

fn practice() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_practice"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A running program, ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test]
async fn it_prints_one_line_that_says_where_it_is() {
    let child = practice().args(["--port", "0", "--key", "k", "--set", "order=2.0"]).spawn().unwrap();
    let mut running = Running(child);
    let mut line = String::new();
    BufReader::new(running.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let mut parts = line.trim_end().split(' ');
    assert_eq!(parts.next(), Some("practice"));
    let found: Vec<(&str, &str)> = parts.map(|part| part.split_once('=').unwrap()).collect();
    let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["token_url", "session_url", "realtime_url", "key"]);
    assert_eq!(found[3].1, "k");
    assert_eq!(http("POST", found[0].1, Some("k"), "{}").await.unwrap().status, 200);
}

#[test]
fn a_bad_switch_is_answered_with_the_good_ones() {
    for (setting, part) in
        [("odrer=2.0", "speech_started"), ("order=9", "live | 2.0"), ("order", "SWITCH=VALUE")]
    {
        let output = practice().args(["--set", setting]).output().unwrap();
        assert!(!output.status.success());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(part), "{setting}: {error}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn help_describes_every_switch() {
    let output = practice().arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for line in practice::help().lines() {
        assert!(help.contains(line.trim()), "{line}");
    }
}
