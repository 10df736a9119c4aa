//! A private PulseAudio server with a loudspeaker and a microphone that are only names.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::process::{Running, run, tool, wait_until};
use crate::wav;

/// A sample lasts a whole number of microseconds. `module-null-sink` adds up the length of what it plays
/// in microseconds cut off, piece by piece: at 44.1 or 48 kHz the loudspeaker ran 0.2 % faster than the
/// microphone, which no canceller can follow and no sound card does.
pub const RATE_HZ: u32 = 50_000;

/// What the app plays lands in the sink `speaker` (the default sink); what is played into the sink
/// `mic_in` comes out of the source `mic` (the default source). Both run at [`RATE_HZ`] in stereo;
/// other devices are loaded by [`Sound::pactl`].
#[derive(Debug)]
pub struct Sound {
    server: Running,
    home: TempDir,
}

/// One client that is reading from a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceOutput {
    pub index: u32,
    /// Index of the source it reads.
    pub source: u32,
    /// Such as `float32le 1ch 48000Hz`.
    pub format: String,
}

impl Sound {
    pub fn start() -> Result<Self> {
        let home = tempfile::Builder::new().prefix("rig-sound-").tempdir().context("making a folder")?;
        let socket = home.path().join("native");
        let mut command = tool("pulseaudio", "pulseaudio")?;
        command
            .args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit", "--use-pid-file=no"])
            .args(["--realtime=yes", "--high-priority=yes", "--log-level=error"])
            .arg(format!(
                "--load=module-native-protocol-unix auth-anonymous=1 socket={}",
                socket.display()
            ))
            .arg(format!(
                "--load=module-null-sink sink_name=speaker rate={RATE_HZ} sink_properties=device.description=Speaker"
            ))
            .arg(format!("--load=module-null-sink sink_name=mic_in rate={RATE_HZ}"))
            .args(["--load=module-remap-source master=mic_in.monitor source_name=mic source_properties=device.description=Microphone"])
            .env("XDG_RUNTIME_DIR", home.path())
            .env("XDG_CONFIG_HOME", home.path())
            .env("HOME", home.path())
            .env_remove("PULSE_SERVER")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let server = Running::start(&mut command)?;
        let mut sound = Self { server, home };
        let mut info = sound.client("pactl")?;
        info.arg("info");
        wait_until(&mut sound.server, "starting a sound server", || run(&mut info).ok())?;
        sound.pactl(&["set-default-source", "mic"])?;
        sound.pactl(&["set-default-sink", "speaker"])?;
        Ok(sound)
    }

    /// Runs this very program again with other words, as a client of a server that ends with it.
    pub fn run_again(words: &[String]) -> Result<()> {
        let sound = Self::start()?;
        let status = Command::new(std::env::current_exe()?).args(words).envs(sound.env()).status()?;
        ensure!(status.success(), "the program ended with {status}");
        sound.stop()
    }

    /// What a child process needs in its environment to find this server, and no other.
    pub fn env(&self) -> Vec<(String, String)> {
        let home = self.home.path();
        vec![
            ("PULSE_SERVER".to_owned(), format!("unix:{}", home.join("native").display())),
            ("PULSE_COOKIE".to_owned(), home.join("cookie").display().to_string()),
            ("XDG_RUNTIME_DIR".to_owned(), home.display().to_string()),
        ]
    }

    /// The process id of the server.
    pub fn server_id(&self) -> u32 {
        self.server.id()
    }

    /// Ends the server, as when it crashes or is restarted under a running call.
    pub fn stop(self) -> Result<()> {
        self.server.stop("TERM")
    }

    /// Runs `pactl` with `args` and returns what it printed, such as the index of a loaded module.
    pub fn pactl(&self, args: &[&str]) -> Result<String> {
        Ok(run(self.client("pactl")?.args(args))?.trim().to_owned())
    }

    /// Plays a file into the microphone and waits until it is over.
    pub fn speak(&self, path: &Path) -> Result<()> {
        self.speak_async(path)?.wait()
    }

    /// Plays a file into the microphone; dropping the value falls silent.
    pub fn speak_async(&self, path: &Path) -> Result<Utterance> {
        self.speak_into("mic_in", path)
    }

    /// Plays a file into any sink, like [`Sound::speak_async`].
    pub fn speak_into(&self, sink: &str, path: &Path) -> Result<Utterance> {
        ensure!(path.is_file(), "there is no file {} to speak", path.display());
        let mut command = self.client("paplay")?;
        command.args(["--latency-msec=100", "-d", sink]).arg(path);
        Ok(Utterance { player: Running::start(&mut command)? })
    }

    /// The faint noise that every real microphone has, from now on until the value is dropped. Without
    /// it the microphone gives digital zeros while nobody speaks.
    pub fn room_tone(&self) -> Result<RoomTone> {
        let mut command = self.client("pacat")?;
        command.args(["--playback", "-d", "mic_in", "--raw", "--latency-msec=200"]);
        command.args(["--rate=44100", "--channels=1", "--format=s16le"]).stdin(Stdio::piped());
        let mut player = Running::start(&mut command)?;
        let mut room = player.stdin().context("the player reads what it is given")?;
        std::thread::spawn(move || {
            let mut state = 1u32;
            let mut noise = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((state >> 30) as i16 - 1).to_le_bytes()
            };
            // Ends with the player.
            while room.write_all(&(0..4_410).flat_map(|_| noise()).collect::<Vec<u8>>()).is_ok() {}
        });
        Ok(RoomTone { _player: player })
    }

    /// Records what comes out of the loudspeaker into a WAV file (48 kHz mono) from now on.
    pub fn record_speaker(&self, path: &Path) -> Result<Recording> {
        self.record("speaker.monitor", path)
    }

    /// Records any source, such as `mic` or the monitor of another sink, like [`Sound::record_speaker`].
    pub fn record(&self, source: &str, path: &Path) -> Result<Recording> {
        let before = self.source_outputs()?.len();
        let mut command = self.client("parec")?;
        command
            .args(["-d", source, "--file-format=wav", "--latency-msec=100"])
            .args(["--rate=48000", "--channels=1", "--format=s16le"])
            .arg(path);
        let mut recorder = Running::start(&mut command)?;
        wait_until(&mut recorder, "recording by parec", || {
            self.source_outputs().ok().filter(|outputs| outputs.len() > before)
        })?;
        Ok(Recording { recorder, path: path.to_owned() })
    }

    /// Who is recording. The server's own modules, such as the one behind `mic`, are left out.
    pub fn source_outputs(&self) -> Result<Vec<SourceOutput>> {
        let list = self.pactl(&["list", "short", "source-outputs"])?;
        let parse = |line: &str| {
            let mut fields = line.split('\t');
            let index = fields.next()?.parse().ok()?;
            let source = fields.next()?.parse().ok()?;
            let client = fields.next()?;
            fields.next()?;
            let format = fields.next()?.to_owned();
            (client != "-").then_some(SourceOutput { index, source, format })
        };
        Ok(list.lines().filter_map(parse).collect())
    }

    /// How many are playing.
    pub(crate) fn sink_inputs(&self) -> Result<usize> {
        Ok(self.pactl(&["list", "short", "sink-inputs"])?.lines().count())
    }

    pub(crate) fn client(&self, program: &str) -> Result<Command> {
        let mut command = tool(program, "pulseaudio-utils")?;
        command.envs(self.env()).env("LC_ALL", "C").env("HOME", self.home.path());
        Ok(command)
    }
}

/// The noise of a room, below -80 dBFS.
#[derive(Debug)]
pub struct RoomTone {
    _player: Running,
}

/// Somebody is speaking.
#[derive(Debug)]
pub struct Utterance {
    player: Running,
}

impl Utterance {
    /// Whether the file is still being played.
    pub fn is_speaking(&mut self) -> Result<bool> {
        Ok(self.player.ended()?.is_none())
    }

    pub fn wait(self) -> Result<()> {
        self.player.wait()
    }
}

/// A recording under way.
#[derive(Debug)]
pub struct Recording {
    recorder: Running,
    path: PathBuf,
}

impl Recording {
    /// Ends the recording and returns its samples (mono) and its rate in Hz.
    pub fn stop(self) -> Result<(Vec<f32>, u32)> {
        // On SIGINT parec completes the file's header.
        self.recorder.stop("INT")?;
        wav::read_mono(&self.path)
    }
}
