//! Two hours on a bad network, in simulated time.

use call::{Command, Net, Role, Status, Turns};

use crate::desk::{Desk, voice};
use crate::relay::{Network, Relay};
use crate::weight::live;

const MINUTES: usize = 120;

/// A call in which every minute a text is typed, the network fails in another way, and something is said
/// into the trouble.
async fn troubled(minutes: usize) -> Desk {
    let practice = crate::desk::practice(&[("delta_pace", "0")]).await;
    let relay = Relay::before(&practice.realtime_url());
    let url = relay.route(&practice.realtime_url());
    let mut desk = Desk::open_at(practice, 10, Net::new().unwrap(), |setup| {
        setup.turns = Turns::Manual;
        setup.profile.realtime_url = url;
    })
    .await;
    desk.until_word("muted").await;
    let faults = [Network::Cut, Network::Stalled, Network::Hole, Network::Down];
    for minute in 0..minutes {
        desk.tell(Command::SendText(format!("minute {minute}"))).await;
        desk.watch(15_000).await;
        let fault = faults[minute % faults.len()];
        relay.becomes(fault);
        desk.watch(1_000).await;
        desk.tell(Command::Talk(true)).await;
        desk.devices.say(voice(1_000, minute as u32)).await;
        desk.watch(1_500).await;
        desk.tell(Command::Talk(false)).await;
        desk.watch(3_000).await;
        relay.becomes(Network::Well);
        desk.watch(39_500).await;
        assert_eq!(crate::desk::word_of(&desk.seen.status), "muted", "minute {minute}, {fault:?}");
        assert!(desk.seen.notices.is_empty(), "minute {minute}: {:?}", desk.seen.notices);
    }
    desk
}

/// What a call holds that ends now, without its transcript, in bytes.
async fn held_beside_the_transcript(desk: Desk) -> usize {
    let before = live();
    let items = desk.call.snapshot().await.unwrap().items;
    let transcript = live().saturating_sub(before);
    drop(items);
    let all = desk.weight(live).await;
    all.saturating_sub(transcript)
}

#[tokio::test(start_paused = true)]
async fn two_hours_with_a_fault_every_minute_lose_nothing_and_grow_by_nothing_else() {
    let early = held_beside_the_transcript(troubled(10).await).await;
    let desk = troubled(MINUTES).await;
    let items = desk.call.snapshot().await.unwrap().items;
    assert_eq!(items, desk.seen.items, "the window has followed");
    assert!(items.iter().all(|item| !item.partial), "everything is final");
    assert!(items.is_sorted_by_key(|item| item.at_ms), "everything is in its place");
    let typed: Vec<_> = items.iter().filter(|item| item.typed).map(|item| item.text.clone()).collect();
    assert_eq!(typed, (0..MINUTES).map(|minute| format!("minute {minute}")).collect::<Vec<_>>());
    let spoken: Vec<_> = items.iter().filter(|item| item.role == Role::You && !item.typed).collect();
    assert!(spoken.iter().all(|item| !item.text.is_empty()), "{spoken:#?}");
    assert_eq!(spoken.len(), MINUTES);
    let notes: Vec<_> = items.iter().filter(|item| item.role == Role::Note).collect();
    assert_eq!(notes.len(), MINUTES * 3 / 4, "a stall of 5 s is no break");
    assert!(notes.iter().all(|note| note.text.contains("the agent remembers the conversation.")));
    // An answer to each text and each turn, and sometimes one that was begun again.
    let answers = items.iter().filter(|item| item.role == Role::Agent).count();
    assert!((2 * MINUTES..=3 * MINUTES).contains(&answers), "{answers} answers");
    assert!(!matches!(desk.seen.status, Status::Ended { .. }));
    let late = held_beside_the_transcript(desk).await;
    println!("beside its transcript a call holds {early} bytes after 10 minutes, {late} after {MINUTES}");
    assert!(late * 100 <= early * 105, "{early} bytes after 10 minutes, {late} after {MINUTES}");
}
