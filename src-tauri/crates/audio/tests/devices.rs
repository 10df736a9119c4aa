//! The engine on a real sound server: what is said is heard, what is heard was said.
#![cfg(target_os = "linux")]

mod desk;

use std::path::Path;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use audio::{
    Control, DeviceError, Direction, Engine, EngineOptions, Gate, HostChoice, ItemId, Move, Played, Ports,
    Processing, Report,
};
use desk::{DESK, Desk, PATIENCE, adopt, await_true, recognised};

/// The devices alone: what is heard must be what was played, sample by sample.
fn pulse() -> EngineOptions {
    EngineOptions { host: HostChoice::PulseAudio, processing: Processing::OFF, ..EngineOptions::default() }
}

/// The first report that `pick` takes; the ones before it are dropped.
fn await_report<T>(ports: &Ports, what: &str, mut pick: impl FnMut(Report) -> Option<T>) -> Result<T> {
    let until = Instant::now() + PATIENCE;
    let mut passed = Vec::new();
    while let Ok(report) = ports.reports.recv_deadline(until) {
        passed.push(format!("{report:?}"));
        if let Some(found) = pick(report) {
            return Ok(found);
        }
    }
    bail!("no {what}; there were {passed:?}")
}

fn await_open(ports: &Ports, wanted: Direction) -> Result<audio::DeviceFormat> {
    await_report(ports, &format!("open {wanted:?}"), |report| match report {
        Report::Opened { direction, device } if direction == wanted => Some(device),
        _ => None,
    })
}

fn await_failure(ports: &Ports, wanted: Direction) -> Result<DeviceError> {
    await_report(ports, &format!("failed {wanted:?}"), |report| match report {
        Report::Failed { direction, error } if direction == wanted => Some(error),
        _ => None,
    })
}

fn await_finish(ports: &Ports, wanted: &str) -> Result<Played> {
    await_report(ports, &format!("finished {wanted}"), |report| match report {
        Report::Finished(played) if *played.item == *wanted => Some(played),
        _ => None,
    })
}

/// In pieces of 100 ms, all at once, as a server sends them.
fn say(ports: &Ports, item: &str, samples: &[f32]) -> Result<()> {
    let item = ItemId::from(item);
    let samples: Vec<i16> = samples.iter().map(|sample| (sample * 32_767.0) as i16).collect();
    for piece in samples.chunks(2_400) {
        ports.control.send(Control::Speak { item: item.clone(), samples: piece.to_vec() })?;
    }
    Ok(ports.control.send(Control::Finish { item })?)
}

/// Speech must come through in one of three tries: a computer that stands still for a moment spoils
/// one, a mistake of ours spoils them all.
fn carries(what: &str, said: &[f32], mut hear: impl FnMut() -> Result<(Vec<f32>, u32)>) -> Result<()> {
    let mut shares = Vec::new();
    while shares.len() < 3 {
        let (heard, rate_hz) = hear()?;
        shares.push(recognised(said, &heard, rate_hz));
        if shares.last().is_some_and(|&share| share > 0.6) {
            return Ok(());
        }
    }
    bail!("{what}: these shares of the speech were recognised: {shares:?}")
}

fn tone(seconds: f32) -> Vec<f32> {
    let count = (seconds * 24_000.0) as u32;
    (0..count).map(|at| (at as f32 * std::f32::consts::TAU * 440.0 / 24_000.0).sin() * 0.3).collect()
}

fn milliseconds(samples: &[f32]) -> u64 {
    samples.len() as u64 / 24
}

/// Speaks into the sink behind a microphone and gives what arrived as frames (24 kHz).
fn listen(desk: &Desk, ports: &Ports, sink: &str, path: &Path) -> Result<Vec<f32>> {
    while ports.frames.try_recv().is_ok() {}
    let mut player = desk.sound.speak_into(sink, path)?;
    let mut heard = Vec::new();
    let mut until = None;
    while until.is_none_or(|until| Instant::now() < until) {
        if let Ok(frame) = ports.frames.recv_timeout(Duration::from_millis(50)) {
            heard.extend(frame.samples.iter().map(|&sample| f32::from(sample) / 32_768.0));
        }
        if until.is_none() && !player.is_speaking()? {
            until = Some(Instant::now() + Duration::from_millis(500));
        }
    }
    player.wait()?;
    Ok(heard)
}

#[test]
fn what_is_spoken_into_the_microphone_arrives_as_frames() -> Result<()> {
    let desk = Desk::new()?;
    let (said, path) = desk.speech("the first boat leaves at ten past eight")?;
    let (engine, ports) = Engine::start(pulse());
    let device = await_open(&ports, Direction::Microphone)?;
    assert_eq!((device.id.as_str(), device.name.as_str()), ("pulseaudio:mic", "Microphone"));
    assert_eq!((device.rate_hz, device.channels, device.format.as_str()), (rig::RATE_HZ, 2, "i16"));
    carries("microphone", &said, || Ok((listen(&desk, &ports, "mic_in", &path)?, 24_000)))?;
    assert_eq!(ports.meters.overruns.load(std::sync::atomic::Ordering::Relaxed), 0);
    drop(engine);
    desk.await_microphone_let_go()?;
    await_true("nobody plays", || Ok(desk.sound.pactl(&["list", "short", "sink-inputs"])?.is_empty()))?;
    Ok(())
}

#[test]
fn what_is_said_is_heard_from_the_loudspeaker_and_counted() -> Result<()> {
    let desk = Desk::new()?;
    let (said, _) = desk.speech("and the next one leaves an hour later")?;
    let (_engine, ports) = Engine::start(pulse());
    assert_eq!(await_open(&ports, Direction::Speaker)?.id, "pulseaudio:speaker");
    carries("loudspeaker", &said, || {
        let recording = desk.sound.record_speaker(&desk.file("heard.wav"))?;
        say(&ports, "one", &said)?;
        await_report(&ports, "start", |report| matches!(report, Report::Started { .. }).then_some(()))?;
        await_report(&ports, "progress", |report| matches!(report, Report::Progress(_)).then_some(()))?;
        let loud = ports.meters.level(Direction::Speaker);
        anyhow::ensure!(loud > audio::SILENCE_DBFS, "the meter shows silence while it speaks");
        assert_eq!(await_finish(&ports, "one")?.ms, milliseconds(&said));
        std::thread::sleep(Duration::from_millis(500));
        recording.stop()
    })?;
    Ok(())
}

#[test]
fn a_flush_falls_silent_and_tells_how_much_was_heard() -> Result<()> {
    let desk = Desk::new()?;
    let (_engine, ports) = Engine::start(pulse());
    await_open(&ports, Direction::Speaker)?;
    let recording = desk.sound.record_speaker(&desk.file("heard.wav"))?;
    say(&ports, "long", &tone(20.0))?;
    say(&ports, "next", &tone(1.0))?;
    await_report(&ports, "progress", |report| match report {
        Report::Progress(played) => (played.ms > 800).then_some(()),
        _ => None,
    })?;
    ports.control.send(Control::Flush)?;
    let flushed = await_report(&ports, "flush", |report| match report {
        Report::Flushed(played) => Some(played),
        _ => None,
    })?;
    let [long, next] = flushed.as_slice() else { bail!("{flushed:?}") };
    assert_eq!((&*long.item, &*next.item, next.ms), ("long", "next", 0));
    std::thread::sleep(Duration::from_millis(700));
    let (heard, rate) = recording.stop()?;
    let sounding = heard.iter().filter(|sample| sample.abs() > 0.001).count() as u64;
    let sounded_ms = sounding * 1_000 / u64::from(rate);
    // What the device's own buffer held when the flush came (two callbacks) was still heard.
    assert!(sounded_ms.abs_diff(long.ms) < 150, "{sounded_ms} ms sounded, {} ms counted", long.ms);
    let last = &heard[heard.len() - rate as usize / 4..];
    assert!(rig::rms_dbfs(last) < -90.0, "{} dBFS", rig::rms_dbfs(last));

    // The line is not spoilt: the next item plays from its beginning.
    say(&ports, "after", &tone(0.5))?;
    assert_eq!(await_finish(&ports, "after")?.ms, 500);
    Ok(())
}

#[test]
fn every_format_of_a_device_carries_speech() -> Result<()> {
    let desk = Desk::new()?;
    let (said, path) = desk.speech("on sundays there is no boat")?;
    for (number, (format, rate_hz, channels)) in [
        ("s16le", 44_100, 2),
        ("u8", 16_000, 1),
        ("float32le", 48_000, 6),
        ("s32le", 96_000, 2),
        ("s24le", 8_000, 1),
    ]
    .into_iter()
    .enumerate()
    {
        let shape = format!("format={format} rate={rate_hz} channels={channels}");
        let out = format!("sink_name=out{number} {shape}");
        desk.sound.pactl(&["load-module", "module-null-sink", &out])?;
        let within = format!("sink_name=in{number} {shape}");
        desk.sound.pactl(&["load-module", "module-null-sink", &within])?;
        let source = format!("master=in{number}.monitor source_name=mic{number} {shape}");
        desk.sound.pactl(&["load-module", "module-remap-source", &source])?;
        let (_engine, ports) = Engine::start(EngineOptions {
            microphones: vec![format!("pulseaudio:mic{number}")],
            speakers: vec![format!("pulseaudio:out{number}")],
            ..pulse()
        });
        let mut open = Vec::new();
        while open.len() < 2 {
            open.push(await_report(&ports, "both devices", |report| match report {
                Report::Opened { device, .. } => Some(device),
                _ => None,
            })?);
        }
        for device in &open {
            assert_eq!((device.rate_hz, device.channels), (rate_hz, channels), "{device:?}");
        }
        carries(&format!("loudspeaker {shape}"), &said, || {
            let monitor = format!("out{number}.monitor");
            let recording = desk.sound.record(&monitor, &desk.file("heard.wav"))?;
            say(&ports, "item", &said)?;
            assert_eq!(await_finish(&ports, "item")?.ms, milliseconds(&said));
            std::thread::sleep(Duration::from_millis(300));
            recording.stop()
        })?;
        carries(&format!("microphone {shape}"), &said, || {
            Ok((listen(&desk, &ports, &format!("in{number}"), &path)?, 24_000))
        })?;
    }
    Ok(())
}

#[test]
fn a_muted_microphone_gives_silence_and_a_released_one_is_closed() -> Result<()> {
    let desk = Desk::new()?;
    let (_, path) = desk.speech("nobody must hear this")?;
    let (engine, ports) = Engine::start(EngineOptions { gate: Gate::Silent, ..pulse() });
    await_open(&ports, Direction::Microphone)?;
    let heard = listen(&desk, &ports, "mic_in", &path)?;
    assert!(!heard.is_empty());
    assert!(heard.iter().all(|&sample| sample == 0.0));

    ports.control.send(Control::Gate(Gate::Released))?;
    await_report(&ports, "release", |report| {
        matches!(report, Report::Closed { direction: Direction::Microphone }).then_some(())
    })?;
    desk.await_microphone_let_go()?;
    while ports.frames.try_recv().is_ok() {}
    assert!(ports.frames.recv_timeout(Duration::from_millis(300)).is_err());

    ports.control.send(Control::Gate(Gate::Open))?;
    await_open(&ports, Direction::Microphone)?;
    assert_eq!(desk.sound.source_outputs()?.len(), 1);
    drop(engine);
    desk.await_microphone_let_go()?;
    Ok(())
}

#[test]
fn the_ports_gone_means_the_devices_are_let_go() -> Result<()> {
    let desk = Desk::new()?;
    let (_engine, ports) = Engine::start(pulse());
    await_open(&ports, Direction::Microphone)?;
    drop(ports);
    desk.await_microphone_let_go()?;
    Ok(())
}

#[test]
fn without_any_sound_system_items_still_finish() -> Result<()> {
    let _alone = DESK.lock().unwrap_or_else(PoisonError::into_inner);
    let nowhere = tempfile::tempdir()?;
    let path = nowhere.path().display().to_string();
    adopt(&[("PULSE_SERVER".into(), format!("unix:{path}/none")), ("XDG_RUNTIME_DIR".into(), path)]);
    let (_engine, ports) = Engine::start(EngineOptions::default());
    let error = await_failure(&ports, Direction::Speaker)?;
    assert!(matches!(error, DeviceError::NoDevice(_) | DeviceError::Backend(_)), "{error:?}");
    say(&ports, "unheard", &tone(1.0))?;
    say(&ports, "nothing", &[])?;
    assert_eq!(await_finish(&ports, "unheard")?.ms, 1_000);

    let (_engine, ports) = Engine::start(EngineOptions::default());
    let error = await_failure(&ports, Direction::Microphone)?;
    assert!(matches!(error, DeviceError::NoDevice(_) | DeviceError::Backend(_)), "{error:?}");
    Ok(())
}

/// A sink of that name, and the module to unload it by. It brings silence in no time at all.
fn plug_in(desk: &Desk, sink: &str) -> Result<String> {
    let (name, called) =
        (format!("sink_name={sink}"), format!("sink_properties=device.description=The-{sink}"));
    desk.sound.pactl(&["load-module", "module-null-sink", &name, &called])
}

fn await_move(ports: &Ports, wanted: Direction) -> Result<(String, String, Move)> {
    await_report(ports, &format!("moved {wanted:?}"), |report| match report {
        Report::Moved { direction, from, to, why } if direction == wanted => Some((from, to, why)),
        _ => None,
    })
}

fn moved(from: &str, to: &str, why: Move) -> (String, String, Move) {
    (from.into(), to.into(), why)
}

/// Records what an ear between two sinks hears.
fn ear_between(desk: &Desk, sinks: [&str; 2]) -> Result<rig::Recording> {
    desk.sound.pactl(&["load-module", "module-null-sink", "sink_name=ear"])?;
    for sink in sinks {
        let source = format!("source={sink}.monitor");
        let stay = ["source_dont_move=true", "sink_dont_move=true"];
        let from_to = [source.as_str(), "sink=ear", "latency_msec=60"];
        desk.sound.pactl(&[&["load-module", "module-loopback"][..], &from_to, &stay].concat())?;
    }
    desk.sound.record("ear.monitor", &desk.file("ear.wav"))
}

/// The longest silence between the first and the last sound, in ms.
fn longest_silence_ms(heard: &[f32], rate: u32) -> usize {
    let sounding: Vec<usize> =
        heard.iter().enumerate().filter(|(_, sample)| sample.abs() > 0.001).map(|(at, _)| at).collect();
    let gap = sounding.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    gap * 1_000 / rate as usize
}

/// How long anything sounded, in ms.
fn sounded_ms(heard: &[f32], rate: u32) -> u64 {
    heard.iter().filter(|sample| sample.abs() > 0.001).count() as u64 * 1_000 / u64::from(rate)
}

#[test]
fn a_speaker_pulled_out_in_mid_sentence_is_replaced_and_returned_to() -> Result<()> {
    let desk = Desk::new()?;
    let headset = plug_in(&desk, "headset")?;
    let (_engine, ports) =
        Engine::start(EngineOptions { speakers: vec!["pulseaudio:headset".into()], ..pulse() });
    assert_eq!(await_open(&ports, Direction::Speaker)?.name, "The-headset");
    let ear = ear_between(&desk, ["headset", "speaker"])?;
    let before = desk.sound.record("headset.monitor", &desk.file("before.wav"))?;
    let after = desk.sound.record_speaker(&desk.file("after.wav"))?;
    say(&ports, "through", &tone(4.0))?;
    await_report(&ports, "progress", |report| match report {
        Report::Progress(played) => (played.ms > 1_000).then_some(()),
        _ => None,
    })?;
    desk.sound.pactl(&["unload-module", &headset])?;
    assert_eq!(
        await_move(&ports, Direction::Speaker)?,
        moved("The-headset", "Speaker", Move::Lost),
        "the move is told by both names"
    );
    assert_eq!(await_finish(&ports, "through")?.ms, 4_000);
    std::thread::sleep(Duration::from_millis(300));
    let (first, rate) = before.stop()?;
    let (second, _) = after.stop()?;
    let (heard, ear_rate) = ear.stop()?;
    println!("the longest silence was {} ms", longest_silence_ms(&heard, ear_rate));
    let sounded = sounded_ms(&first, rate) + sounded_ms(&second, rate);
    // A little may sound twice, or be lost in the server; the sentence goes on where it was.
    assert!((3_700..4_300).contains(&sounded), "{sounded} of 4000 ms sounded");

    plug_in(&desk, "headset")?;
    assert_eq!(await_move(&ports, Direction::Speaker)?, moved("Speaker", "The-headset", Move::Returned));
    say(&ports, "still", &tone(0.3))?;
    assert_eq!(await_finish(&ports, "still")?.ms, 300);
    Ok(())
}

#[test]
fn a_microphone_pulled_out_is_replaced_and_returned_to() -> Result<()> {
    let desk = Desk::new()?;
    let boom = ["load-module", "module-remap-source", "master=mic_in.monitor", "source_name=boom"];
    let module = desk.sound.pactl(&boom)?;
    let (_engine, ports) =
        Engine::start(EngineOptions { microphones: vec!["pulseaudio:boom".into()], ..pulse() });
    let name = await_open(&ports, Direction::Microphone)?.name;
    desk.sound.pactl(&["unload-module", &module])?;
    assert_eq!(await_move(&ports, Direction::Microphone)?, moved(&name, "Microphone", Move::Lost));
    while ports.frames.try_recv().is_ok() {}
    ports.frames.recv_timeout(Duration::from_secs(1))?;
    desk.sound.pactl(&boom)?;
    assert_eq!(await_move(&ports, Direction::Microphone)?, moved("Microphone", &name, Move::Returned));
    assert_eq!(desk.sound.source_outputs()?.len(), 1, "the replacement is closed");
    Ok(())
}

#[test]
fn a_speaker_that_stops_delivering_is_left_for_the_next_and_nothing_is_lost() -> Result<()> {
    let desk = Desk::new()?;
    plug_in(&desk, "first")?;
    plug_in(&desk, "second")?;
    let (_engine, ports) = Engine::start(EngineOptions {
        speakers: vec!["pulseaudio:first".into(), "pulseaudio:second".into()],
        ..pulse()
    });
    await_open(&ports, Direction::Speaker)?;
    let before = desk.sound.record("first.monitor", &desk.file("before.wav"))?;
    let after = desk.sound.record("second.monitor", &desk.file("after.wav"))?;
    say(&ports, "through", &tone(4.0))?;
    await_report(&ports, "progress", |report| match report {
        Report::Progress(played) => (played.ms > 1_000).then_some(()),
        _ => None,
    })?;
    desk.sound.pactl(&["suspend-sink", "first", "1"])?;
    let gone = Instant::now();
    assert_eq!(await_move(&ports, Direction::Speaker)?, moved("The-first", "The-second", Move::Lost));
    println!("the next speaker runs {} ms after the first stopped", gone.elapsed().as_millis());
    assert_eq!(await_finish(&ports, "through")?.ms, 4_000);
    std::thread::sleep(Duration::from_millis(300));
    let (first, rate) = before.stop()?;
    let (second, _) = after.stop()?;
    let sounded = sounded_ms(&first, rate) + sounded_ms(&second, rate);
    assert!((3_700..4_300).contains(&sounded), "{sounded} of 4000 ms sounded");
    desk.sound.pactl(&["suspend-sink", "first", "0"])?;
    assert_eq!(await_move(&ports, Direction::Speaker)?, moved("The-second", "The-first", Move::Returned));
    Ok(())
}

#[test]
fn a_microphone_that_is_suspended_and_wakes_again_is_heard_again() -> Result<()> {
    let desk = Desk::new()?;
    let (_engine, ports) = Engine::start(pulse());
    await_open(&ports, Direction::Microphone)?;
    desk.sound.pactl(&["suspend-source", "mic", "1"])?;
    let error = await_failure(&ports, Direction::Microphone)?;
    assert!(matches!(error, DeviceError::Lost(_)), "{error:?}");
    desk.sound.pactl(&["suspend-source", "mic", "0"])?;
    await_open(&ports, Direction::Microphone)?;
    while ports.frames.try_recv().is_ok() {}
    ports.frames.recv_timeout(Duration::from_secs(1))?;
    Ok(())
}

#[test]
fn a_microphone_that_gives_only_zeros_is_told_within_five_seconds_and_so_is_its_recovery() -> Result<()> {
    let desk = Desk::new()?;
    let (_, path) = desk.speech("and now it is heard")?;
    let (_engine, ports) = Engine::start(pulse());
    await_open(&ports, Direction::Microphone)?;
    let zeros = |ports: &Ports| {
        await_report(ports, "zeros", |report| match report {
            Report::Zeros { dead } => Some(dead),
            _ => None,
        })
    };
    let opened = Instant::now();
    assert!(zeros(&ports)?, "nobody speaks, and this microphone has no noise");
    assert!(opened.elapsed() < Duration::from_secs(5), "{:?}", opened.elapsed());
    desk.sound.speak_async(&path)?.wait()?;
    assert!(!zeros(&ports)?);
    Ok(())
}

#[test]
fn speaking_into_a_muted_microphone_is_told_and_no_sound_of_it_leaves() -> Result<()> {
    let desk = Desk::new()?;
    let (_, path) = desk.speech("nobody must hear this, and somebody must say so")?;
    let (_engine, ports) = Engine::start(EngineOptions { gate: Gate::Silent, ..pulse() });
    await_open(&ports, Direction::Microphone)?;
    let heard = listen(&desk, &ports, "mic_in", &path)?;
    await_report(&ports, "a hint", |report| matches!(report, Report::SpokenUnheard).then_some(()))?;
    assert!(heard.iter().all(|&sample| sample == 0.0));
    Ok(())
}

#[test]
fn another_device_is_chosen_while_it_speaks_and_nothing_is_lost() -> Result<()> {
    let desk = Desk::new()?;
    plug_in(&desk, "chosen")?;
    let (_engine, ports) = Engine::start(pulse());
    await_open(&ports, Direction::Speaker)?;
    say(&ports, "through", &tone(3.0))?;
    await_report(&ports, "start", |report| matches!(report, Report::Started { .. }).then_some(()))?;
    let choose = |order: Vec<String>| Control::Prefer { direction: Direction::Speaker, order };
    ports.control.send(choose(vec!["pulseaudio:gone".into(), "pulseaudio:chosen".into()]))?;
    assert_eq!(await_open(&ports, Direction::Speaker)?.id, "pulseaudio:chosen");
    let finished = await_report(&ports, "the end", |report| match report {
        Report::Finished(played) => Some(Ok(played.ms)),
        Report::Failed { .. } | Report::Moved { .. } => Some(Err(format!("{report:?}"))),
        _ => None,
    })?;
    assert_eq!(finished, Ok(3_000), "who chooses need not be told");
    ports.control.send(choose(Vec::new()))?;
    assert_eq!(await_open(&ports, Direction::Speaker)?.id, "pulseaudio:speaker");
    Ok(())
}

#[test]
fn a_device_that_changes_its_rate_is_opened_anew() -> Result<()> {
    let desk = Desk::new()?;
    let load = |rate: &str| desk.sound.pactl(&["load-module", "module-null-sink", "sink_name=phone", rate]);
    let module = load("rate=44100")?;
    let (_engine, ports) =
        Engine::start(EngineOptions { speakers: vec!["pulseaudio:phone".into()], ..pulse() });
    assert_eq!(await_open(&ports, Direction::Speaker)?.rate_hz, 44_100);
    desk.sound.pactl(&["unload-module", &module])?;
    load("rate=16000")?;
    await_report(&ports, "the other rate", |report| match report {
        Report::Opened { device, .. } => (device.rate_hz == 16_000).then_some(()),
        _ => None,
    })?;
    say(&ports, "still", &tone(0.3))?;
    assert_eq!(await_finish(&ports, "still")?.ms, 300);
    Ok(())
}

#[test]
fn a_chosen_device_that_is_plugged_in_later_is_taken_as_chosen_and_not_as_the_systems() -> Result<()> {
    let desk = Desk::new()?;
    let (_engine, ports) =
        Engine::start(EngineOptions { speakers: vec!["pulseaudio:headset".into()], ..pulse() });
    assert_eq!(await_open(&ports, Direction::Speaker)?.id, "pulseaudio:speaker");
    plug_in(&desk, "headset")?;
    assert_eq!(await_move(&ports, Direction::Speaker)?, moved("Speaker", "The-headset", Move::Returned));
    Ok(())
}

#[test]
fn the_default_device_is_followed() -> Result<()> {
    let desk = Desk::new()?;
    desk.sound.pactl(&["load-module", "module-null-sink", "sink_name=other rate=48000"])?;
    let (_engine, ports) = Engine::start(pulse());
    assert_eq!(await_open(&ports, Direction::Speaker)?.id, "pulseaudio:speaker");
    desk.sound.pactl(&["set-default-sink", "other"])?;
    let device = await_open(&ports, Direction::Speaker)?;
    assert_eq!((device.id.as_str(), device.rate_hz), ("pulseaudio:other", 48_000));
    let (from, _, why) = await_move(&ports, Direction::Speaker)?;
    assert_eq!((from.as_str(), why), ("Speaker", Move::Followed));
    Ok(())
}

#[test]
fn a_sound_server_that_dies_is_survived() -> Result<()> {
    let mut desk = Desk::new()?;
    let (_engine, ports) = Engine::start(pulse());
    await_open(&ports, Direction::Speaker)?;
    say(&ports, "through", &tone(4.0))?;
    await_report(&ports, "start", |report| matches!(report, Report::Started { .. }).then_some(()))?;
    let next = rig::Sound::start()?;
    adopt(&next.env());
    std::mem::replace(&mut desk.sound, next).stop()?;
    await_failure(&ports, Direction::Speaker)?;
    await_open(&ports, Direction::Speaker)?;
    assert_eq!(await_finish(&ports, "through")?.ms, 4_000);
    Ok(())
}

#[test]
fn devices_of_the_same_name_are_told_apart() -> Result<()> {
    let desk = Desk::new()?;
    for sink in ["left", "right"] {
        let name = format!("sink_name=usb-{sink}.stereo");
        let called = "sink_properties=device.description=Loudspeakers";
        desk.sound.pactl(&["load-module", "module-null-sink", &name, called])?;
    }
    let mut names: Vec<_> = audio::devices()?.outputs.into_iter().map(|device| device.name).collect();
    names.sort();
    assert_eq!(names[..2], ["Loudspeakers (left)", "Loudspeakers (right)"]);
    let right = EngineOptions { speakers: vec!["pulseaudio:usb-right.stereo".into()], ..pulse() };
    let (_engine, ports) = Engine::start(right);
    assert_eq!(await_open(&ports, Direction::Speaker)?.name, "Loudspeakers (right)");
    Ok(())
}

#[test]
fn devices_are_listed_and_monitors_are_marked() -> Result<()> {
    let _desk = Desk::new()?;
    let devices = audio::devices()?;
    let names = |list: &[audio::Device]| -> Vec<(String, bool, bool)> {
        let mut names: Vec<_> =
            list.iter().map(|device| (device.id.clone(), device.is_default, device.is_monitor)).collect();
        names.sort();
        names
    };
    assert_eq!(
        names(&devices.outputs),
        [("pulseaudio:mic_in".into(), false, false), ("pulseaudio:speaker".into(), true, false)]
    );
    assert_eq!(
        names(&devices.inputs),
        [
            ("pulseaudio:mic".into(), true, false),
            ("pulseaudio:mic_in.monitor".into(), false, true),
            ("pulseaudio:speaker.monitor".into(), false, true),
        ]
    );
    Ok(())
}
