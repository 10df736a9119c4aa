//! What was spent, kept up to date, and the cap that new calls are held to.

use std::time::Duration;

use call::Command;

use super::{App, Done, Inner};
use crate::ledger::Day;
use crate::running::Running;
use crate::view::AppEvent;

/// The sums are looked at this often while a call runs.
const LOOK: Duration = Duration::from_secs(15);

impl App {
    /// Keeps the sums of the day and the month up to date for as long as the app runs.
    pub(crate) async fn follow_spending(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let idle = {
                let inner = self.inner.lock().await;
                inner.call.is_none() && self.ledger.is_today(inner.day.span)
            };
            if !idle {
                self.look_at_spending().await;
            }
        }
    }

    pub(super) async fn look_at_spending(&self) -> Day {
        let day = self.ledger.today().await;
        self.inner.lock().await.learn_day(day.clone()).await;
        day
    }

    /// A call that would cost money does not begin once the day's cap is reached.
    pub(super) async fn check_cap(&self) -> Done {
        let (money, written) = {
            let inner = self.inner.lock().await;
            (inner.settings.get().money.clone(), inner.call.as_ref().and_then(Running::written_down))
        };
        if money.daily_cap.is_none() {
            return Ok(());
        }
        if let Some(written) = written {
            written.await;
        }
        let spending = self.look_at_spending().await.spending;
        money.refusal(spending.map(|spending| spending.today)).map_or(Ok(()), Err)
    }
}

impl Inner {
    async fn learn_day(&mut self, day: Day) {
        let before = std::mem::replace(&mut self.day, day);
        let spending = self.day.spending;
        if before.spending != spending {
            self.tell(AppEvent::Spending { spending });
        }
        if before.span != self.day.span
            && let Some(running) = &self.call
        {
            let spent = spending.map_or(0.0, |spending| spending.today);
            // A call that has just ended takes no more commands, and needs none.
            let _ = running.send(Command::NewDay { spent }).await;
        }
    }
}
