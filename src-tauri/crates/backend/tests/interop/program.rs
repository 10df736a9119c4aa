//! Programs that were installed for this test, as child processes that end with their owner.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::fake_xai::{KEY, SECRET};

/// Only keeps a broken test from hanging.
const STARTUP: Duration = Duration::from_secs(60);

/// Where the stage has put them.
pub(crate) fn installed() -> PathBuf {
    let folder = std::env::var_os("SIDETONE_INTEROP").expect("run `cargo xtask test --only interop`");
    PathBuf::from(folder)
}

/// A program that has nothing of this environment but where programs and libraries are.
pub(crate) fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in ["PATH", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

pub(crate) fn python() -> PathBuf {
    installed().join("python/bin/python")
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Sidetone,
    FastApi,
    Express,
    Worker,
}

impl Kind {
    fn command(self) -> Command {
        match self {
            Self::Sidetone => {
                let mut command = command(env!("CARGO_BIN_EXE_sidetone-backend"));
                command.args([
                    "--listen",
                    "127.0.0.1:0",
                    "--per-minute",
                    "1000",
                    "--per-minute-for-all",
                    "1000",
                ]);
                command.env("RUST_LOG", "trace");
                command
            }
            Self::FastApi => {
                let mut command = command(python());
                command.args(["-m", "uvicorn", "app:app", "--port", "0", "--log-level", "trace"]);
                command.current_dir(installed().join("fastapi")).env("PYTHONUNBUFFERED", "1");
                command
            }
            Self::Express => {
                let mut command = command("node");
                command.arg("server.js").current_dir(installed().join("express")).env("PORT", "0");
                command
            }
            Self::Worker => {
                let mut command = command(workerd());
                command.args(["serve", "local.capnp", "--socket-addr=http=127.0.0.1:0", "--control-fd=1"]);
                command.arg("--verbose").current_dir(installed().join("worker"));
                command
            }
        }
    }
}

/// The program itself: what npm puts in front of it is a script that would outlive being killed.
fn workerd() -> PathBuf {
    let packages = installed().join("worker/node_modules/@cloudflare");
    let entries = std::fs::read_dir(&packages).expect("run `cargo xtask test --only interop`");
    entries
        .map(|entry| entry.unwrap().path().join("bin/workerd"))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("no workerd for this machine in {}", packages.display()))
}

/// A backend that runs, with one caller.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Server {
    pub(crate) fn start(kind: Kind, upstream: &str) -> Self {
        let mut child = kind
            .command()
            .env("XAI_API_KEY", KEY)
            .env("SIDETONE_CALLERS", format!("ben ben-secret-0123456789, anna {SECRET}"))
            .env("SIDETONE_UPSTREAM", upstream)
            .spawn()
            .unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let said = Arc::new(Mutex::new(String::new()));
        follow(child.stdout.take().unwrap(), &said);
        follow(child.stderr.take().unwrap(), &said);
        let until = Instant::now() + STARTUP;
        let address = loop {
            let so_far = said.lock().unwrap().clone();
            if let Some(port) = so_far.lines().find_map(listening) {
                break SocketAddr::from(([127, 0, 0, 1], port));
            }
            let ended = child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < until,
                "{kind:?} does not listen ({ended:?}):\n{so_far}"
            );
            std::thread::sleep(Duration::from_millis(20));
        };
        Self { address, child, said }
    }

    /// Ends it, and gives all that it has printed.
    pub(crate) fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        // The readers reach the end of the pipes now, and let go of the text with it.
        while Arc::strong_count(&self.said) > 1 {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.said.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn follow(pipe: impl Read + Send + 'static, said: &Arc<Mutex<String>>) {
    let said = Arc::clone(said);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let mut said = said.lock().unwrap();
            said.push_str(&String::from_utf8_lossy(&line));
            said.push('\n');
        }
    });
}

/// The port in the line that says where a backend listens.
fn listening(line: &str) -> Option<u16> {
    let after = ["token_url=http://127.0.0.1:", "on http://127.0.0.1:", "\"port\":"];
    let rest = after.iter().find_map(|before| Some(line.split_once(before)?.1))?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).map_or(rest, |end| &rest[..end]);
    digits.parse().ok()
}

#[test]
fn the_port_is_found_in_what_each_of_them_says() {
    for (line, port) in [
        ("INFO listening token_url=http://127.0.0.1:8787/session", Some(8787)),
        ("INFO:     Uvicorn running on http://127.0.0.1:45009 (Press CTRL+C to quit)", Some(45009)),
        ("listening on http://127.0.0.1:1/session", Some(1)),
        ("{\"event\":\"listen\",\"socket\":\"http\",\"port\":45009}", Some(45009)),
        ("INFO:     Started server process [77]", None),
    ] {
        assert_eq!(listening(line), port, "{line}");
    }
}
