//! Lines that break, over the wire: what the window shows, what the server gets.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use call::{Command, Ending, ProblemCode, Role, Status};
use tokio::time::Instant;

use crate::desk::{Desk, voice};
use crate::scripted::{Meets, Scripted, answer, scripted};

async fn desk(server: &Scripted) -> Desk {
    let url = server.url.clone();
    Desk::open_with(&[], |setup| setup.profile.realtime_url = url).await
}

fn note(desk: &Desk) -> String {
    let notes: Vec<_> = desk.seen.items.iter().filter(|item| item.role == Role::Note).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    notes[0].text.clone()
}

fn yours(desk: &Desk) -> Vec<&str> {
    let yours = desk.seen.items.iter().filter(|item| item.role == Role::You);
    yours.map(|item| item.text.as_str()).collect()
}

fn retry_in_ms(desk: &Desk) -> u64 {
    match desk.seen.status {
        Status::Reconnecting { retry_in_ms, .. } => retry_in_ms,
        _ => 0,
    }
}

fn ended_with(desk: &Desk) -> ProblemCode {
    match &desk.seen.status {
        Status::Ended { ending: Ending::Failed { problem } | Ending::ByServer { problem, .. } } => {
            problem.code
        }
        other => panic!("{other:?}"),
    }
}

/// All sound that a connection was sent, 24 kHz.
fn sound(server: &Scripted, number: usize) -> Vec<i16> {
    let appends = server.heard(number, "input_audio_buffer.append");
    let bytes = appends.iter().flat_map(|event| {
        base64::engine::general_purpose::STANDARD.decode(event["audio"].as_str().unwrap()).unwrap()
    });
    bytes.collect::<Vec<u8>>().chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

#[tokio::test(start_paused = true)]
async fn every_close_that_can_be_survived_is() {
    for (code, name) in [
        (1008, ProblemCode::ServerPolicy),
        (1011, ProblemCode::ServerFailed),
        (1012, ProblemCode::ServerBusy),
        (1013, ProblemCode::ServerBusy),
        (3000, ProblemCode::LineLost),
    ] {
        let server = scripted([Meets::Close(1_000, code)]).await;
        let mut desk = desk(&server).await;
        desk.until_word("reconnecting").await;
        desk.until("a reason", |seen| seen.notices.iter().any(|notice| notice.code == name)).await;
        desk.until_word("listening").await;
        desk.until("no trouble", |seen| seen.notices.is_empty()).await;
        assert!(
            note(&desk).ends_with("and the agent remembers the conversation."),
            "{code}: {}",
            note(&desk)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_asked_for_at_the_upgrade_is_the_countdown() {
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
    for (asked, least, most) in [("7".to_owned(), 7, 7), (date, 50, 60)] {
        let refusal = answer("429 Too Many Requests", &format!("retry-after: {asked}\r\n"));
        let server = scripted([Meets::Close(1_000, 1011), Meets::Answer(refusal)]).await;
        let mut desk = desk(&server).await;
        desk.until("the wait", |seen| matches!(seen.status, Status::Reconnecting { attempt: 2, .. })).await;
        let seconds = retry_in_ms(&desk) / 1_000;
        assert!((least..=most).contains(&seconds), "{asked}: {seconds}");
        let began = Instant::now();
        assert_eq!(desk.seen.notices[0].code, ProblemCode::RateLimited);
        desk.until_word("listening").await;
        assert!(began.elapsed().as_secs() >= least - 1, "{asked}: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn what_waiting_cannot_cure_ends_the_call_at_once() {
    for (status, name) in [
        ("402 Payment Required", ProblemCode::NoCredit),
        ("403 Forbidden", ProblemCode::NotAllowed),
        ("401 Unauthorized", ProblemCode::LineRefused),
    ] {
        let refusal = || Meets::Answer(answer(status, ""));
        let server = scripted([Meets::Close(1_000, 1011), refusal(), refusal()]).await;
        let mut desk = desk(&server).await;
        desk.until_word("ended").await;
        assert_eq!(ended_with(&desk), name);
        // A token that is refused is minted once more; credit is not.
        assert_eq!(server.connections(), if name == ProblemCode::NoCredit { 2 } else { 3 }, "{status}");
        assert!(note(&desk).contains("It did not come back"), "{}", note(&desk));
    }
    let server = scripted([
        Meets::Close(1_000, 1011),
        Meets::Answer(answer("503 Busy", "")),
        Meets::Answer(answer("500 Oh", "")),
    ])
    .await;
    let mut desk = desk(&server).await;
    desk.until_word("reconnecting").await;
    desk.until_word("listening").await;
    assert_eq!(server.connections(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_is_said_while_the_line_is_away_arrives_whole_and_in_order() {
    let server =
        scripted([Meets::Close(1_000, 1011), Meets::Answer(answer("503 Busy", "retry-after: 5\r\n"))]).await;
    let mut desk = desk(&server).await;
    desk.until_word("reconnecting").await;
    let said = voice(3_000, 11);
    desk.devices.say(said.clone()).await;
    desk.until_word("listening").await;
    let later = voice(500, 12);
    desk.devices.say(later.clone()).await;
    desk.pass(1_500).await;
    let got = sound(&server, 2);
    // Silence runs through all of it; the voices are whole and one after the other.
    let at = got.windows(500).position(|part| part == &said[240..740]).expect("what was said in the gap");
    assert_eq!(got[at..at + said.len() - 240], said[240..]);
    let after = got.windows(500).position(|part| part == &later[240..740]).expect("what was said later");
    assert!(after > at + said.len() - 240, "{at} {after}");
    let note = note(&desk);
    assert!(note.contains("What you said meanwhile (") && note.ends_with("was kept and sent."), "{note}");
}

#[tokio::test(start_paused = true)]
async fn what_is_said_in_the_gap_is_answered() {
    let mut desk =
        Desk::open(&[("drop_after_s", "4"), ("faulty", "1"), ("transcript", "one two three")]).await;
    desk.until_word("reconnecting").await;
    desk.devices.say(voice(1_000, 5)).await;
    desk.until_word("speaking").await;
    desk.until_word("listening").await;
    assert_eq!(yours(&desk), ["one two three"]);
}

#[tokio::test(start_paused = true)]
async fn a_sentence_that_the_break_cuts_is_understood_as_one() {
    let mut desk =
        Desk::open(&[("drop_after_s", "4"), ("faulty", "1"), ("transcript", "one two three")]).await;
    desk.until_word("listening").await;
    desk.pass(2_000).await;
    let said = voice(4_000, 5);
    desk.devices.say(said.clone()).await;
    desk.until_word("hearingYou").await;
    desk.until_word("reconnecting").await;
    desk.until_word("speaking").await;
    desk.until_word("listening").await;
    assert_eq!(yours(&desk), ["one two three"]);
    assert!(note(&desk).ends_with("Your sentence was sent again from its beginning."), "{}", note(&desk));
    let floats = |samples: &[i16]| samples.iter().map(|&s| f32::from(s) / 32_768.0).collect::<Vec<_>>();
    let heard = floats(&desk.devices.heard());
    let likeness = rig::correlate(&floats(&said), &heard, audio::WIRE_RATE_HZ).correlation;
    assert!(likeness > 0.9, "the practice agent repeats the whole sentence: {likeness}");
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_said_while_muted_is_ever_sent() {
    let server =
        scripted([Meets::Close(1_000, 1011), Meets::Answer(answer("503 Busy", "retry-after: 5\r\n"))]).await;
    let mut desk = desk(&server).await;
    desk.until_word("reconnecting").await;
    desk.tell(Command::Mute(call::Mute::Soft)).await;
    desk.pass(100).await;
    desk.devices.say(voice(1_000, 3)).await;
    desk.until_word("muted").await;
    desk.pass(2_000).await;
    assert!(sound(&server, 2).iter().all(|&sample| sample == 0));
}

#[tokio::test(start_paused = true)]
async fn a_text_that_the_break_swallowed_is_sent_once() {
    let server = scripted([Meets::DropAt("conversation.item.create")]).await;
    let mut desk = desk(&server).await;
    desk.until_word("listening").await;
    desk.tell(Command::SendText("only once".into())).await;
    desk.until_word("reconnecting").await;
    desk.until_word("thinking").await;
    desk.pass(1_000).await;
    let created = server.heard(1, "conversation.item.create");
    let texts: Vec<_> = created.iter().map(|event| event["item"]["content"][0]["text"].as_str()).collect();
    assert_eq!(texts, [Some("only once")]);
    assert_eq!(server.heard(1, "response.create").len(), 1);
    assert_eq!(yours(&desk), ["only once"]);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_dead_without_a_word_is_noticed_within_twenty_seconds() {
    let server = scripted([Meets::Silence(1_000)]).await;
    let mut desk = desk(&server).await;
    desk.until_word("listening").await;
    let began = Instant::now();
    desk.pass(5_000).await;
    let said = voice(1_000, 4);
    desk.devices.say(said.clone()).await;
    desk.until_word("reconnecting").await;
    assert!(began.elapsed() <= Duration::from_secs(20), "{:?}", began.elapsed());
    desk.until_word("listening").await;
    desk.pass(1_000).await;
    let got = sound(&server, 1);
    let whole = got.windows(said.len() - 240).any(|part| part == &said[240..]);
    assert!(whole, "what was said to the dead line is said again");
}

#[tokio::test(start_paused = true)]
async fn a_computer_that_wakes_up_does_not_wait_for_a_dead_line() {
    let server = scripted([Meets::Silence(1_000)]).await;
    let mut desk = desk(&server).await;
    desk.until_word("listening").await;
    desk.pass(2_000).await;
    // Every timer is late, as after a sleep.
    tokio::time::advance(Duration::from_secs(400)).await;
    let woke = Instant::now();
    desk.until_word("reconnecting").await;
    assert!(woke.elapsed() <= Duration::from_secs(4), "{:?}", woke.elapsed());
    desk.until_word("listening").await;
    assert!(
        note(&desk).starts_with("This computer slept for 6 min, and the line was gone."),
        "{}",
        note(&desk)
    );
}

#[tokio::test(start_paused = true)]
async fn another_network_is_noticed_at_once() {
    let network = Arc::new(AtomicU8::new(1));
    let read = network.clone();
    let addresses = move || BTreeSet::from([IpAddr::from([10, 0, 0, read.load(Ordering::Relaxed)])]);
    let refusal = Meets::Answer(answer("503 Busy", "retry-after: 300\r\n"));
    let server = scripted([Meets::Silence(1_000), refusal]).await;
    let url = server.url.clone();
    let net = call::Net::new().unwrap().with_addresses(addresses);
    let mut desk = Desk::open_on(net, &[], |setup| setup.profile.realtime_url = url).await;
    desk.until_word("listening").await;
    desk.pass(3_000).await;
    let began = Instant::now();
    network.store(2, Ordering::Relaxed);
    desk.until_word("reconnecting").await;
    assert!(began.elapsed() <= Duration::from_secs(6), "{:?}", began.elapsed());
    assert!(note(&desk).starts_with("The network changed here."), "{}", note(&desk));
    desk.until("the wait", |seen| matches!(seen.status, Status::Reconnecting { attempt: 2, .. })).await;
    network.store(3, Ordering::Relaxed);
    desk.until_word("listening").await;
    assert!(began.elapsed() <= Duration::from_secs(30), "it did not wait the 300 s: {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_line_that_answers_survives_both_without_a_word() {
    let network = Arc::new(AtomicU8::new(1));
    let read = network.clone();
    let addresses = move || BTreeSet::from([IpAddr::from([10, 0, 0, read.load(Ordering::Relaxed)])]);
    let net = call::Net::new().unwrap().with_addresses(addresses);
    let mut desk = Desk::open_on(net, &[], |_| {}).await;
    desk.until_word("listening").await;
    desk.pass(1_000).await;
    network.store(2, Ordering::Relaxed);
    desk.pass(10_000).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    desk.pass(10_000).await;
    desk.devices.say(voice(800, 7)).await;
    desk.until_word("speaking").await;
    assert!(!desk.words.contains(&"reconnecting".to_owned()), "{:?}", desk.words);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_renewed_before_its_cap_once_the_cap_is_known() {
    let mut desk = Desk::open_with(&[("max_duration_s", "100")], |setup| {
        setup.profile.agent_speaks_first = true;
    })
    .await;
    desk.until_word("speaking").await;
    desk.until_word("listening").await;
    desk.until_word("reconnecting").await;
    desk.until_word("listening").await;
    let breaks = desk.breaks();
    for renewals in 1..=3 {
        desk.until("a renewal", |seen| {
            let renewed = |item: &&call::Item| item.text.starts_with("The session was renewed here, and");
            seen.items.iter().filter(renewed).count() == renewals
        })
        .await;
        desk.devices.say(voice(600, 9)).await;
        desk.until_word("speaking").await;
        desk.until_word("listening").await;
    }
    assert_eq!(desk.breaks(), breaks, "one break taught it the cap: {:?}", desk.words);
    let sessions = desk.close().await.wire_log().sessions;
    assert_eq!(sessions.len(), 5);
    assert!(sessions.iter().skip(1).all(|session| session.resumed));
}
