//! Stories in which it matters whose turn it is.

use call::{Command, Role, Snapshot};

use super::super::desk::voice;
use super::super::relay::Network;
use super::super::table::Way;
use super::{By, Stage, TYPED_LATER, answered, until};

impl Stage<'_> {
    pub(super) async fn interrupt(&mut self, by: By) -> Result<(), String> {
        self.types(TYPED_LATER).await;
        self.comes_to("speaking").await?;
        self.desk.watch(2_000).await;
        match by {
            By::Voice => self.desk.devices.say(voice(900, 3)).await,
            By::Typing => self.types("typed over the agent").await,
            By::Button => self.desk.tell(Command::Interrupt).await,
        }
        self.is_cut(2).await?;
        let turns = if by == By::Button { 2 } else { 3 };
        answered(self.desk, turns).await?;
        if by == By::Button {
            let heard = self.desk.devices.heard().len();
            self.desk.watch(3_000).await;
            if self.desk.devices.heard().len() != heard {
                return Err("sound of the stopped answer is still heard".into());
            }
        }
        self.remember();
        self.desk.devices.say(voice(900, 4)).await;
        answered(self.desk, turns + 1).await
    }

    /// The agent's `nth` text ends where the ear stopped, and the rest of it is kept apart.
    async fn is_cut(&mut self, nth: usize) -> Result<(), String> {
        let cut = move |seen: &Snapshot| {
            let item = seen.items.iter().filter(|item| item.role == Role::Agent).nth(nth - 1);
            item.is_some_and(|item| {
                !item.text.is_empty() && item.unheard.as_ref().is_some_and(|rest| !rest.is_empty())
            })
        };
        until(self.desk, "an answer that is cut where the ear stopped", cut).await
    }

    pub(super) async fn talk_key(&mut self) -> Result<(), String> {
        self.hold_and_say(3).await?;
        self.comes_to("speaking").await?;
        self.hold_and_say(4).await?;
        answered(self.desk, 3).await?;
        let interrupted = self.desk.seen.items.iter().any(|item| item.unheard.is_some());
        if interrupted { Ok(()) } else { Err("the key did not interrupt the answer".into()) }
    }

    /// The turn is the key's alone, whatever the server says of it.
    async fn hold_and_say(&mut self, seed: u32) -> Result<(), String> {
        self.desk.tell(Command::Talk(true)).await;
        self.comes_to("hearingYou").await?;
        self.desk.devices.say(voice(900, seed)).await;
        let before = self.desk.words.len();
        self.desk.watch(1_800).await;
        if let Some(word) = self.desk.words[before..].iter().find(|word| *word != "hearingYou") {
            return Err(format!("while the key is held the state is {word}"));
        }
        self.desk.tell(Command::Talk(false)).await;
        Ok(())
    }

    pub(super) async fn type_into_answer(&mut self) -> Result<(), String> {
        self.desk.devices.say(voice(900, 3)).await;
        self.comes_to("thinking").await?;
        self.wires.become_on(Way::Line, Network::Stalled);
        self.types(TYPED_LATER).await;
        // The server begins its answer 0.2 s after the turn.
        self.desk.watch(1_000).await;
        self.wires.become_on(Way::Line, Network::Well);
        self.comes_to("speaking").await?;
        self.comes_to("listening").await?;
        self.remember();
        self.desk.devices.say(voice(900, 4)).await;
        self.comes_to("hearingYou").await?;
        self.comes_to("speaking").await?;
        self.comes_to("listening").await
    }

    pub(super) async fn unheard(&mut self) -> Result<(), String> {
        let before = self.desk.words.len();
        self.desk.devices.say(voice(900, 3)).await;
        self.desk.watch(5_000).await;
        if self.desk.words.len() != before {
            return Err(format!("nobody hears, and the state is {:?}", self.desk.words.last()));
        }
        self.types(TYPED_LATER).await;
        answered(self.desk, 2).await
    }

    pub(super) async fn lose_reply(&mut self) -> Result<(), String> {
        self.comes_to("thinking").await?;
        self.comes_to("listening").await?;
        self.types(TYPED_LATER).await;
        self.comes_to("thinking").await?;
        self.comes_to("listening").await
    }
}
