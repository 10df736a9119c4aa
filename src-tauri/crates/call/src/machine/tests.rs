//! The transition as a table: a row is what happens and what follows.

use audio::{DeviceError, DeviceFormat, Direction, Move, Played};
use realtime::{CloseKind, Incoming, Price, Profile};

mod budget;
mod cost;
mod handover;
mod line;
mod silence;

use super::*;
use crate::event::{Ending, Status};
use crate::patience::Patience;
use crate::setup::Setup;
use crate::setup::{Access, Idle};

mod idle;

/// A call and the rows it has gone through.
struct Table {
    state: Option<State>,
    now: u64,
}

impl Table {
    fn new(turns: Turns) -> Self {
        let profile = Profile { name: "Test".into(), ..Profile::default() };
        // Hours pass in some tables; what quiet does has one of its own.
        let idle = Idle { hang_up: false, ..Idle::default() };
        let setup = Setup { turns, idle, ..Setup::new(profile, Access::Backend(None)) };
        Self { state: Some(State::new(setup)), now: 0 }
    }

    /// A call whose line is ready.
    fn live(turns: Turns) -> Self {
        let mut table = Self::new(turns);
        table.take(Input::Start);
        table.take(connected());
        table.take(server(r#"{"type":"conversation.created","conversation":{"id":"c1"}}"#));
        table.take(server(r#"{"type":"session.updated","session":{}}"#));
        assert_eq!(table.state().phase, Phase::Live);
        table
    }

    /// A call in which the agent is speaking item `i1` of reply `r1`: one second has arrived.
    fn speaking() -> Self {
        let mut table = Self::live(Turns::Auto);
        table.rows(&[
            (server(r#"{"type":"response.created","response":{"id":"r1"}}"#), "= thinking"),
            (
                server(
                    r#"{"type":"response.output_audio_transcript.delta","item_id":"i1","response_id":"r1","delta":"one two three four","start_time":0}"#,
                ),
                "item 0 'one two three four'…",
            ),
            (sound("i1", "r1", 1_000), "speak i1 1000"),
            (Input::Device(Report::Started { item: "i1".into() }), "= speaking"),
        ]);
        table
    }

    fn state(&self) -> &State {
        self.state.as_ref().unwrap()
    }

    fn take(&mut self, input: Input) -> String {
        let (state, effects) = step(self.state.take().unwrap(), self.now, input);
        self.state = Some(state);
        effects.iter().filter_map(brief).collect::<Vec<_>>().join(" | ")
    }

    #[track_caller]
    fn row(&mut self, input: Input, wanted: &str) {
        let shown = format!("{input:?}");
        assert_eq!(self.take(input), wanted, "after {shown}");
    }

    #[track_caller]
    fn rows(&mut self, rows: &[(Input, &str)]) {
        for (input, wanted) in rows {
            let (state, effects) = step(self.state.take().unwrap(), self.now, input.again());
            self.state = Some(state);
            let got = effects.iter().filter_map(brief).collect::<Vec<_>>().join(" | ");
            assert_eq!(got, *wanted, "after {input:?}");
        }
    }

    /// Lets time pass and the deadlines with it.
    fn wait(&mut self, ms: u64) -> String {
        self.now += ms;
        self.take(Input::Tick)
    }
}

fn connected() -> Input {
    Input::Connected(Wishes::default())
}

impl Input {
    /// Tables are written once and read by reference.
    fn again(&self) -> Input {
        match self {
            Input::Start => Input::Start,
            Input::Command(command) => Input::Command(command.clone()),
            Input::Step(step) => Input::Step(*step),
            Input::Connected(wishes) => Input::Connected(wishes.clone()),
            Input::ConnectFailed(failed) => Input::ConnectFailed(failed.clone()),
            Input::Waiting { ms } => Input::Waiting { ms: *ms },
            Input::Prepared(wishes) => Input::Prepared(wishes.clone()),
            Input::PrepareFailed { problem, conversation } => {
                Input::PrepareFailed { problem: problem.clone(), conversation: *conversation }
            }
            Input::Next(event) => Input::Next(event.clone()),
            Input::Slept(nap) => Input::Slept(*nap),
            Input::NetworkChanged => Input::NetworkChanged,
            Input::Server(event) => Input::Server(event.clone()),
            Input::Sound { item, response, samples } => {
                Input::Sound { item: item.clone(), response: response.clone(), samples: samples.clone() }
            }
            Input::Closed(closed) => Input::Closed(closed.clone()),
            Input::Device(report) => Input::Device(report.clone()),
            Input::Frame(samples) => Input::Frame(samples.clone()),
            Input::Measured { voice_to_wire_ms, echo } => {
                Input::Measured { voice_to_wire_ms: *voice_to_wire_ms, echo: *echo }
            }
            Input::Tick => Input::Tick,
        }
    }
}

fn server(json: &str) -> Input {
    match realtime::parse(json).unwrap() {
        Incoming::Event(event) => Input::Server(event),
        Incoming::Audio(_) => panic!("sound is an input of its own"),
    }
}

fn sound(item: &str, response: &str, ms: usize) -> Input {
    Input::Sound { item: Some(item.into()), response: Some(response.into()), samples: vec![1; ms * 24] }
}

fn speech(what: &str) -> Input {
    server(&format!(r#"{{"type":"input_audio_buffer.speech_{what}","item_id":"u1"}}"#))
}

fn command(command: Command) -> Input {
    Input::Command(command)
}

fn frame() -> Input {
    Input::Frame(Box::new([0; FRAME_SAMPLES]))
}

fn played(item: &str, ms: u64) -> Played {
    Played { item: item.into(), ms }
}

fn closed(code: Option<u16>, kind: CloseKind) -> Input {
    Input::Closed(Closed { code, reason: "why".into(), kind })
}

/// An effect in a few letters; the clock is left out, and silence where the microphone gives nothing.
fn brief(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Connect { resume: None, .. } => "connect".into(),
        Effect::Connect { resume: Some(id), .. } => format!("connect {id}"),
        Effect::Send(ClientEvent::ItemTruncate { item_id, audio_end_ms, .. }) => {
            format!("truncate {item_id} {audio_end_ms}")
        }
        Effect::Send(ClientEvent::ResponseCancel { response_id }) => {
            format!("cancel {}", response_id.as_deref().unwrap_or("?"))
        }
        Effect::Send(ClientEvent::InputAudioAppend { audio }) => format!("give {} ms", audio.len() / 24),
        Effect::Send(event) => event.kind().into(),
        Effect::Prepare { resume } => format!("prepare {}", resume.as_deref().unwrap_or("anew")),
        Effect::SendNext(event) => format!("next {}", event.kind()),
        Effect::Switch => "switch".into(),
        Effect::DropNext => "drop next".into(),
        Effect::Append(_) => "append".into(),
        Effect::Silence { .. } => return None,
        Effect::Probe(limit) => format!("probe {} s", limit.as_secs()),
        Effect::Device(Control::Speak { item, samples }) => format!("speak {item} {}", samples.len() / 24),
        Effect::Device(Control::Finish { item }) => format!("finish {item}"),
        Effect::Device(Control::Flush) => "flush".into(),
        Effect::Device(Control::Gate(gate)) => format!("gate {gate:?}"),
        Effect::Device(Control::Volume(_)) => "volume".into(),
        Effect::Device(Control::Duck(ducked)) => if *ducked { "duck" } else { "unduck" }.into(),
        Effect::Device(Control::Hush(hushed)) => format!("hush {hushed}"),
        Effect::Device(Control::Prefer { direction, order }) => format!("prefer {direction:?} {order:?}"),
        Effect::Device(Control::Process(_)) => "process".into(),
        Effect::HangUp => "hang up".into(),
        Effect::Tell(Event::Status { status }) => {
            let status = serde_json::to_value(status).unwrap();
            format!("= {}", status["word"].as_str().unwrap())
        }
        Effect::Tell(Event::Item { index, item }) => {
            let cut = item.unheard.as_ref().map(|rest| format!(" cut '{rest}'")).unwrap_or_default();
            format!("item {index} '{}'{}{cut}", item.text, if item.partial { "…" } else { "" })
        }
        Effect::Tell(Event::Notice { problem }) => format!("notice {:?}", problem.code),
        Effect::Tell(Event::NoticeGone { code }) => format!("notice gone {code:?}"),
        Effect::Tell(Event::Device { direction, device }) => {
            format!("{direction:?} {}", if device.open { "open" } else { "shut" })
        }
        Effect::Tell(Event::Controls { .. }) => "controls".into(),
        Effect::Tell(Event::Quiet { quiet: Some(quiet) }) => format!("quiet {}", quiet.hang_up_in_ms / 1_000),
        Effect::Tell(Event::Quiet { quiet: None }) => "not quiet".into(),
        Effect::Tell(Event::Model { model }) => format!("model {model}"),
        Effect::Device(Control::Listen(_))
        | Effect::Tell(Event::Clock { .. } | Event::Levels { .. } | Event::Figures { .. }) => {
            return None;
        }
    })
}

#[test]
fn nothing_is_sent_before_the_session_is_agreed() {
    Table::new(Turns::Auto).rows(&[
        (Input::Start, "connect | gate Silent | = connecting"),
        (frame(), ""),
        (Input::Step(Step::OpeningLine), "= connecting"),
        (
            server(r#"{"type":"session.created","session":{"model":"grok-voice-3.0"}}"#),
            "model grok-voice-3.0",
        ),
        (connected(), "session.update | = connecting"),
        (frame(), ""),
        (server(r#"{"type":"session.updated","session":{}}"#), "gate Open | = listening"),
        (frame(), "append"),
    ]);
}

#[test]
fn a_spoken_turn_ends_with_its_last_sample_not_with_done() {
    let mut table = Table::live(Turns::Auto);
    table.rows(&[
        (speech("started"), "item 0 ''… | = hearingYou"),
        (
            server(r#"{"type":"conversation.item.input_audio_transcription.updated","item_id":"u1","transcript":"hel"}"#),
            "item 0 'hel'…",
        ),
        (speech("stopped"), "= thinking"),
        (
            server(
                r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"u1","transcript":"hello","status":"completed"}"#,
            ),
            "item 0 'hello'",
        ),
        (server(r#"{"type":"response.created","response":{"id":"r1"}}"#), ""),
        (
            server(
                r#"{"type":"response.output_item.added","response_id":"r1","item":{"id":"i1","type":"message","role":"assistant"}}"#,
            ),
            "item 1 ''…",
        ),
        (sound("i1", "r1", 500), "speak i1 500"),
        (Input::Device(Report::Started { item: "i1".into() }), "= speaking"),
        (
            server(
                r#"{"type":"response.output_audio_transcript.done","item_id":"i1","response_id":"r1","transcript":"hi"}"#,
            ),
            "item 1 'hi'",
        ),
        (server(r#"{"type":"response.output_audio.done","item_id":"i1","response_id":"r1"}"#), "finish i1"),
        (server(r#"{"type":"response.done","response":{"id":"r1","status":"completed"}}"#), ""),
        (Input::Device(Report::Finished(played("i1", 500))), "= listening"),
    ]);
}

#[test]
fn the_volume_and_the_processing_go_to_the_devices_in_every_state() {
    let mut table = Table::live(Turns::Auto);
    table.rows(&[
        (Input::Command(Command::Volume(0.5)), "volume"),
        (Input::Command(Command::Mute(Mute::Soft)), "controls | gate Silent | = muted"),
        (Input::Command(Command::Volume(0.25)), "volume"),
        (Input::Command(Command::Process(audio::Processing::OFF)), "process"),
    ]);
}

#[test]
fn barge_in_silences_cancels_truncates_and_cuts_the_caption() {
    let mut table = Table::speaking();
    table.rows(&[
        (speech("started"), "flush | cancel r1 | item 1 ''… | = hearingYou"),
        (
            Input::Device(Report::Flushed(vec![played("i1", 500)])),
            "truncate i1 500 | item 0 'one two' cut 'three four'",
        ),
        (sound("i1", "r1", 500), ""),
        (speech("started"), ""),
        (
            server(
                r#"{"type":"response.output_audio_transcript.delta","item_id":"i1","response_id":"r1","delta":" five"}"#,
            ),
            "item 0 'one two' cut 'three four five'",
        ),
        (
            server(
                r#"{"type":"conversation.item.truncated","item_id":"i1","content_index":0,"audio_end_ms":500,"transcript":"one two three"}"#,
            ),
            "item 0 'one two three' cut 'four five'",
        ),
        (
            server(r#"{"type":"response.done","response":{"id":"r1","status":"cancelled"}}"#),
            "",
        ),
        (server(r#"{"type":"error","error":{"message":"Cancellation failed: no active response found"}}"#), ""),
    ]);
}

#[test]
fn a_reply_that_is_done_but_still_sounding_is_interrupted_without_a_cancel() {
    let mut table = Table::speaking();
    table.rows(&[
        (
            server(r#"{"type":"response.done","response":{"id":"r1","status":"completed"}}"#),
            "finish i1 | item 0 'one two three four'",
        ),
        (speech("started"), "flush | item 1 ''… | = hearingYou"),
        (
            Input::Device(Report::Flushed(vec![played("i1", 250)])),
            "truncate i1 250 | item 0 'one' cut 'two three four'",
        ),
    ]);
}

#[test]
fn an_item_that_was_heard_to_its_end_is_not_cut() {
    let mut table = Table::speaking();
    table.take(server(r#"{"type":"response.done","response":{"id":"r1","status":"completed"}}"#));
    table.take(speech("started"));
    table.row(Input::Device(Report::Flushed(vec![played("i1", 1_000)])), "");
    assert_eq!(table.state().transcript.items()[0].unheard, None);
}

#[test]
fn a_reply_with_words_but_no_sound_yet_was_not_heard_at_all() {
    let mut table = Table::live(Turns::Auto);
    table.take(server(r#"{"type":"response.created","response":{"id":"r1"}}"#));
    table.take(server(
        r#"{"type":"response.output_audio_transcript.delta","item_id":"i1","response_id":"r1","delta":"hello"}"#,
    ));
    table.row(command(Command::Interrupt), "item 0 '' cut 'hello' | cancel r1 | = listening");
    table.row(sound("i1", "r1", 500), "");
}

#[test]
fn a_new_reply_ends_one_that_was_abandoned() {
    let mut table = Table::speaking();
    table.row(server(r#"{"type":"response.created","response":{"id":"r2"}}"#), "finish i1");
    table.row(sound("i2", "r2", 100), "item 1 ''… | speak i2 100");
}

#[test]
fn a_reply_that_falls_silent_does_not_speak_for_ever() {
    let mut table = Table::speaking();
    assert_eq!(table.wait(1_000 + SOUNDING_SILENCE_MS - 1), "", "its sound and some patience first");
    assert_eq!(table.wait(1), "finish i1");
    table.row(
        Input::Device(Report::Finished(played("i1", 1_000))),
        "item 0 'one two three four' | = listening",
    );
}

#[test]
fn a_turn_that_nobody_answers_goes_back_to_listening() {
    let mut table = Table::live(Turns::Auto);
    table.take(speech("started"));
    table.row(speech("stopped"), "= thinking");
    assert_eq!(table.wait(ANSWER_MS), "notice ReplyLost | = listening");
}

#[test]
fn soft_mute_sends_silence_and_hard_mute_closes_the_stream() {
    let mut table = Table::live(Turns::Auto);
    table.rows(&[
        (command(Command::Mute(Mute::Soft)), "controls | gate Silent | = muted"),
        (frame(), "append"),
        (command(Command::Talk(true)), "controls | gate Open | = listening"),
        (command(Command::Talk(false)), "controls"),
    ]);
    assert_eq!(table.wait(TAIL_MS), "gate Silent | = muted", "the end of the word is heard, and no more");
    table.rows(&[
        (command(Command::Mute(Mute::Hard)), "controls | gate Released | = muted"),
        (command(Command::Talk(true)), ""),
        (command(Command::Mute(Mute::Open)), "controls | gate Open | = listening"),
    ]);
}

#[test]
fn mute_does_not_silence_the_agent() {
    Table::speaking().row(command(Command::Mute(Mute::Soft)), "controls | gate Silent");
}

#[test]
fn in_manual_turns_the_key_interrupts_talks_and_hands_over_with_its_tail() {
    let mut table = Table::live(Turns::Manual);
    table.rows(&[
        (frame(), ""),
        (speech("started"), ""),
        (command(Command::Talk(true)), "controls | input_audio_buffer.clear | gate Open | = hearingYou"),
        (frame(), "append"),
        (command(Command::Talk(false)), "controls"),
        (frame(), "append"),
    ]);
    assert_eq!(table.wait(TAIL_MS), "input_audio_buffer.commit | response.create | gate Silent | = thinking");
    table.row(frame(), "");
}

#[test]
fn turns_change_while_the_line_is_open() {
    Table::live(Turns::Auto).rows(&[
        (command(Command::Turns(Turns::Manual)), "session.update | controls | gate Silent | = muted"),
        (server(r#"{"type":"session.updated","session":{}}"#), ""),
        (command(Command::Turns(Turns::Auto)), "session.update | controls | gate Open | = listening"),
    ]);
}

#[test]
fn patience_changes_while_the_line_is_open_and_is_told_once() {
    let slow = Patience { silence_ms: 1_500, threshold: 0.5 };
    let mut table = Table::live(Turns::Auto);
    table.rows(&[
        (command(Command::Patience(slow)), "session.update | controls"),
        (command(Command::Patience(slow)), ""),
        (command(Command::Turns(Turns::Manual)), "session.update | controls | gate Silent | = muted"),
        (command(Command::Patience(Patience::default())), "controls"),
    ]);
    assert_eq!(table.state().controls.voice_from_dbfs, Patience::default().level_dbfs());
}

#[test]
fn what_is_set_while_the_session_is_being_agreed_is_asked_for_after_it() {
    let slow = Patience { silence_ms: 1_500, ..Patience::default() };
    let mut table = Table::new(Turns::Auto);
    table.rows(&[
        (Input::Start, "connect | gate Silent | = connecting"),
        (connected(), "session.update | = connecting"),
        (command(Command::Patience(slow)), "controls"),
        (server(r#"{"type":"session.updated","session":{}}"#), "session.update | gate Open | = listening"),
        (server(r#"{"type":"session.updated","session":{}}"#), ""),
    ]);
}

#[test]
fn typed_text_waits_for_the_line_and_interrupts_the_voice() {
    let mut table = Table::new(Turns::Auto);
    table.take(Input::Start);
    table.row(command(Command::SendText("  hi ".into())), "item 0 'hi'");
    table.row(command(Command::SendText("   ".into())), "");
    table.take(connected());
    table.row(
        server(r#"{"type":"session.updated","session":{}}"#),
        "conversation.item.create | response.create | gate Open | = thinking",
    );
    table.row(
        server(
            r#"{"type":"conversation.item.added","item":{"id":"w1","type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}}"#,
        ),
        "",
    );
    assert_eq!(table.state().transcript.items().len(), 1, "the server's item is the one we typed");

    Table::speaking().row(
        command(Command::SendText("stop".into())),
        "item 1 'stop' | flush | cancel r1 | conversation.item.create | response.create",
    );
}

#[test]
fn too_much_text_is_refused_and_said() {
    let mut table = Table::live(Turns::Auto);
    let text = "x".repeat(TEXT_LIMIT + 1);
    table.row(command(Command::SendText(text)), "notice Internal");
}

#[test]
fn an_error_is_fatal_before_the_session_and_a_notice_after() {
    let error = r#"{"type":"error","error":{"type":"invalid_request_error","message":"no such voice"}}"#;
    let mut table = Table::new(Turns::Auto);
    table.take(Input::Start);
    table.take(connected());
    table.row(server(error), "gate Released | Microphone shut | Speaker shut | hang up | = ended");
    Table::live(Turns::Auto).row(server(error), "notice ServerError");
}

#[test]
fn a_session_that_is_never_agreed_is_given_up() {
    let mut table = Table::new(Turns::Auto);
    table.take(Input::Start);
    table.take(connected());
    assert_eq!(table.state().deadline(), Some(AGREE_MS));
    assert_eq!(table.wait(AGREE_MS), "gate Released | Microphone shut | Speaker shut | hang up | = ended");
}

#[test]
fn a_server_that_insists_on_another_rate_is_refused() {
    let mut table = Table::new(Turns::Auto);
    table.take(Input::Start);
    table.take(connected());
    let other = r#"{"type":"session.updated","session":{"audio":{"output":{"format":{"type":"audio/pcm","rate":16000}}}}}"#;
    assert!(table.take(server(other)).ends_with("= ended"));
}

#[test]
fn a_model_that_was_not_asked_for_is_named() {
    let mut table = Table::new(Turns::Auto);
    table.state.as_mut().unwrap().setup.profile.model = "grok-voice-think-fast-1.0".into();
    table.take(Input::Start);
    table.row(
        server(r#"{"type":"session.created","session":{"model":"grok-voice-latest"}}"#),
        "notice WrongModel | model grok-voice-latest",
    );
}

#[test]
fn a_device_that_fails_does_not_end_the_call() {
    let lost = || {
        Input::Device(Report::Failed {
            direction: Direction::Microphone,
            error: DeviceError::NoDevice("microphone"),
        })
    };
    let device =
        DeviceFormat { id: "a".into(), name: "A".into(), rate_hz: 48_000, channels: 1, format: "f32".into() };
    Table::live(Turns::Auto).rows(&[
        (lost(), "Microphone shut | = muted"),
        (lost(), ""),
        (
            Input::Device(Report::Opened { direction: Direction::Microphone, device }),
            "Microphone open | = listening",
        ),
    ]);
}

#[test]
fn a_microphone_that_gives_zeros_is_an_alarm_unless_it_is_you_who_muted_it() {
    let zeros = |dead| Input::Device(Report::Zeros { dead });
    Table::live(Turns::Auto).rows(&[
        (zeros(true), "notice SilentMicrophone"),
        (
            command(Command::Mute(Mute::Soft)),
            "controls | gate Silent | notice gone SilentMicrophone | = muted",
        ),
        (command(Command::Mute(Mute::Open)), "controls | gate Open | notice SilentMicrophone | = listening"),
        (command(Command::Dismiss(ProblemCode::SilentMicrophone)), "notice gone SilentMicrophone"),
        (Input::Tick, ""),
        (zeros(false), ""),
        (zeros(true), "notice SilentMicrophone"),
        (zeros(false), "notice gone SilentMicrophone"),
    ]);
}

#[test]
fn speaking_while_muted_is_a_hint_that_goes_with_the_mute() {
    let spoken = || Input::Device(Report::SpokenUnheard);
    Table::live(Turns::Auto).rows(&[
        (spoken(), ""),
        (command(Command::Mute(Mute::Soft)), "controls | gate Silent | = muted"),
        (spoken(), "notice MutedSpeech"),
        (command(Command::Mute(Mute::Open)), "notice gone MutedSpeech | controls | gate Open | = listening"),
    ]);
    // In manual turns a key that is up is no mute.
    Table::live(Turns::Manual).row(spoken(), "");
}

#[test]
fn a_headset_in_telephone_mode_is_explained_until_another_microphone_is_used() {
    let opened = |id: &str, rate_hz, channels| {
        let (id, name, format) = (id.to_owned(), "Phones".to_owned(), "i16".to_owned());
        let device = DeviceFormat { id, name, rate_hz, channels, format };
        Input::Device(Report::Opened { direction: Direction::Microphone, device })
    };
    Table::live(Turns::Auto).rows(&[
        (opened("pulseaudio:bluez_input.0.headset", 16_000, 1), "notice Telephone | Microphone open"),
        (opened("pulseaudio:mic", 48_000, 2), "notice gone Telephone | Microphone open"),
    ]);
}

#[test]
fn hushing_the_speaker_is_no_matter_of_its_volume() {
    Table::live(Turns::Auto).rows(&[
        (command(Command::Hush(true)), "hush true | controls"),
        (command(Command::Volume(0.5)), "volume"),
        (command(Command::Hush(false)), "hush false | controls"),
    ]);
}

#[test]
fn a_move_to_another_device_is_told_by_both_names_until_it_is_over() {
    let moved = |why| {
        let (from, to) = ("Headset".to_owned(), "Built-in".to_owned());
        Input::Device(Report::Moved { direction: Direction::Speaker, from, to, why })
    };
    let mut table = Table::live(Turns::Auto);
    table.row(moved(Move::Lost), "notice SpeakerMoved");
    let [notice] = table.state().notices.as_slice() else { panic!("{:?}", table.state().notices) };
    assert_eq!(notice.message, "Headset went away, so the call goes on with Built-in.");
    let device = DeviceFormat {
        id: "d".into(),
        name: "Desk".into(),
        rate_hz: 48_000,
        channels: 2,
        format: "f32".into(),
    };
    let opened = Input::Device(Report::Opened { direction: Direction::Speaker, device });
    table.row(opened, "notice gone SpeakerMoved | Speaker open");
    table.rows(&[
        (moved(Move::Lost), "notice SpeakerMoved"),
        (moved(Move::Returned), "notice gone SpeakerMoved"),
        (moved(Move::Returned), ""),
        (moved(Move::Followed), "notice SpeakerMoved"),
        (command(Command::Dismiss(ProblemCode::SpeakerMoved)), "notice gone SpeakerMoved"),
        (
            command(Command::Prefer { direction: Direction::Microphone, order: vec!["a".into()] }),
            "prefer Microphone [\"a\"]",
        ),
    ]);
}

#[test]
fn ending_flushes_settles_and_hangs_up() {
    let mut table = Table::speaking();
    table.row(
        command(Command::End),
        "gate Released | finish i1 | flush | item 0 'one two three four' | Microphone shut | Speaker shut | hang up | = ended",
    );
    table.row(Input::Device(Report::Flushed(vec![played("i1", 500)])), "item 0 'one two' cut 'three four'");
    table.row(frame(), "");
    table.row(command(Command::Talk(true)), "");
    assert_eq!(table.state().deadline(), None);
}

#[test]
fn a_binary_line_speaks_for_the_newest_item_of_the_open_reply() {
    let mut table = Table::live(Turns::Auto);
    table.take(server(r#"{"type":"response.created","response":{"id":"r1"}}"#));
    table.take(server(
        r#"{"type":"response.output_item.added","response_id":"r1","item":{"id":"i1","type":"message","role":"assistant"}}"#,
    ));
    table.row(Input::Sound { item: None, response: None, samples: vec![0; 2_400] }, "speak i1 100");
}

fn voice(speaking: bool, voiced_ms: u32) -> Input {
    Input::Device(Report::Voice { speaking, voiced_ms })
}

fn flushed(ms: u64) -> Input {
    Input::Device(Report::Flushed(vec![played("i1", ms)]))
}

/// [`Table::speaking`], and the reply is past its first moments.
fn well_under_way() -> Table {
    let mut table = Table::speaking();
    table.now += 600;
    table
}

#[test]
fn a_voice_ducks_at_once_and_interrupts_when_it_goes_on() {
    let mut table = well_under_way();
    table.rows(&[
        (voice(true, 48), "duck"),
        (voice(true, 224), ""),
        (voice(true, 240), "flush | cancel r1 | unduck | = hearingYou"),
        (flushed(600), "truncate i1 600 | item 0 'one two' cut 'three four'"),
        (speech("started"), "item 1 ''…"),
        (voice(false, 900), ""),
        (speech("stopped"), "= thinking"),
    ]);
}

#[test]
fn a_cough_only_ducks() {
    let mut table = well_under_way();
    table.rows(&[(voice(true, 48), "duck"), (voice(true, 192), ""), (voice(false, 192), "unduck")]);
    assert!(table.state().replies.is_sounding());
}

#[test]
fn in_the_first_moments_of_a_reply_a_voice_must_be_longer_and_the_servers_word_need_not() {
    let mut table = Table::speaking();
    table.row(voice(true, 240), "duck");
    table.row(voice(true, 464), "");
    table.row(voice(true, 480), "flush | cancel r1 | unduck | = hearingYou");
    Table::speaking().row(speech("started"), "flush | cancel r1 | item 1 ''… | = hearingYou");
}

#[test]
fn the_local_detector_does_nothing_when_it_may_not() {
    for change in [Command::QuickBargeIn(false), Command::Mute(Mute::Soft), Command::Turns(Turns::Manual)] {
        let mut table = well_under_way();
        table.take(command(change.clone()));
        table.row(voice(true, 640), "");
        assert!(table.state().replies.is_sounding(), "{change:?}");
    }
    Table::live(Turns::Auto).row(voice(true, 640), "");
}

#[test]
fn the_detector_is_on_only_while_it_is_wanted() {
    let told = |table: &mut Table, input| {
        let (state, effects) = step(table.state.take().unwrap(), table.now, input);
        table.state = Some(state);
        effects.into_iter().find_map(|effect| match effect {
            Effect::Device(Control::Listen(from)) => Some(from),
            _ => None,
        })
    };
    let mut table = Table::new(Turns::Auto);
    table.take(Input::Start);
    table.take(connected());
    let ready = server(r#"{"type":"session.updated","session":{}}"#);
    let office = Patience::default();
    assert_eq!(told(&mut table, ready), Some(Some(office.level_dbfs())));
    let soft = Patience { threshold: 0.4, ..office };
    assert_eq!(told(&mut table, command(Command::Patience(soft))), Some(Some(soft.level_dbfs())));
    assert_eq!(told(&mut table, command(Command::QuickBargeIn(false))), Some(None));
    assert_eq!(told(&mut table, command(Command::QuickBargeIn(true))), Some(Some(soft.level_dbfs())));
    assert_eq!(told(&mut table, command(Command::Turns(Turns::Manual))), Some(None));
}

/// A false start: a voice has interrupted after half of what had come, and nobody said a word.
fn false_start(done: bool) -> Table {
    let mut table = well_under_way();
    if done {
        table.take(server(r#"{"type":"response.done","response":{"id":"r1","status":"completed"}}"#));
    }
    table.take(voice(true, 240));
    table.take(flushed(500));
    table.row(voice(false, 240), "= listening");
    assert_eq!(table.wait(barge::FALSE_START_MS - 1), "");
    assert!(!table.state().controls.can_continue);
    assert_eq!(table.wait(1), "controls");
    assert!(table.state().controls.can_continue);
    table
}

#[test]
fn after_a_false_start_the_rest_is_played_from_where_the_ear_stopped() {
    let mut table = false_start(true);
    table.rows(&[
        (
            command(Command::Continue),
            "controls | item 1 'three four'… | speak i1+ 500 | finish i1+ | = thinking",
        ),
        (Input::Device(Report::Started { item: "i1+".into() }), "= speaking"),
        (command(Command::Continue), ""),
        (
            Input::Device(Report::Finished(played("i1+", 500))),
            "item 1 'three four' | conversation.item.create | = listening",
        ),
    ]);
}

#[test]
fn what_is_played_again_may_be_interrupted_and_continued_again() {
    let mut table = false_start(true);
    table.take(command(Command::Continue));
    table.take(Input::Device(Report::Started { item: "i1+".into() }));
    table.row(voice(true, 240), "flush | = hearingYou");
    table.row(
        Input::Device(Report::Flushed(vec![played("i1+", 300)])),
        "conversation.item.create | item 1 'three' cut 'four'",
    );
    table.take(voice(false, 240));
    table.wait(barge::FALSE_START_MS);
    table.row(
        command(Command::Continue),
        "controls | item 2 'four'… | speak i1++ 200 | finish i1++ | = thinking",
    );
}

#[test]
fn a_reply_that_was_never_finished_is_asked_for_after_its_rest() {
    let mut table = false_start(false);
    table.take(command(Command::Continue));
    table.take(Input::Device(Report::Started { item: "i1+".into() }));
    table.row(
        Input::Device(Report::Finished(played("i1+", 500))),
        "item 1 'three four' | conversation.item.create | response.create | = thinking",
    );
}

#[test]
fn a_reply_of_which_nothing_is_left_is_asked_for() {
    let mut table = Table::live(Turns::Auto);
    table.take(server(r#"{"type":"response.created","response":{"id":"r1"}}"#));
    table.row(speech("started"), "cancel r1 | item 0 ''… | = hearingYou");
    table.row(speech("stopped"), "= thinking");
    assert_eq!(table.wait(barge::FALSE_START_MS), "controls");
    table.row(
        command(Command::Continue),
        "controls | item 1 'The agent was asked to go on.' | conversation.item.create | response.create",
    );
}

#[test]
fn words_a_reply_or_a_key_take_the_offer_back() {
    let words = r#"{"type":"conversation.item.input_audio_transcription.updated","item_id":"u1","transcript":"wait"}"#;
    for given in [
        server(words),
        server(r#"{"type":"response.created","response":{"id":"r2"}}"#),
        command(Command::SendText("wait".into())),
        command(Command::Talk(true)),
        command(Command::Interrupt),
        closed(None, CloseKind::Lost),
    ] {
        let mut table = false_start(true);
        let shown = format!("{given:?}");
        assert!(table.take(given).contains("controls"), "{shown}");
        assert!(!table.state().controls.can_continue, "{shown}");
        table.row(command(Command::Continue), "");
    }
}

#[test]
fn words_of_an_earlier_turn_prove_nothing() {
    let mut table = Table::live(Turns::Auto);
    table.take(speech("started"));
    table.now += 500;
    table.take(server(r#"{"type":"response.created","response":{"id":"r1"}}"#));
    table.take(sound("i1", "r1", 1_000));
    table.take(Input::Device(Report::Started { item: "i1".into() }));
    table.take(speech("stopped"));
    table.now += 600;
    table.take(voice(true, 240));
    table.take(voice(false, 240));
    table.take(server(
        r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"u1","transcript":"hello","status":"completed"}"#,
    ));
    assert_eq!(table.wait(barge::FALSE_START_MS), "controls");
}

#[test]
fn a_key_that_stops_the_agent_leaves_nothing_to_continue() {
    let mut table = well_under_way();
    table.take(command(Command::Interrupt));
    table.take(flushed(500));
    assert_eq!(table.wait(10_000), "");
    assert!(!table.state().controls.can_continue);
}

#[test]
fn the_figures_of_a_turn_are_taken_between_ear_wire_and_voice() {
    let mut table = Table::live(Turns::Auto);
    let measured = |ms, echo| Input::Measured { voice_to_wire_ms: Some(ms), echo };
    table.take(speech("started"));
    table.take(measured(2.0, audio::EchoFigures::default()));
    table.now += 1_000;
    table.take(voice(false, 900));
    table.take(measured(4.0, audio::EchoFigures::default()));
    table.now += 500;
    table.take(speech("stopped"));
    table.take(server(r#"{"type":"response.created","response":{"id":"r1"}}"#));
    table.now += 300;
    table.take(sound("i1", "r1", 500));
    table.now += 45;
    table.take(sound("i1", "r1", 500));
    table.take(Input::Device(Report::Started { item: "i1".into() }));
    let figures = table.state().snapshot().figures;
    assert_eq!(figures.voice_to_wire_ms, [3.0]);
    assert_eq!(figures.wire_to_ear_ms, [45.0]);
    let answer = 500.0 + 345.0 + audio::VOICE_END_MS as f32;
    assert_eq!(figures.answer_ms, [answer], "from the end of the voice");

    let echo = audio::EchoFigures { enhancement_db: Some(31.0), ..audio::EchoFigures::default() };
    table.take(measured(4.0, echo));
    assert_eq!(table.state().snapshot().figures.echo, echo);
}

#[test]
fn an_answer_to_typed_words_is_no_answer_to_a_voice() {
    let mut table = Table::live(Turns::Auto);
    table.take(speech("started"));
    table.take(speech("stopped"));
    table.take(command(Command::SendText("hi".into())));
    table.take(server(r#"{"type":"response.created","response":{"id":"r1"}}"#));
    table.take(sound("i1", "r1", 500));
    table.take(Input::Device(Report::Started { item: "i1".into() }));
    let figures = table.state().snapshot().figures;
    assert_eq!((figures.answer_ms.len(), figures.wire_to_ear_ms.len()), (0, 1));
}
