use call::{Command, Ending, Idle, Mute, Patience, Role, Status, Turns};

use crate::desk::{Desk, voice};

fn items_of(desk: &Desk, role: Role) -> Vec<&call::Item> {
    desk.seen.items.iter().filter(|item| item.role == role).collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_said_comes_back_in_sound_and_in_words() {
    let mut desk = Desk::open(&[("transcript", "good morning practice agent")]).await;
    desk.until_word("listening").await;
    let said = voice(1_500, 1);
    desk.devices.say(said.clone()).await;
    desk.until_word("hearingYou").await;
    desk.until("words that are still changing", |seen| {
        seen.items.iter().any(|item| item.role == Role::You && item.partial && !item.text.is_empty())
    })
    .await;
    desk.until_word("speaking").await;
    desk.until_word("listening").await;

    let likeness =
        rig::correlate(&floats(&said), &floats(&desk.devices.heard()), audio::WIRE_RATE_HZ).correlation;
    assert!(likeness > 0.9, "the same voice came back: {likeness}");
    let yours = items_of(&desk, Role::You);
    assert_eq!(yours.len(), 1);
    assert_eq!((yours[0].text.as_str(), yours[0].partial), ("good morning practice agent", false));
    let agents = items_of(&desk, Role::Agent);
    assert_eq!(agents.len(), 1);
    let figures = &desk.seen.figures;
    let taken = [&figures.voice_to_wire_ms, &figures.wire_to_ear_ms, &figures.answer_ms];
    assert_eq!(taken.map(Vec::len), [1; 3], "{figures:?}");
    assert!(figures.answer_ms[0] > figures.wire_to_ear_ms[0], "{figures:?}");
    assert!(!agents[0].text.is_empty() && agents[0].unheard.is_none() && !agents[0].partial);
    assert_eq!(
        desk.words,
        ["connecting", "connecting", "listening", "hearingYou", "thinking", "speaking", "listening"],
        "asking the backend is over before anybody can subscribe"
    );
}

fn floats(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|&sample| f32::from(sample) / 32_768.0).collect()
}

#[tokio::test(start_paused = true)]
async fn the_session_is_explicit_and_nothing_is_sent_before_it_is_agreed() {
    let mut desk = Desk::open(&[]).await;
    desk.devices.say(voice(500, 1)).await;
    desk.until_word("speaking").await;
    let session = desk.session();
    let kinds: Vec<&str> = session.events.iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!(kinds[0], "session.update");
    let update = &session.events[0]["session"];
    assert_eq!(update["audio"]["input"]["format"]["rate"], 24_000);
    assert_eq!(update["audio"]["output"]["format"]["rate"], 24_000);
    assert_eq!(update["turn_detection"]["type"], "server_vad");
    assert_eq!(update["voice"], "eve");
    assert_eq!(update["audio"]["input"]["transcription"]["model"], "grok-transcribe");
    assert_eq!(update["resumption"]["enabled"], true);
}

#[tokio::test(start_paused = true)]
async fn the_voice_that_the_backend_names_is_asked_for() {
    // The practice agent's cookbook endpoint names a voice beside its token.
    let mut desk = Desk::open_with(&[], |setup| {
        setup.profile.token_url = setup.profile.token_url.replace("/v1/realtime/client_secrets", "/session");
    })
    .await;
    desk.until_word("listening").await;
    assert_eq!(desk.session().events[0]["session"]["voice"], "ara");
}

#[tokio::test(start_paused = true)]
async fn the_agent_greets_when_it_is_asked_to_speak_first() {
    let mut desk = Desk::open_with(&[], |setup| setup.profile.agent_speaks_first = true).await;
    desk.until_word("speaking").await;
    desk.until_word("listening").await;
    let greeting = &items_of(&desk, Role::Agent)[0].text;
    assert!(greeting.contains("practice agent"), "{greeting}");
    assert!(items_of(&desk, Role::You).is_empty());
}

#[tokio::test(start_paused = true)]
async fn speaking_over_the_agent_silences_it_and_cuts_its_words() {
    let mut desk = Desk::open_with(&[], |setup| setup.profile.agent_speaks_first = true).await;
    desk.until_word("speaking").await;
    desk.pass(1_500).await;
    desk.devices.say(voice(900, 2)).await;
    desk.until_word("hearingYou").await;
    desk.until("a cut caption", |seen| seen.items.iter().any(|item| item.unheard.is_some())).await;
    let heard = desk.devices.heard().len() as u64 / 24;
    let cut = desk.seen.items.iter().find(|item| item.unheard.is_some()).unwrap().clone();
    assert!(!cut.text.is_empty() && !cut.unheard.as_deref().unwrap().is_empty(), "{cut:?}");

    desk.pass(50).await;
    let truncates: Vec<_> = desk.session().of_type("conversation.item.truncate").cloned().collect();
    assert_eq!(truncates.len(), 1);
    let told = truncates[0]["audio_end_ms"].as_u64().unwrap();
    assert!(told.abs_diff(heard) <= 20, "the server was told {told} ms, the ear had {heard} ms");

    // The agent then answers what was said over it.
    desk.until_word("speaking").await;
    desk.until_word("listening").await;
    assert_eq!(desk.seen.items.iter().filter(|item| item.unheard.is_some()).count(), 1);
}

/// Real speech; the local detector is not fooled by harmonics.
fn speech(text: &str) -> Vec<i16> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("said.wav");
    rig::speech(text, &path).unwrap();
    call::read_wav(&path).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_only_this_computer_hears_interrupts_and_a_false_start_is_taken_back() {
    let greets = |setup: &mut call::Setup| setup.profile.agent_speaks_first = true;
    let mut whole = Desk::open_with(&[], greets).await;
    whole.until_word("speaking").await;
    whole.until_word("listening").await;
    let greeting = whole.devices.heard();

    let mut desk = Desk::open_with(&[("deaf", "on"), ("delta_pace", "0")], greets).await;
    desk.until_word("speaking").await;
    desk.pass(1_500).await;
    desk.devices.say(speech("Wait a moment please.")).await;
    desk.until_word("hearingYou").await;
    desk.until("a cut caption", |seen| seen.items.iter().any(|item| item.unheard.is_some())).await;
    let heard = desk.devices.heard().len();
    assert!(heard < greeting.len(), "the agent was stopped");

    desk.until("the offer to continue", |seen| seen.controls.can_continue).await;
    assert_eq!(desk.devices.heard().len(), heard, "nothing is said meanwhile");
    let unheard = desk.seen.items.iter().find_map(|item| item.unheard.clone()).unwrap();
    desk.tell(Command::Continue).await;
    desk.until_word("speaking").await;
    desk.until_word("listening").await;
    // The told milliseconds round the place of the cut down, by less than one.
    let (played, said) = (desk.devices.heard(), greeting);
    let twice = played.len() - said.len();
    assert!(twice < 24, "{twice} samples were played twice");
    assert_eq!(played[..heard], said[..heard]);
    assert_eq!(played[heard + twice..], said[heard..], "the rest follows without a gap");
    let last = items_of(&desk, Role::Agent).pop().unwrap();
    assert_eq!((&last.text, &last.unheard, last.partial), (&unheard, &None, false));
    desk.pass(50).await;
    let told = desk.session().of_type("conversation.item.create").last().unwrap().to_string();
    assert!(told.contains(unheard.as_str()), "the server knows what was heard after all: {told}");
}

#[tokio::test(start_paused = true)]
async fn without_the_local_detector_only_the_server_interrupts() {
    let mut desk = Desk::open_with(&[("deaf", "on")], |setup| {
        setup.profile.agent_speaks_first = true;
        setup.quick_barge_in = false;
    })
    .await;
    desk.until_word("speaking").await;
    desk.pass(1_500).await;
    desk.devices.say(speech("Wait a moment please.")).await;
    desk.until_word("listening").await;
    assert!(!desk.words.contains(&"hearingYou".to_owned()), "{:?}", desk.words);
}

#[tokio::test(start_paused = true)]
async fn the_stop_key_works_while_the_reply_is_still_being_sent() {
    let mut desk =
        Desk::open_with(&[("delta_pace", "1")], |setup| setup.profile.agent_speaks_first = true).await;
    desk.until_word("speaking").await;
    desk.pass(700).await;
    desk.tell(Command::Interrupt).await;
    desk.until_word("listening").await;
    let heard = desk.devices.heard().len();
    desk.pass(3_000).await;
    assert_eq!(desk.devices.heard().len(), heard, "nothing more was played");
    assert_eq!(desk.sent("response.cancel"), 1);
    assert_eq!(desk.sent("conversation.item.truncate"), 1);
}

#[tokio::test(start_paused = true)]
async fn typed_words_are_answered_by_voice() {
    let mut desk = Desk::open(&[]).await;
    desk.tell(Command::SendText("are you there?".into())).await;
    desk.until_word("speaking").await;
    desk.until_word("listening").await;
    let yours = items_of(&desk, Role::You);
    assert_eq!(yours.len(), 1, "{yours:?}");
    assert!(yours[0].typed && yours[0].text == "are you there?");
    assert_eq!(items_of(&desk, Role::Agent).len(), 1);
    assert!(!desk.devices.heard().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_muted_microphone_sends_silence_and_is_not_heard() {
    let mut desk = Desk::open(&[]).await;
    desk.until_word("listening").await;
    desk.tell(Command::Mute(Mute::Soft)).await;
    desk.until_word("muted").await;
    let before = desk.session().samples_in;
    desk.devices.say(voice(1_000, 3)).await;
    desk.pass(2_000).await;
    assert!(desk.session().samples_in > before, "silence keeps the session alive");
    assert!(!desk.words.contains(&"hearingYou".to_owned()), "{:?}", desk.words);

    desk.tell(Command::Mute(Mute::Hard)).await;
    desk.until("a closed microphone", |seen| !seen.microphone.open).await;
    desk.pass(100).await;
    let before = desk.session().samples_in;
    desk.pass(1_000).await;
    assert_eq!(desk.session().samples_in, before, "no sound at all leaves a closed microphone");

    desk.tell(Command::Mute(Mute::Open)).await;
    desk.until_word("hearingYou").await;
}

#[tokio::test(start_paused = true)]
async fn with_the_talk_key_the_turn_is_yours_to_end() {
    let mut desk = Desk::open_with(&[], |setup| setup.turns = Turns::Manual).await;
    desk.until_word("muted").await;
    desk.tell(Command::Talk(true)).await;
    desk.devices.say(voice(1_000, 4)).await;
    desk.until_word("hearingYou").await;
    desk.pass(3_000).await;
    assert_eq!(desk.sent("input_audio_buffer.commit"), 0, "a pause does not end the turn");
    desk.tell(Command::Talk(false)).await;
    desk.until_word("speaking").await;
    desk.until_word("muted").await;
    assert_eq!(desk.sent("input_audio_buffer.commit"), 1);
    let heard = desk.devices.heard();
    assert!(heard.len() > 24_000, "the turn came back: {} samples", heard.len());
}

#[tokio::test(start_paused = true)]
async fn with_more_patience_a_pause_does_not_end_the_turn() {
    let mut desk = Desk::open(&[]).await;
    desk.until_word("listening").await;
    let patience = Patience { silence_ms: 2_500, threshold: 0.3 };
    desk.tell(Command::Patience(patience)).await;
    desk.pass(200).await;
    let asked = desk.session().of_type("session.update").last().unwrap()["session"]["turn_detection"].clone();
    assert_eq!((&asked["silence_duration_ms"], &asked["threshold"]), (&2_500.into(), &0.3.into()));

    let pause = vec![0; 24 * 1_500];
    desk.devices.say([voice(700, 5), pause, voice(700, 6)].concat()).await;
    desk.until_word("speaking").await;
    assert_eq!(items_of(&desk, Role::You).len(), 1, "a pause of 1.5 s is within 2.5 s");
}

#[tokio::test(start_paused = true)]
async fn end_closes_everything() {
    let mut desk = Desk::open(&[]).await;
    desk.until_word("listening").await;
    desk.tell(Command::End).await;
    desk.until_word("ended").await;
    assert_eq!(desk.seen.status, Status::Ended { ending: Ending::ByYou });
    assert!(!desk.seen.microphone.open && !desk.seen.speaker.open);
}

#[tokio::test(start_paused = true)]
async fn what_was_said_stays_readable_after_the_end() {
    let mut desk = Desk::open(&[]).await;
    desk.tell(Command::SendText("remember this".into())).await;
    desk.until_word("speaking").await;
    desk.tell(Command::End).await;
    desk.until_word("ended").await;
    let last = desk.call.snapshot().await.unwrap();
    assert!(last.items.iter().any(|item| item.text == "remember this"));
    assert!(last.items.iter().all(|item| !item.partial), "{:#?}", last.items);
}

#[tokio::test(start_paused = true)]
async fn closing_the_handle_ends_the_session_at_the_server() {
    let mut desk = Desk::open(&[]).await;
    desk.until_word("listening").await;
    let subscriber = desk.call.subscriber();
    let practice = desk.close().await;
    assert!(subscriber.subscribe().await.is_err());
    let session = practice.wire_log().sessions.pop().unwrap();
    assert!(session.over, "the server has seen the line close");
}

#[tokio::test(start_paused = true)]
async fn a_line_on_which_nobody_speaks_is_hung_up_unless_somebody_is_there() {
    let mut desk = Desk::open_with(&[], |setup| {
        setup.practice = false;
        setup.idle = Idle { hang_up: true, after_s: 60, countdown_s: 10 };
    })
    .await;
    desk.until_word("listening").await;
    desk.pass(55_000).await;
    desk.devices.say(voice(1_000, 1)).await;
    desk.until_word("speaking").await;
    desk.until_word("listening").await;
    desk.pass(55_000).await;
    assert_eq!(desk.seen.quiet, None, "a minute has not passed since something was said");
    desk.until("the warning", |seen| seen.quiet.is_some()).await;
    desk.tell(Command::Stay).await;
    desk.until("the end of the warning", |seen| seen.quiet.is_none()).await;
    desk.until("the next warning", |seen| seen.quiet.is_some()).await;
    desk.until_word("ended").await;
    assert_eq!(desk.seen.status, Status::Ended { ending: Ending::Quiet { for_ms: 70_000 } });
}
