//! Both sides' words, keyed by item and ordered as the conversation went.

use crate::caption::Caption;
use crate::event::{Item, Role};

/// The transcript of one call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Transcript {
    entries: Vec<Entry>,
    /// For the ids of items that only we know: typed text not yet confirmed, and notes.
    own: u32,
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    item: Item,
    /// The wire's id once known; our own items begin without.
    wire_id: Option<String>,
    caption: Caption,
    /// The reply it belongs to.
    response: Option<String>,
}

impl Transcript {
    pub(crate) fn items(&self) -> Vec<Item> {
        self.entries.iter().map(|entry| entry.item.clone()).collect()
    }

    pub(crate) fn item(&self, index: usize) -> Option<&Item> {
        self.entries.get(index).map(|entry| &entry.item)
    }

    pub(crate) fn find(&self, wire_id: &str) -> Option<usize> {
        self.entries.iter().rposition(|entry| entry.wire_id.as_deref() == Some(wire_id))
    }

    /// The item with this wire id, made if it is new: behind `previous` where that is known, else
    /// at the end. A server may name a predecessor that it never announced.
    pub(crate) fn entry(&mut self, wire_id: &str, previous: Option<&str>, role: Role, at_ms: u64) -> usize {
        if let Some(index) = self.find(wire_id) {
            return index;
        }
        let index = previous.and_then(|id| self.find(id)).map_or(self.entries.len(), |index| index + 1);
        let item = Item {
            id: wire_id.to_owned(),
            role,
            text: String::new(),
            partial: true,
            unheard: None,
            typed: false,
            at_ms,
        };
        self.entries.insert(
            index,
            Entry { item, wire_id: Some(wire_id.to_owned()), caption: Caption::default(), response: None },
        );
        index
    }

    /// A line of our own, whole from the start: typed text, or a note.
    pub(crate) fn add_own(&mut self, role: Role, text: &str, at_ms: u64) -> usize {
        self.own += 1;
        let item = Item {
            id: format!("own-{}", self.own),
            role,
            text: text.to_owned(),
            partial: false,
            unheard: None,
            typed: role == Role::You,
            at_ms,
        };
        self.entries.push(Entry { item, wire_id: None, caption: Caption::default(), response: None });
        self.entries.len() - 1
    }

    /// The server has given our typed `text` an id of its own, and may say so twice. `false` if no such
    /// text waits.
    pub(crate) fn confirm_typed(&mut self, wire_id: &str, text: &str) -> bool {
        let is_known = |entry: &Entry| entry.item.typed && entry.wire_id.as_deref() == Some(wire_id);
        if self.entries.iter().any(is_known) {
            return true;
        }
        let waiting = self
            .entries
            .iter_mut()
            .find(|entry| entry.wire_id.is_none() && entry.item.typed && entry.item.text == text);
        if let Some(entry) = waiting {
            entry.wire_id = Some(wire_id.to_owned());
            true
        } else {
            false
        }
    }

    /// A user caption is a whole snapshot that may rewrite earlier words. `None` if it says nothing new.
    pub(crate) fn replace(&mut self, index: usize, text: &str, partial: bool) -> Option<usize> {
        let item = &mut self.entries.get_mut(index)?.item;
        if item.text == text && item.partial == partial {
            return None;
        }
        text.clone_into(&mut item.text);
        item.partial = partial;
        Some(index)
    }

    /// More words of a reply. Words that come after the item was cut were never heard.
    pub(crate) fn append(&mut self, index: usize, delta: &str, start_ms: Option<u64>) -> Option<usize> {
        let entry = self.entries.get_mut(index)?;
        entry.caption.say(delta, start_ms);
        match &mut entry.item.unheard {
            Some(unheard) => unheard.push_str(delta),
            None => entry.item.text.push_str(delta),
        }
        Some(index)
    }

    /// The whole text of a reply. Leaves a cut item alone: its text ends where the ear stopped.
    pub(crate) fn settle(&mut self, index: usize, text: Option<&str>) -> Option<usize> {
        let item = &mut self.entries.get_mut(index)?.item;
        let before = item.clone();
        if let (Some(text), None) = (text, &item.unheard) {
            text.clone_into(&mut item.text);
        }
        item.partial = false;
        (*item != before).then_some(index)
    }

    /// What of an interrupted item was never heard.
    pub(crate) fn unheard(&self, wire_id: &str) -> Option<String> {
        self.item(self.find(wire_id)?)?.unheard.clone()
    }

    pub(crate) fn belong(&mut self, index: usize, response: &str) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.response = Some(response.to_owned());
        }
    }

    pub(crate) fn receive_sound(&mut self, index: usize, ms: u64) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.caption.receive(ms);
        }
    }

    pub(crate) fn received_ms(&self, index: usize) -> u64 {
        self.entries.get(index).map_or(0, |entry| entry.caption.received_ms())
    }

    /// The ear stopped after `played_ms` of this item. A second cut changes nothing.
    pub(crate) fn cut(&mut self, index: usize, played_ms: u64) -> Option<usize> {
        let entry = self.entries.get_mut(index)?;
        if entry.item.unheard.is_some() {
            return None;
        }
        let (heard, unheard) = entry.caption.split(&entry.item.text, played_ms);
        entry.item.text = heard;
        entry.item.unheard = Some(unheard);
        entry.item.partial = false;
        Some(index)
    }

    /// No more will come of this reply: it ends after `played_ms`, as heard or as cut.
    pub(crate) fn end_at(&mut self, index: usize, played_ms: u64) -> Option<usize> {
        let entry = self.entries.get(index)?;
        let (_, unheard) = entry.caption.split(&entry.item.text, played_ms);
        if unheard.is_empty() { self.settle(index, None) } else { self.cut(index, played_ms) }
    }

    /// What was said as `wire_id` is being said again as `again`.
    pub(crate) fn said_again(&mut self, wire_id: &str, again: &str) {
        if self.find(again).is_none()
            && let Some(index) = self.find(wire_id)
            && let Some(entry) = self.entries.get_mut(index)
        {
            entry.wire_id = Some(again.to_owned());
        }
    }

    /// The place of an item by the id under which it is shown.
    pub(crate) fn find_shown(&self, id: &str) -> Option<usize> {
        self.entries.iter().rposition(|entry| entry.item.id == id)
    }

    /// The newest words of yours that were spoken.
    pub(crate) fn last_spoken(&self) -> Option<&Item> {
        let mut items = self.entries.iter().rev().map(|entry| &entry.item);
        items.find(|item| item.role == Role::You && !item.typed)
    }

    /// The server's own word on what was kept of a cut item.
    pub(crate) fn correct_cut(&mut self, index: usize, kept: &str) -> Option<usize> {
        let item = &mut self.entries.get_mut(index)?.item;
        let unheard = item.unheard.take()?;
        let whole = if unheard.is_empty() { item.text.clone() } else { format!("{} {unheard}", item.text) };
        item.unheard = Some(match whole.strip_prefix(kept) {
            Some(rest) => rest.trim_start().to_owned(),
            None => unheard,
        });
        kept.clone_into(&mut item.text);
        Some(index)
    }

    /// Items of a reply that is still being written.
    pub(crate) fn open_items(&self, response: &str) -> Vec<usize> {
        (0..self.entries.len())
            .filter(|&index| {
                let entry = &self.entries[index];
                entry.item.partial && entry.response.as_deref() == Some(response)
            })
            .collect()
    }

    /// Items that still wait for more.
    pub(crate) fn unsettled(&self) -> Vec<usize> {
        (0..self.entries.len()).filter(|&index| self.entries[index].item.partial).collect()
    }

    /// The last words of both sides as plain lines, at most `chars` characters: what a new
    /// conversation is told when the old one could not be resumed.
    pub(crate) fn summary(&self, chars: usize) -> String {
        let mut lines = Vec::new();
        let mut left = chars;
        for entry in self.entries.iter().rev() {
            let who = match entry.item.role {
                Role::You => "User",
                Role::Agent => "Assistant",
                Role::Tool | Role::Note => continue,
            };
            if entry.item.text.is_empty() {
                continue;
            }
            let line = format!("{who}: {}", entry.item.text);
            let length = line.chars().count() + 1;
            if length > left {
                break;
            }
            left -= length;
            lines.push(line);
        }
        lines.reverse();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_replace_and_never_append() {
        let mut transcript = Transcript::default();
        let index = transcript.entry("a", None, Role::You, 0);
        transcript.replace(index, "Hello, my name is", true);
        transcript.replace(index, "Hello, my name is Marcelo.", false);
        assert_eq!(
            transcript.replace(index, "Hello, my name is Marcelo.", false),
            None,
            "a repeat is no news"
        );
        assert_eq!(transcript.items()[0].text, "Hello, my name is Marcelo.");
    }

    #[test]
    fn order_follows_the_predecessor_and_an_unknown_one_means_the_end() {
        let mut transcript = Transcript::default();
        transcript.entry("a", None, Role::You, 0);
        transcript.entry("c", Some("a"), Role::Agent, 0);
        transcript.entry("b", Some("a"), Role::You, 0);
        transcript.entry("d", Some("never-announced"), Role::Agent, 0);
        let ids: Vec<_> = transcript.items().into_iter().map(|item| item.id).collect();
        assert_eq!(ids, ["a", "b", "c", "d"]);
    }

    #[test]
    fn typed_text_keeps_its_place_when_the_server_names_it() {
        let mut transcript = Transcript::default();
        transcript.add_own(Role::You, "hi", 0);
        assert!(transcript.confirm_typed("wire-1", "hi"));
        assert!(!transcript.confirm_typed("wire-2", "hi"), "it is confirmed once");
        assert_eq!(transcript.entry("wire-1", None, Role::You, 9), 0);
        assert_eq!(transcript.items().len(), 1);
        assert_eq!(transcript.items()[0].id, "own-1", "the window knows it by its first id");
    }

    #[test]
    fn a_cut_item_keeps_what_was_heard_whatever_comes_late() {
        let mut transcript = Transcript::default();
        let index = transcript.entry("a", None, Role::Agent, 0);
        transcript.append(index, "one two three four", Some(0));
        transcript.receive_sound(index, 1_000);
        transcript.cut(index, 500);
        assert_eq!(transcript.cut(index, 900), None, "it was cut already");
        transcript.append(index, " five", None);
        transcript.settle(index, Some("one two three four five"));
        let item = &transcript.items()[0];
        assert_eq!(item.text, "one two");
        assert_eq!(item.unheard.as_deref(), Some("three four five"));
        transcript.correct_cut(index, "one two three");
        let item = &transcript.items()[0];
        assert_eq!((item.text.as_str(), item.unheard.as_deref()), ("one two three", Some("four five")));
    }

    #[test]
    fn the_summary_holds_the_newest_words_within_its_bound() {
        let mut transcript = Transcript::default();
        transcript.add_own(Role::You, "old", 0);
        transcript.add_own(Role::Note, "the line broke", 0);
        transcript.add_own(Role::Agent, "new", 0);
        assert_eq!(transcript.summary(100), "User: old\nAssistant: new");
        assert_eq!(transcript.summary(16), "Assistant: new");
    }
}
