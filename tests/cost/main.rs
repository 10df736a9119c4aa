//! What a call costs while the agent speaks: processor time and memory of the app as it is shipped,
//! of the same call in a page in Chromium, and memory of an empty window. Or, with `--growth`, how its
//! memory grows in so many minutes of call.
//!
//! Figures, not a test: `cargo test --test cost -- [--release FOLDER] [--seconds N | --growth MINUTES]`,
//! after `cargo xtask bench --only package,window` has built what stands in that folder.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures are printed")]

#[cfg(target_os = "linux")]
#[path = "../e2e/desk.rs"]
#[expect(dead_code, reason = "the tests look closer at the desk than this measure")]
mod desk;
#[cfg(target_os = "linux")]
#[path = "../figure.rs"]
mod figure;
#[cfg(target_os = "linux")]
mod page;
#[cfg(target_os = "linux")]
#[path = "../../src-tauri/xtask/src/bench/process.rs"]
#[allow(dead_code, unused_imports, reason = "its own tests stay with xtask")]
mod process;

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("the desk of this measure is a Linux one");
}

#[cfg(target_os = "linux")]
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    linux::main().await
}

#[cfg(target_os = "linux")]
mod linux {
    use std::os::unix::process::CommandExt;
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use anyhow::{Context, Result, bail, ensure};
    use practice::{Options, Practice, Switches};
    use serde_json::json;

    use crate::desk::Desk;
    use crate::figure::row;
    use crate::page::Page;
    use crate::process;

    const KEY: &str = "a-secret-that-only-this-desk-knows";
    /// For a program to show its window, and for its call to be under way.
    const STARTUP: Duration = Duration::from_secs(30);
    const MINUTE: Duration = Duration::from_secs(60);
    /// For what is only done at the beginning.
    const CALM: Duration = Duration::from_secs(5);
    /// The agent's voice at the loudspeaker is well above this, in dBFS.
    const AUDIBLE_DBFS: f32 = -50.0;

    struct Asked {
        release: PathBuf,
        seconds: u64,
        growth: Option<u64>,
    }

    fn asked() -> Result<Asked> {
        let app = Path::new(env!("CARGO_BIN_EXE_sidetone"));
        let target = app.ancestors().nth(2).context("the app stands in no target folder")?;
        let mut asked = Asked { release: target.join("release"), seconds: 30, growth: None };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--release" => asked.release = value.into(),
                "--seconds" => asked.seconds = value.parse().context("--seconds")?,
                "--growth" => asked.growth = Some(value.parse().context("--growth")?),
                _ => {
                    bail!("{word} is not known; known are --release FOLDER, --seconds N, --growth MINUTES")
                }
            }
        }
        Ok(asked)
    }

    /// Of a process and everything it started.
    struct Cost {
        /// Percent of one core.
        processor: f64,
        /// Bytes, shared pages split among their users.
        memory: f64,
    }

    pub(super) async fn main() -> Result<()> {
        let asked = asked()?;
        if let Some(minutes) = asked.growth {
            return growth(&asked, minutes).await;
        }
        let app = in_app(&asked).await.context("the app")?;
        row("CPU in a call while the agent speaks", app.processor, "% of a core", json!(null));
        row("memory in a call (PSS of the tree)", app.memory / 1e6, "MB", json!(null));
        let browser = in_chromium(&asked).await.context("Chromium")?;
        row("the same call in Chromium, CPU", browser.processor, "% of a core", json!(null));
        row("the same call in Chromium, memory", browser.memory / 1e6, "MB", json!(null));
        row("CPU in a call, beside Chromium", app.processor / browser.processor, "×", json!(0.334));
        row("memory in a call, beside Chromium", app.memory / browser.memory, "×", json!(0.7));
        let empty = empty(&asked)?;
        row("memory in a call, beside an empty window", app.memory / empty, "×", json!(1.25));
        Ok(())
    }

    async fn in_app(asked: &Asked) -> Result<Cost> {
        let (desk, agent) = (Desk::set_up(false)?, agent().await?);
        let app = call_in_app(&desk, &agent, asked)?;
        of_call(&desk, &agent, app.id(), asked).await
    }

    /// Memory after the first minute, and after all of them.
    async fn growth(asked: &Asked, minutes: u64) -> Result<()> {
        let (desk, agent) = (Desk::set_up(false)?, agent().await?);
        let app = call_in_app(&desk, &agent, asked)?;
        let memory = || process::pss(&process::tree(app.id())) as f64 / 1e6;
        await_call(&agent).await?;
        tokio::time::sleep(MINUTE).await;
        let first = memory();
        row("memory after 1 min of call (PSS of the tree)", first, "MB", json!(null));
        for minute in 2..=minutes {
            let heard = agent.count("input_audio_buffer.append");
            tokio::time::sleep(MINUTE).await;
            ensure!(agent.count("input_audio_buffer.append") > heard, "the call has ended");
            eprintln!("after {minute} min: {:.1} MB", memory());
        }
        let last = memory();
        row(&format!("memory after {minutes} min of call"), last, "MB", json!(null));
        row(&format!("growth in {} min of call", minutes - 1), (last / first - 1.0) * 100.0, "%", json!(5));
        Ok(())
    }

    /// The app, about to be in a call.
    fn call_in_app(desk: &Desk, agent: &Practice, asked: &Asked) -> Result<Program> {
        let profile = json!({
            "id": "measured",
            "name": "Measured",
            "tokenUrl": agent.session_url(),
            "realtimeUrl": agent.realtime_url(),
            "agentSpeaksFirst": true,
        });
        let folder = desk.place("XDG_CONFIG_HOME")?.join("dev.sidetone.desktop");
        std::fs::create_dir_all(&folder)?;
        let profiles = json!({ "version": 1, "active": "measured", "profiles": [profile] });
        std::fs::write(folder.join("profiles.json"), profiles.to_string())?;
        let app = start(desk, Command::new(asked.release.join("sidetone")))?;
        let window = window(desk, "Sidetone")?;
        std::thread::sleep(CALM);
        desk.display.xdotool(&["windowactivate", "--sync", &window, "key", "ctrl+n"])?;
        Ok(app)
    }

    async fn in_chromium(asked: &Asked) -> Result<Cost> {
        let (desk, agent) = (Desk::set_up(false)?, agent().await?);
        let page = Page::serve().await?;
        let program = ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .find(|name| Command::new(name).arg("--version").output().is_ok())
            .context("Chromium is not installed; `cargo xtask test` installs it")?;
        let mut command = Command::new(program);
        command
            .arg(format!("--user-data-dir={}", desk.path("chromium").display()))
            .args(["--no-sandbox", "--no-first-run", "--use-fake-ui-for-media-stream"])
            .args(["--autoplay-policy=no-user-gesture-required", "--window-size=1280,800"])
            .arg(format!("--app={}", page.address(&agent.realtime_url(), KEY)));
        let browser = start(&desk, command)?;
        window(&desk, "The same call in a browser")?;
        of_call(&desk, &agent, browser.id(), asked).await
    }

    /// Waits until the agent is heard, then watches `root` and everything below it.
    async fn of_call(desk: &Desk, agent: &Practice, root: u32, asked: &Asked) -> Result<Cost> {
        await_call(agent).await?;
        tokio::time::sleep(CALM).await;
        let heard = agent.count("input_audio_buffer.append");
        let recording = desk.sound.record_speaker(&desk.path("heard.wav"))?;
        let (began, before) = (Instant::now(), process::ticks(&process::tree(root)));
        tokio::time::sleep(Duration::from_secs(asked.seconds)).await;
        let used = process::ticks(&process::tree(root)).saturating_sub(before);
        let passed = began.elapsed().as_secs_f64();
        let memory = process::pss(&process::tree(root)) as f64;
        let loud = rig::rms_dbfs(&recording.stop()?.0);
        ensure!(loud > AUDIBLE_DBFS, "the agent was not heard ({loud:.0} dBFS): this was no call");
        let sent = agent.count("input_audio_buffer.append") - heard;
        ensure!(sent > asked.seconds * 5, "the microphone was not sent ({sent} frames): this was no call");
        Ok(Cost { processor: used as f64 / ticks_per_second()? / passed * 100.0, memory })
    }

    async fn await_call(agent: &Practice) -> Result<()> {
        let begun = Instant::now();
        while agent.count("response.create") == 0 {
            ensure!(begun.elapsed() < STARTUP, "no call began");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    fn empty(asked: &Asked) -> Result<f64> {
        let desk = Desk::set_up(false)?;
        let program = start(&desk, Command::new(asked.release.join("examples/empty_window")))?;
        window(&desk, "Empty window")?;
        std::thread::sleep(CALM);
        Ok(process::pss(&process::tree(program.id())) as f64)
    }

    /// Reads aloud for longer than anybody measures, a little faster than it is heard.
    async fn agent() -> Result<Practice> {
        let mut switches = Switches::default();
        for (name, value) in
            [("reading_s", "3600"), ("delta_pace", "1.2"), ("session_auth", "open"), ("deaf", "on")]
        {
            switches.set(name, value)?;
        }
        Ok(Practice::start(Options { port: 0, key: KEY.to_owned(), switches }).await?)
    }

    fn window(desk: &Desk, title: &str) -> Result<String> {
        let begun = Instant::now();
        loop {
            match desk.window(title)? {
                Some(number) => return Ok(number),
                None if begun.elapsed() > STARTUP => bail!("no window named {title} came"),
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    fn ticks_per_second() -> Result<f64> {
        let output =
            Command::new("getconf").arg("CLK_TCK").output().context("asking for the clock's ticks")?;
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    }

    /// A program of the desk with all that it starts; ends when dropped.
    struct Program(Child);

    impl Program {
        fn id(&self) -> u32 {
            self.0.id()
        }
    }

    fn start(desk: &Desk, mut command: Command) -> Result<Program> {
        rig::real_time(false);
        let child = command
            .envs(desk.env())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {}", command.get_program().display()));
        rig::real_time(true);
        Ok(Program(child?))
    }

    impl Drop for Program {
        fn drop(&mut self) {
            let group = format!("-{}", self.0.id());
            // It may have ended already.
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _ = self.0.wait();
        }
    }
}
