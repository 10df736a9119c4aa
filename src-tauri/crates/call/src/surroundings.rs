//! What happens to this computer while a call runs: it sleeps, and it moves to another network.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How often the addresses are read. The question takes some 0.1 ms, on a thread of its own.
const LOOK: Duration = Duration::from_secs(2);
/// Time that passes for the computer and not for this process is sleep from here on.
const UNSEEN: Duration = Duration::from_secs(5);
/// A look that is due thirty times a second and comes so late comes after a sleep: on Windows the
/// clock of a process goes on meanwhile.
const LATE: Duration = Duration::from_secs(10);

/// Where the addresses of this computer are read.
#[derive(Clone)]
pub(crate) struct Addresses(Arc<dyn Fn() -> BTreeSet<IpAddr> + Send + Sync>);

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Addresses")
    }
}

impl Default for Addresses {
    fn default() -> Self {
        Self(Arc::new(of_this_computer))
    }
}

impl Addresses {
    pub(crate) fn from(read: impl Fn() -> BTreeSet<IpAddr> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// Reads them every 2 s from now on. Must be called inside a runtime.
    pub(crate) fn watch(&self) -> Networks {
        let (told, changes) = mpsc::channel(1);
        Networks { changes, task: tokio::spawn(watch(self.0.clone(), told)) }
    }
}

/// The addresses by which others may reach this computer, or it others.
fn of_this_computer() -> BTreeSet<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::debug!(%error, "the addresses of this computer cannot be read");
        Vec::new()
    });
    let near = |address: &if_addrs::Interface| address.is_loopback() || address.is_link_local();
    interfaces.iter().filter(|address| !near(address)).map(if_addrs::Interface::ip).collect()
}

async fn watch(read: Arc<dyn Fn() -> BTreeSet<IpAddr> + Send + Sync>, told: mpsc::Sender<()>) {
    let mut known = None;
    loop {
        let read = read.clone();
        let Ok(now) = tokio::task::spawn_blocking(move || read()).await else { return };
        let before = known.replace(now.clone());
        if before.is_some_and(|before| before != now) && told.send(()).await.is_err() {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Tells when the addresses of this computer have changed. Dropping it ends its task.
#[derive(Debug)]
pub(crate) struct Networks {
    changes: mpsc::Receiver<()>,
    task: JoinHandle<()>,
}

impl Networks {
    /// Never ready once they can be read no more.
    pub(crate) async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            std::future::pending().await
        }
    }
}

impl Drop for Networks {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// This computer slept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nap {
    pub(crate) took: Duration,
    /// The part of it in which the clock of this process stood still.
    pub(crate) unseen: Duration,
}

/// Both clocks, read often: the one that stands still while this computer sleeps, and the one that goes on.
/// The time of day is neither, for it may be set.
#[derive(Debug)]
pub(crate) struct Clocks {
    process: Instant,
    computer: boot_time::Instant,
}

impl Clocks {
    pub(crate) fn new() -> Self {
        Self { process: Instant::now(), computer: boot_time::Instant::now() }
    }

    /// Whether this computer slept since the last look.
    pub(crate) fn look(&mut self) -> Option<Nap> {
        let before = std::mem::replace(self, Self::new());
        nap(self.process - before.process, self.computer - before.computer)
    }
}

fn nap(process: Duration, computer: Duration) -> Option<Nap> {
    let unseen = computer.saturating_sub(process);
    if unseen > UNSEEN {
        return Some(Nap { took: computer, unseen });
    }
    (process > LATE).then_some(Nap { took: process, unseen: Duration::ZERO })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_shows_in_either_clock() {
        let (tick, hour) = (Duration::from_millis(33), Duration::from_secs(3_600));
        assert_eq!(nap(tick, tick), None);
        assert_eq!(nap(tick, tick + Duration::from_secs(2)), None, "clocks that do not agree to the second");
        assert_eq!(nap(tick, Duration::ZERO), None, "a simulated process is faster than the computer");
        assert_eq!(nap(tick, hour), Some(Nap { took: hour, unseen: hour - tick }), "Linux and macOS");
        assert_eq!(nap(hour, hour), Some(Nap { took: hour, unseen: Duration::ZERO }), "Windows");
        assert_eq!(nap(hour, Duration::ZERO), Some(Nap { took: hour, unseen: Duration::ZERO }));
        assert_eq!(nap(Duration::from_secs(3), Duration::from_secs(3)), None, "a busy computer");
    }

    #[test]
    fn the_addresses_of_this_computer_are_those_that_others_see() {
        let near: Vec<_> = of_this_computer().into_iter().filter(IpAddr::is_loopback).collect();
        assert_eq!(near, [] as [IpAddr; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_told_once_and_the_first_look_is_none() {
        let looks = std::sync::atomic::AtomicU8::new(0);
        let addresses = Addresses::from(move || {
            let look = looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            BTreeSet::from([IpAddr::from([10, 0, 0, u8::from(look >= 3)])])
        });
        let mut networks = addresses.watch();
        let began = Instant::now();
        networks.changed().await;
        assert_eq!(began.elapsed().as_secs(), 6, "at the fourth look");
        let more = tokio::time::timeout(Duration::from_secs(60), networks.changed()).await;
        assert!(more.is_err());
    }
}
