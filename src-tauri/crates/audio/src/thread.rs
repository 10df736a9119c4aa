//! The audio thread: everything between the two rings, in steps of 10 ms.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flume::RecvTimeoutError;

use crate::capture::Capture;
use crate::error::DeviceError;
use crate::keeper::{News, Want};
use crate::playback::Playback;
use crate::port::{Control, Direction, EchoFigures, Gate, Meters, Report};
use crate::processor::Processor;
use crate::stream::Lane;
use crate::voice::Voice;

/// The longest wait for a word of the call: after it the rings are looked after.
const LOOK: Duration = Duration::from_micros(2_500);
/// Words of the call taken at once before the rings are looked after.
const AT_ONCE: usize = 64;
/// Reports that may wait for a call that does not listen; then the oldest go.
const MOST_REPORTS: usize = 4_096;

/// The audio thread's ends of one device keeper's channels.
pub(crate) struct DeviceLink {
    pub(crate) wants: flume::Sender<Want>,
    pub(crate) news: flume::Receiver<News>,
}

impl DeviceLink {
    fn want(&self, want: Want) {
        if let Err(refused) = self.wants.try_send(want) {
            tracing::error!(want = ?refused.into_inner(), "a device does not follow");
        }
    }
}

pub(crate) struct AudioThread {
    pub(crate) control: flume::Receiver<Control>,
    pub(crate) outbox: Outbox,
    pub(crate) meters: Arc<Meters>,
    pub(crate) microphone: DeviceLink,
    pub(crate) speaker: DeviceLink,
    pub(crate) capture: Capture,
    pub(crate) playback: Playback,
    pub(crate) processor: Processor,
    pub(crate) voice: Voice,
    pub(crate) gate: Gate,
    pub(crate) stop: Arc<AtomicBool>,
}

impl AudioThread {
    /// Runs until the engine or the call is gone.
    pub(crate) fn run(mut self) {
        self.speaker.want(Want::Open);
        if self.gate != Gate::Released {
            self.microphone.want(Want::Open);
        }
        while !self.stop.load(Ordering::Relaxed) {
            match self.control.recv_timeout(LOOK) {
                Ok(control) => {
                    self.obey(control);
                    for _ in 1..AT_ONCE {
                        let Ok(control) = self.control.try_recv() else { break };
                        self.obey(control);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.read_news();
            self.playback.pump(&mut self.processor, &self.meters, &mut self.outbox);
            self.capture.pump(
                self.gate,
                &mut self.processor,
                &mut self.voice,
                &self.meters,
                &mut self.outbox,
            );
            for report in self.capture.told() {
                self.outbox.send(report);
            }
            self.outbox.push();
        }
    }

    fn obey(&mut self, control: Control) {
        match control {
            Control::Speak { item, samples } => {
                let lost = self.playback.speak(item, samples);
                if lost > 0 && self.meters.unsaid.fetch_add(lost as u64, Ordering::Relaxed) == 0 {
                    tracing::warn!("more is to be said than the playback queue holds");
                }
            }
            Control::Finish { item } => self.playback.finish(&item, &mut self.outbox),
            Control::Flush => self.playback.flush(&mut self.outbox),
            Control::Volume(volume) => self.playback.set_volume(volume),
            Control::Duck(ducked) => self.playback.duck(ducked),
            Control::Listen(from_dbfs) => self.voice.listen(from_dbfs, |report| self.outbox.send(report)),
            Control::Hush(hushed) => self.playback.set_hushed(hushed),
            Control::Prefer { direction, order } => {
                let link = match direction {
                    Direction::Microphone => &self.microphone,
                    Direction::Speaker => &self.speaker,
                };
                link.want(Want::Prefer(order));
            }
            Control::Process(processing) => {
                self.processor.switch(processing);
                self.meters.set_echo(EchoFigures::default());
            }
            Control::Gate(gate) => {
                let before = std::mem::replace(&mut self.gate, gate);
                match (before == Gate::Released, gate == Gate::Released) {
                    (false, true) => self.microphone.want(Want::Close),
                    (true, false) => self.microphone.want(Want::Open),
                    _ => {}
                }
            }
        }
    }

    fn read_news(&mut self) {
        while let Ok(news) = self.microphone.news.try_recv() {
            self.learn(Direction::Microphone, news);
        }
        while let Ok(news) = self.speaker.news.try_recv() {
            self.learn(Direction::Speaker, news);
        }
    }

    fn learn(&mut self, direction: Direction, news: News) {
        let attached = match news {
            News::Lane(Lane::Microphone(lane)) => {
                self.begin_anew(direction);
                self.capture.attach(lane)
            }
            News::Lane(Lane::Speaker(lane)) => {
                self.begin_anew(direction);
                self.playback.attach(lane, &mut self.outbox)
            }
            News::Running(device) => {
                self.outbox.send(Report::Opened { direction, device });
                Ok(())
            }
            News::Moved { from, to, why } => {
                self.outbox.send(Report::Moved { direction, from, to, why });
                Ok(())
            }
            News::Closed => {
                self.detach(direction);
                self.outbox.send(Report::Closed { direction });
                Ok(())
            }
            News::Moving => {
                self.detach(direction);
                Ok(())
            }
            News::Failed(error) => Err(error),
        };
        if let Err(error) = attached {
            self.fail(direction, error);
        }
    }

    fn fail(&mut self, direction: Direction, error: DeviceError) {
        self.detach(direction);
        self.outbox.send(Report::Failed { direction, error });
    }

    fn detach(&mut self, direction: Direction) {
        self.begin_anew(direction);
        match direction {
            Direction::Microphone => {
                self.capture.detach();
                self.voice.forget(|report| self.outbox.send(report));
            }
            Direction::Speaker => self.playback.detach(&mut self.outbox),
        }
    }

    /// What was learnt of the way from the loudspeaker to the microphone holds no more.
    fn begin_anew(&mut self, direction: Direction) {
        match direction {
            Direction::Microphone => self.processor.microphone_changed(),
            Direction::Speaker => self.processor.speaker_changed(),
        }
        self.meters.set_echo(EchoFigures::default());
    }
}

/// Reports on their way to the call. Only progress, of a reply or of a voice, is lost when it does not
/// listen in time.
#[derive(Debug)]
pub(crate) struct Outbox {
    reports: flume::Sender<Report>,
    waiting: VecDeque<Report>,
}

impl Outbox {
    pub(crate) fn new(reports: flume::Sender<Report>) -> Self {
        Self { reports, waiting: VecDeque::new() }
    }

    pub(crate) fn send(&mut self, report: Report) {
        let going_on = matches!(report, Report::Progress(_) | Report::Voice { speaking: true, .. });
        if going_on && (self.reports.is_full() || !self.waiting.is_empty()) {
            return;
        }
        if self.waiting.len() == MOST_REPORTS {
            self.waiting.pop_front();
        }
        self.waiting.push_back(report);
        self.push();
    }

    /// Hands over what found no room before.
    fn push(&mut self) {
        while let Some(report) = self.waiting.pop_front() {
            if let Err(flume::TrySendError::Full(report)) = self.reports.try_send(report) {
                self.waiting.push_front(report);
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests;
