//! All that a call knows of itself, and what follows from it: the state word, the gate, the next deadline.

use std::collections::VecDeque;

use audio::Gate;
use realtime::TurnDetection;

use super::{barge, budget, idle, line};
use crate::cost::{Cost, Meter};
use crate::event::{Clock, Controls, DeviceView, Ending, Mute, Problem, Snapshot, Status, Step, Turns};
use crate::figures::{Figures, Stopwatch};
use crate::reply::Replies;
use crate::session::Wishes;
use crate::setup::Setup;
use crate::speech::Speech;
use crate::transcript::Transcript;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Phase {
    Connecting { step: Step, agree_by: Option<u64> },
    Live,
    Reconnecting { attempt: u32, retry_at: u64, agree_by: Option<u64> },
    Ended { ending: Ending },
}

/// A typed text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    pub(super) text: String,
    /// A line that broke may have carried it.
    pub(super) sent: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) setup: Setup,
    pub(crate) phase: Phase,
    pub(crate) controls: Controls,
    pub(crate) transcript: Transcript,
    pub(crate) replies: Replies,
    /// The server (or the talk key) says that you are speaking.
    pub(crate) hearing: bool,
    /// Your turn has ended and no sound has come yet; until when we wait.
    pub(crate) awaiting: Option<u64>,
    /// The open reply counts as abandoned after this.
    pub(crate) reply_by: Option<u64>,
    /// When the sound that has come would have been played.
    pub(crate) sound_until: Option<u64>,
    /// The talk key is up and the tail still runs, until then.
    pub(super) tail_until: Option<u64>,
    /// What the server was last asked to do about turns on this line.
    pub(super) asked: Option<TurnDetection>,
    /// Of the backend, with the token of this line.
    pub(crate) wishes: Wishes,
    pub(super) barge: barge::Barge,
    pub(crate) figures: Figures,
    pub(crate) stopwatch: Stopwatch,
    pub(crate) tool: Option<String>,
    pub(crate) conversation: Option<String>,
    /// The conversation that this attempt asked to resume.
    pub(crate) resuming: Option<String>,
    pub(crate) model: Option<String>,
    /// Texts for the next line, or for this one in a moment.
    pub(super) waiting_texts: VecDeque<Text>,
    /// Texts that this line was given and the server has not shown to have.
    pub(crate) unconfirmed: VecDeque<String>,
    pub(crate) line: line::Track,
    pub(crate) speech: Speech,
    pub(super) microphone: DeviceView,
    pub(super) speaker: DeviceView,
    pub(crate) notices: Vec<Problem>,
    /// When the line was ready for the first time.
    pub(super) live_since: Option<u64>,
    pub(super) stillness: idle::Stillness,
    pub(super) clock: Clock,
    pub(super) clock_at: u64,
    pub(crate) meter: Meter,
    pub(super) day: budget::Day,
    pub(super) gate: Option<Gate>,
    pub(super) told: Option<Status>,
    /// The microphone gives only digital zeros, and whether that has been said.
    pub(super) zeros: bool,
    pub(super) zeros_told: bool,
    pub(super) jitter: u64,
}

impl State {
    pub(crate) fn new(setup: Setup) -> Self {
        let controls = Controls {
            turns: setup.turns,
            voice_from_dbfs: setup.patience.level_dbfs(),
            ..Controls::default()
        };
        let jitter = setup.seed;
        Self {
            setup,
            phase: Phase::Connecting { step: Step::AskingBackend, agree_by: None },
            controls,
            transcript: Transcript::default(),
            replies: Replies::default(),
            hearing: false,
            awaiting: None,
            reply_by: None,
            sound_until: None,
            tail_until: None,
            asked: None,
            wishes: Wishes::default(),
            barge: barge::Barge::default(),
            figures: Figures::default(),
            stopwatch: Stopwatch::default(),
            tool: None,
            conversation: None,
            resuming: None,
            model: None,
            waiting_texts: VecDeque::new(),
            unconfirmed: VecDeque::new(),
            line: line::Track::default(),
            speech: Speech::default(),
            microphone: DeviceView::default(),
            speaker: DeviceView::default(),
            notices: Vec::new(),
            live_since: None,
            stillness: idle::Stillness::default(),
            clock: Clock::default(),
            clock_at: 0,
            meter: Meter::default(),
            day: budget::Day::default(),
            gate: None,
            told: None,
            zeros: false,
            zeros_told: false,
            jitter,
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            with: self.setup.profile.name.clone(),
            practice: self.setup.practice,
            status: self.status(),
            controls: self.controls.clone(),
            items: self.transcript.items(),
            microphone: self.microphone.clone(),
            speaker: self.speaker.clone(),
            clock: self.clock,
            price: (!self.setup.practice).then_some(self.setup.profile.price),
            quiet: self.quiet(),
            notices: self.notices.clone(),
            figures: self.figures.clone(),
            model: self.model.clone(),
        }
    }

    /// With the practice agent no money runs.
    pub(super) fn cost(&self) -> Option<Cost> {
        (!self.setup.practice).then(|| self.meter.cost(self.setup.profile.price))
    }

    pub(crate) fn is_live(&self) -> bool {
        self.phase == Phase::Live
    }

    /// The line broke and is being got back.
    pub(crate) fn is_coming_back(&self) -> bool {
        matches!(self.phase, Phase::Reconnecting { .. })
    }

    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended { .. })
    }

    /// The one word for what the line does now.
    pub(super) fn status(&self) -> Status {
        match &self.phase {
            Phase::Ended { ending } => Status::Ended { ending: ending.clone() },
            Phase::Connecting { step, .. } => Status::Connecting { step: *step },
            Phase::Reconnecting { attempt, retry_at, .. } => {
                let left = retry_at.saturating_sub(self.clock_at);
                // Whole seconds, so that the countdown is told once a second.
                Status::Reconnecting { attempt: *attempt, retry_in_ms: left.div_ceil(1_000) * 1_000 }
            }
            Phase::Live => self.live_status(),
        }
    }

    fn live_status(&self) -> Status {
        if self.hearing {
            return Status::HearingYou;
        }
        if self.replies.is_sounding() {
            return Status::Speaking;
        }
        if let Some(name) = &self.tool {
            return Status::UsingTool { name: name.clone() };
        }
        if self.awaiting.is_some() || !self.replies.is_quiet() {
            return Status::Thinking;
        }
        match self.wanted_gate() {
            // Nobody listens where there is no microphone, and its trouble says why.
            Gate::Open if self.microphone.problem.is_some() => Status::Muted { released: true },
            Gate::Open => Status::Listening,
            Gate::Silent => Status::Muted { released: false },
            Gate::Released => Status::Muted { released: true },
        }
    }

    /// What the microphone may do in this state. Hard mute wins over the talk key.
    pub(super) fn wanted_gate(&self) -> Gate {
        let talking = self.controls.talking || self.tail_until.is_some();
        match (&self.phase, self.controls.mute, self.controls.turns) {
            (Phase::Ended { .. }, ..) | (_, Mute::Hard, _) => Gate::Released,
            (Phase::Connecting { .. }, ..) => Gate::Silent,
            (_, _, Turns::Manual) | (_, Mute::Soft, Turns::Auto) if !talking => Gate::Silent,
            // What is said while the line comes back is kept for it.
            (Phase::Live | Phase::Reconnecting { .. }, ..) => Gate::Open,
        }
    }

    /// When [`Input::Tick`] is wanted next, in ms.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let agree_by = match &self.phase {
            Phase::Ended { .. } => return None,
            Phase::Connecting { agree_by, .. } | Phase::Reconnecting { agree_by, .. } => *agree_by,
            Phase::Live => None,
        };
        let clock = self.live_since.map(|_| self.clock_at + 1_000);
        let (quiet, silence) = (self.quiet_due(), self.silence_due());
        [agree_by, self.awaiting, self.reply_by, self.tail_until, self.doubt_due(), quiet, silence, clock]
            .into_iter()
            .flatten()
            .min()
    }
}
