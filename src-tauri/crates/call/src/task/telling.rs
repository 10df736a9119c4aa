//! What a call tells its listeners: what changes often at a steady pace, all else at once.

use audio::Direction;
use realtime::Line;
use std::time::Duration;
use tokio::time::Instant;

use super::Task;
use crate::event::Event;
use crate::machine::Input;

/// The canceller's and the line's figures are read this often.
const MEASURE: Duration = Duration::from_millis(500);
/// Changes of a level below this are not told, in dB.
const LEVEL_STEP: f32 = 0.5;

impl Task {
    pub(super) fn tell(&mut self, event: Event) {
        match &event {
            Event::Item { item, .. } if item.partial => {
                self.forget_partial(&item.id);
                self.partial.push(event);
            }
            event_now => {
                if let Event::Item { item, .. } = event_now {
                    self.forget_partial(&item.id);
                }
                self.tell_partial();
                self.tell_now(event);
            }
        }
    }

    fn forget_partial(&mut self, id: &str) {
        self.partial.retain(|event| !matches!(event, Event::Item { item, .. } if item.id == id));
    }

    pub(super) fn tell_partial(&mut self) {
        for event in std::mem::take(&mut self.partial) {
            self.tell_now(event);
        }
    }

    fn tell_now(&self, event: Event) {
        if let Some(tap) = &self.tap {
            tap.call(&event);
        }
        // Without a listener nothing is lost: the next one begins with a snapshot.
        let _ = self.events.send(event);
    }

    pub(super) async fn measure(&mut self) {
        if self.measured_at.elapsed() < MEASURE {
            return;
        }
        self.measured_at = Instant::now();
        let Some(devices) = &self.devices else { return };
        let echo = devices.ports.meters.echo();
        let lag = self.line.as_ref().and_then(Line::take_lag);
        let voice_to_wire_ms = lag.map(|lag| lag.as_secs_f32() * 1_000.0);
        self.feed(Input::Measured { voice_to_wire_ms, echo }).await;
    }

    pub(super) fn tell_levels(&mut self) {
        self.tell_partial();
        let Some(devices) = &self.devices else { return };
        let meters = &devices.ports.meters;
        let now = (meters.level(Direction::Microphone), meters.level(Direction::Speaker));
        let moved =
            (now.0 - self.levels.0).abs() >= LEVEL_STEP || (now.1 - self.levels.1).abs() >= LEVEL_STEP;
        if moved && self.events.receiver_count() > 0 {
            self.levels = now;
            let _ = self.events.send(Event::Levels { microphone: now.0, speaker: now.1 });
        }
    }
}
