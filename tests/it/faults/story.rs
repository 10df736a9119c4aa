//! What happens in a call around its fault, and what must be whole in the end whatever the fault was.

mod turns;

use call::{Command, Item, Role, Snapshot, Status};

use super::desk::{Desk, voice, word_of};
use super::relay::Network;
use super::sees::{Sees, said_by};
use super::table::{Row, SAID, Wires};

/// Typed as soon as the call begins.
pub(crate) const TYPED: &str = "typed before the line was there";
const TYPED_AWAY: &str = "typed while the line was away";
const TYPED_LATER: &str = "typed later on";
/// How much of what was said must be heard again when the agent says it back.
const LIKENESS: f32 = 0.9;

/// What a person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Story {
    /// Types, and speaks twice in turns that the server ends.
    Talk,
    /// The same, where the sound of an answer may not be that of the question.
    TalkWithOddSound,
    /// Speaks while the line is away.
    SpeakAway,
    /// Types while the line is away.
    TypeAway,
    /// Types, and stops the long answer in this way.
    Interrupt(By),
    /// Types, holds the talk key for a turn, and interrupts its answer by another.
    TalkKey,
    /// Types just when the answer to what was spoken begins, which the call cannot know yet.
    TypeIntoAnswer,
    /// Speaks to a server that hears nothing, and then types.
    Unheard,
    /// Types twice to an agent that announces answers and never gives them.
    LoseReply,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Voice,
    Typing,
    Button,
}

/// When the fault comes, in a call that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// In the silence after the first turn.
    Quiet,
    /// While the person speaks.
    Hearing,
    /// While the agent speaks.
    Reply,
    /// While a tool runs on the server.
    Tool,
}

impl At {
    /// The word of the state then.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Quiet => "listening",
            Self::Hearing => "hearingYou",
            Self::Reply => "speaking",
            Self::Tool => "usingTool",
        }
    }
}

/// Everything final of the call so far is there in the end, unchanged and in the same order.
pub(crate) async fn play(row: &Row, desk: &mut Desk, wires: &Wires) -> Result<(), String> {
    let mut stage = Stage { row, desk, wires, typed: vec![TYPED], finals: Vec::new() };
    if row.at.is_none() {
        stage.heal().await;
    }
    if let Sees::Failed(..) = row.sees {
        stage.comes_to("ended").await?;
        return stage.kept();
    }
    if row.story != Story::LoseReply {
        answered(stage.desk, 1).await?;
        stage.remember();
    }
    match row.story {
        Story::LoseReply => stage.lose_reply().await?,
        Story::Talk | Story::TalkWithOddSound => stage.talk().await?,
        Story::SpeakAway | Story::TypeAway => stage.away().await?,
        Story::Interrupt(by) => stage.interrupt(by).await?,
        Story::TalkKey => stage.talk_key().await?,
        Story::TypeIntoAnswer => stage.type_into_answer().await?,
        Story::Unheard => stage.unheard().await?,
    }
    stage.kept()
}

struct Stage<'a> {
    row: &'a Row,
    desk: &'a mut Desk,
    wires: &'a Wires,
    typed: Vec<&'static str>,
    finals: Vec<Item>,
}

impl Stage<'_> {
    async fn talk(&mut self) -> Result<(), String> {
        self.fault(At::Quiet).await?;
        if let Sees::ClosedByServer(..) | Sees::GivenUp(..) = self.row.sees {
            return self.comes_to("ended").await;
        }
        self.desk.devices.say(voice(900, 3)).await;
        for at in [At::Hearing, At::Tool, At::Reply] {
            self.fault(at).await?;
        }
        answered(self.desk, 2).await?;
        self.remember();
        self.speak_and_be_answered(3).await?;
        self.every_turn_stands()
    }

    /// Whatever came before, this turn is whole.
    async fn speak_and_be_answered(&mut self, turn: usize) -> Result<(), String> {
        let (said, before) = (voice(900, 4), self.desk.devices.heard().len());
        self.desk.devices.say(said.clone()).await;
        answered(self.desk, turn).await?;
        if self.row.story == Story::TalkWithOddSound {
            return Ok(());
        }
        let floats = |samples: &[i16]| samples.iter().map(|&s| f32::from(s) / 32_768.0).collect::<Vec<_>>();
        let heard = self.desk.devices.heard();
        let found = rig::correlate(&floats(&said), &floats(&heard[before..]), audio::WIRE_RATE_HZ);
        if found.correlation < LIKENESS {
            return Err(format!("what was said is not heard again: likeness {}", found.correlation));
        }
        Ok(())
    }

    /// Three turns of the person, no more and no fewer; word for word where no line broke.
    fn every_turn_stands(&self) -> Result<(), String> {
        let you: Vec<&str> = said_by(Role::You, self.desk).collect();
        let agent: Vec<&str> = said_by(Role::Agent, self.desk).collect();
        let word_for_word = matches!(self.row.sees, Sees::Nothing | Sees::Notices(_));
        let back = [SAID[0], SAID[1]].map(|text| format!("You said: {text}"));
        let whole = match word_for_word {
            true => you == [TYPED, SAID[0], SAID[1]] && agent.len() == 3 && agent[1..] == back,
            false => you.len() == 3 && you[0] == TYPED && agent.len() >= 3,
        };
        if whole { Ok(()) } else { Err(format!("the turns are {you:?} and {agent:?}")) }
    }

    async fn away(&mut self) -> Result<(), String> {
        let Some((way, network, ms)) = self.row.network else { return Err("no line breaks".into()) };
        self.wires.become_on(way, network);
        self.comes_to("reconnecting").await?;
        match self.row.story {
            Story::TypeAway => self.types(TYPED_AWAY).await,
            _ => self.desk.devices.say(voice(900, 3)).await,
        }
        self.desk.watch(ms).await;
        self.wires.become_on(way, Network::Well);
        answered(self.desk, 2).await?;
        self.remember();
        self.speak_and_be_answered(3).await?;
        self.every_turn_stands_but_for_words()
    }

    fn every_turn_stands_but_for_words(&self) -> Result<(), String> {
        let turns = said_by(Role::You, self.desk).count();
        if turns == 3 { Ok(()) } else { Err(format!("there are {turns} turns: {:?}", self.desk.seen.items)) }
    }

    async fn types(&mut self, text: &'static str) {
        self.typed.push(text);
        self.desk.tell(Command::SendText(text.into())).await;
    }

    /// Brings the row's fault about, if it comes at this point, and sees it through.
    async fn fault(&mut self, at: At) -> Result<(), String> {
        if self.row.at != Some(at) {
            return Ok(());
        }
        if at != At::Quiet {
            self.comes_to(at.word()).await?;
        }
        if let Some((way, network, _)) = self.row.network {
            self.wires.become_on(way, network);
        }
        self.heal().await;
        match self.row.sees {
            Sees::Reconnected(_) => {
                if self.desk.breaks() == 0 {
                    self.comes_to("reconnecting").await?;
                }
                self.desk.comes_to(|seen| word_of(&seen.status) != "reconnecting").await;
                Ok(())
            }
            Sees::GivenUp(..) => {
                self.comes_to("reconnecting").await?;
                self.types(TYPED_AWAY).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn heal(&mut self) {
        if let Some((way, _, ms)) = self.row.network.filter(|(.., ms)| *ms > 0) {
            self.desk.watch(ms).await;
            self.wires.become_on(way, Network::Well);
        }
    }

    async fn comes_to(&mut self, word: &'static str) -> Result<(), String> {
        let over = |seen: &Snapshot| matches!(seen.status, Status::Ended { .. });
        let wanted = move |seen: &Snapshot| word_of(&seen.status) == word || over(seen);
        until(self.desk, word, wanted).await?;
        if word != "ended" && over(&self.desk.seen) {
            return Err(format!("it ended before {word}: {:?}", self.desk.seen.status));
        }
        Ok(())
    }

    fn remember(&mut self) {
        self.finals = self.desk.seen.items.iter().filter(|item| !item.partial).cloned().collect();
    }

    /// Everything final of before, and every typed text once.
    fn kept(&self) -> Result<(), String> {
        let seen = &self.desk.seen;
        let mut now = seen.items.iter();
        for item in self.finals.iter().filter(|item| item.role != Role::Note) {
            if !now.any(|known| known.id == item.id && known.text == item.text) {
                return Err(format!("\u{201c}{}\u{201d} is lost", item.text));
            }
        }
        for typed in &self.typed {
            let times = seen.items.iter().filter(|item| item.typed && item.text == *typed).count();
            if times != 1 {
                let status = &seen.status;
                return Err(format!("\u{201c}{typed}\u{201d} stands there {times} times, {status:?}"));
            }
        }
        Ok(())
    }
}

/// Waits until the call is at rest and has `turns` texts of the person with an answer of the agent to
/// the last.
pub(crate) async fn answered(desk: &mut Desk, turns: usize) -> Result<(), String> {
    let what = format!("answer {turns}");
    let wanted = move |seen: &Snapshot| {
        let said = |role: Role| {
            let items = seen.items.iter().filter(|item| item.role == role && !item.partial);
            items.filter(|item| !item.text.is_empty() || item.unheard.is_some()).count()
        };
        let rest = matches!(seen.status, Status::Listening | Status::Muted { .. } | Status::Ended { .. });
        rest && said(Role::You) >= turns && said(Role::Agent) >= turns
    };
    until(desk, &what, wanted).await
}

async fn until(desk: &mut Desk, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Result<(), String> {
    if desk.comes_to(wanted).await {
        return Ok(());
    }
    Err(format!("it never came to: {what}; it stays {:?} with {:?}", desk.seen.status, desk.seen.items))
}
