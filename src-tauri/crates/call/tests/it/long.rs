//! Two hours on a bad network, in simulated time.

use std::time::Duration;

use call::{Command, Net, Role, Status, Turns};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::desk::{Desk, voice};

const MINUTES: usize = 120;

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Weather {
    Fair,
    /// Every connection is gone.
    Cut,
    /// Nothing passes for 5 s, and then what has waited.
    Stall,
    /// Nothing passes on what is open now, ever; what is opened later is well.
    Hole,
    /// Every connection is gone, and new ones are dropped.
    Closed,
}

/// A way to `server` that has weather. Ends when dropped.
struct Network {
    url: String,
    weather: watch::Sender<Weather>,
    task: JoinHandle<()>,
}

impl Drop for Network {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Network {
    async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/v1/realtime", listener.local_addr().unwrap());
        let (weather, sky) = watch::channel(Weather::Fair);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *sky.borrow() != Weather::Closed {
                    tokio::spawn(carry(near, server.clone(), sky.clone()));
                }
            }
        });
        Self { url, weather, task }
    }
}

async fn carry(mut near: TcpStream, server: String, mut sky: watch::Receiver<Weather>) {
    let Ok(mut far) = TcpStream::connect(server).await else { return };
    sky.mark_unchanged();
    let (mut out, mut back) = ([0; 16_384], [0; 16_384]);
    loop {
        tokio::select! {
            read = near.read(&mut out) => match read {
                Ok(0) | Err(_) => return,
                Ok(count) => if far.write_all(&out[..count]).await.is_err() { return },
            },
            read = far.read(&mut back) => match read {
                Ok(0) | Err(_) => return,
                Ok(count) => if near.write_all(&back[..count]).await.is_err() { return },
            },
            changed = sky.changed() => {
                let weather = *sky.borrow_and_update();
                match weather {
                    _ if changed.is_err() => return,
                    Weather::Fair => {}
                    Weather::Cut | Weather::Closed => return,
                    Weather::Stall => tokio::time::sleep(Duration::from_secs(5)).await,
                    Weather::Hole => return tokio::time::sleep(Duration::from_secs(60)).await,
                }
            }
        }
    }
}

/// Every minute a text is typed, the network fails in another way, and something is said into the
/// trouble.
#[tokio::test(start_paused = true)]
async fn two_hours_with_a_fault_every_minute_lose_nothing_and_grow_by_nothing_else() {
    let practice = crate::desk::practice(&[("delta_pace", "0")]).await;
    let address = practice.realtime_url();
    let address = address.trim_start_matches("ws://").split('/').next().unwrap().to_owned();
    let network = Network::before(address).await;
    let url = network.url.clone();
    let mut desk = Desk::open_at(practice, 10, Net::new().unwrap(), |setup| {
        setup.turns = Turns::Manual;
        setup.profile.realtime_url = url;
    })
    .await;
    desk.until_word("muted").await;
    let faults = [Weather::Cut, Weather::Stall, Weather::Hole, Weather::Closed];
    for minute in 0..MINUTES {
        desk.tell(Command::SendText(format!("minute {minute}"))).await;
        desk.watch(15_000).await;
        let fault = faults[minute % faults.len()];
        network.weather.send_replace(fault);
        desk.watch(1_000).await;
        desk.tell(Command::Talk(true)).await;
        desk.devices.say(voice(1_000, minute as u32)).await;
        desk.watch(1_500).await;
        desk.tell(Command::Talk(false)).await;
        desk.watch(3_000).await;
        network.weather.send_replace(Weather::Fair);
        desk.watch(39_500).await;
        assert_eq!(crate::desk::word_of(&desk.seen.status), "muted", "minute {minute}, {fault:?}");
        assert!(desk.seen.notices.is_empty(), "minute {minute}: {:?}", desk.seen.notices);
    }
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
}
