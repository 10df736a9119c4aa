//! The real app on loudspeakers: what it plays comes back into its microphone through a room. Counts
//! how often it interrupts itself, and how often a person who speaks over it is noticed.
//!
//! Figures, not a test: `cargo test --test live -- [--minutes N] [--tries N]`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures are printed")]

#[cfg(target_os = "linux")]
#[path = "../e2e/desk.rs"]
#[expect(dead_code, reason = "the tests look closer at the desk than this measure")]
mod desk;
#[cfg(target_os = "linux")]
#[path = "../figure.rs"]
mod figure;
#[cfg(target_os = "linux")]
mod person;
#[cfg(target_os = "linux")]
#[path = "../e2e/window.rs"]
#[expect(dead_code, reason = "the tests look closer at the window than this measure")]
mod window;

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
    use std::path::Path;
    use std::time::{Duration, Instant};

    use anyhow::{Context, Result, bail};
    use practice::{Options, Practice, Switches};
    use serde_json::json;

    use crate::desk::Desk;
    use crate::figure::row;
    use crate::person::Person;
    use crate::window::Window;

    /// A desk in an ordinary room, the loudspeaker driven a little too hard.
    const ROOM: rig::Acoustics = rig::Acoustics { echo_db: -10.0, rt60_ms: 350, bend: 0.2 };
    /// How loud the first words are, which ask the agent to read.
    const CONVERSATION_DBFS: f32 = -24.0;
    /// How long the canceller and the caller may take to notice a person, from their first word.
    const NOTICED: Duration = Duration::from_millis(2_500);

    /// Different things that the person says before one comes again.
    const SENTENCES: usize = 16;

    struct Asked {
        minutes: f64,
        tries: u32,
    }

    fn asked() -> Result<Asked> {
        let mut asked = Asked { minutes: 10.0, tries: 40 };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut number = || words.next().with_context(|| format!("{word} needs a number"));
            match word.as_str() {
                "--minutes" => asked.minutes = number()?.parse().context("--minutes")?,
                "--tries" => asked.tries = number()?.parse().context("--tries")?,
                _ => bail!("{word} is not known; known are --minutes N, --tries N"),
            }
        }
        Ok(asked)
    }

    pub(super) async fn main() -> Result<()> {
        let asked = asked()?;
        if !rig::real_time(true) {
            eprintln!("no real-time priority: holes in the sound will look like echo");
        }
        let desk = Desk::set_up(false)?;
        let agent = agent().await?;
        let window = Window::open(&desk).await?;
        window.connect(&agent, agent.key()).await?;
        window.click("start-call").await?;
        window.word("Listening").await?;
        Person::new(&desk, CONVERSATION_DBFS, 1)?.speak(0)?.wait()?;
        let _room = rig::Room::around(&desk.sound, ROOM)?;
        window.word("Speaking").await?;

        let own = own_interruptions(&desk, &agent, Duration::from_secs_f64(asked.minutes * 60.0)).await?;
        row(
            &format!("self-interruptions in {} min of agent speech", asked.minutes),
            own as f64,
            "",
            json!(0),
        );
        let echo = desk.sound.record("mic", &desk.path("echo.wav"))?;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let echo_dbfs = rig::rms_dbfs(&echo.stop()?.0);
        row("echo at the microphone", f64::from(echo_dbfs), "dBFS", json!(null));

        let mut noticed = 0;
        let mut waits = Vec::new();
        let person = Person::new(&desk, echo_dbfs, SENTENCES)?;
        for number in 0..asked.tries {
            window.word("Speaking").await?;
            tokio::time::sleep(Duration::from_millis(2_000)).await;
            let before = interruptions(&agent);
            let began = Instant::now();
            let speaking = person.speak(number)?;
            while began.elapsed() < NOTICED {
                if interruptions(&agent) > before {
                    noticed += 1;
                    waits.push(began.elapsed().as_millis() as f64);
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            println!(
                "  try {number}: {}",
                if interruptions(&agent) > before { "noticed" } else { "not noticed" }
            );
            speaking.wait()?;
        }
        window.click("end").await?;
        window.see("ending").await?;
        let share = f64::from(noticed) / f64::from(asked.tries.max(1)) * 100.0;
        row(
            &format!("barge-in noticed, of {} tries at equal loudness", asked.tries),
            share,
            "%",
            json!(">= 95"),
        );
        waits.sort_by(f64::total_cmp);
        if let Some(median) = waits.get(waits.len() / 2) {
            row("first word played to reply cancelled, median", *median, "ms", json!(null));
        }
        window.close().await
    }

    /// Reads aloud for as long as it is let; taken up again after every interruption.
    async fn agent() -> Result<Practice> {
        let mut switches = Switches::default();
        switches.set("reading_s", "3600")?;
        // As fast as it is heard: 15 minutes ahead would be more than the client keeps.
        switches.set("delta_pace", "1.2")?;
        let key = "a-secret-that-only-this-room-knows".to_owned();
        Ok(Practice::start(Options { port: 0, key, switches }).await?)
    }

    /// Counts for so long. What the microphone heard and the loudspeaker played meanwhile is left in
    /// `artefacts/live`, for the canceller's offline tool.
    async fn own_interruptions(desk: &Desk, agent: &Practice, time: Duration) -> Result<u64> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artefacts/live");
        std::fs::create_dir_all(&folder)?;
        let mic = desk.sound.record("mic", &folder.join("mic.wav"))?;
        let far = desk.sound.record_speaker(&folder.join("far.wav"))?;
        let (began, before) = (Instant::now(), interruptions(agent));
        let mut known = before;
        while began.elapsed() < time {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let now = interruptions(agent);
            if now > known {
                println!("  interrupted itself after {:.2} s", began.elapsed().as_secs_f64());
            }
            known = now;
        }
        mic.stop()?;
        far.stop()?;
        Ok(known - before)
    }

    /// How often the client has cut a reply.
    fn interruptions(agent: &Practice) -> u64 {
        agent.count("conversation.item.truncate")
    }
}
