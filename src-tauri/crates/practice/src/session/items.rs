//! The conversation as the server keeps it.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::clips::Sentence;
use crate::resample;

/// Items kept; the oldest gives way.
const MOST: usize = 1000;

#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Of the user, the system, or an assistant of earlier times.
    Message,
    /// What the agent said.
    Spoken(Spoken),
    Call {
        call_id: String,
    },
    Output,
}

/// A reply, as far as it was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spoken {
    pub(crate) sentences: Vec<Timed>,
    /// Audio sent, ms.
    pub(crate) sent_ms: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Timed {
    pub(crate) start_ms: u64,
    pub(crate) end_ms: u64,
    pub(crate) text: String,
}

impl Timed {
    /// The sentences of a line of `length` samples at `rate` Hz.
    pub(crate) fn all(sentences: &[Sentence], length: usize, rate: u32) -> Vec<Self> {
        let ms = |samples| resample::length(samples, rate, 1000) as u64;
        let ends = sentences.iter().skip(1).map(|next| next.start).chain([length]);
        sentences
            .iter()
            .zip(ends)
            .map(|(sentence, end)| Self {
                start_ms: ms(sentence.start),
                end_ms: ms(end),
                text: sentence.text.clone(),
            })
            .collect()
    }
}

impl Spoken {
    pub(crate) fn transcript(&self) -> String {
        self.sentences.iter().map(|timed| timed.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Keeps the whole words that were said before `end_ms`.
    pub(crate) fn cut(&mut self, end_ms: u64) {
        self.sentences.retain(|timed| timed.start_ms < end_ms);
        self.sent_ms = self.sent_ms.min(end_ms);
        if let Some(last) = self.sentences.last_mut().filter(|last| last.end_ms > end_ms) {
            let words: Vec<&str> = last.text.split_whitespace().collect();
            let whole = (last.end_ms - last.start_ms).max(1);
            let kept = words.len() as u64 * (end_ms - last.start_ms) / whole;
            let kept = usize::try_from(kept).unwrap_or(words.len());
            last.text = words.get(..kept).unwrap_or(&words).join(" ");
            last.end_ms = end_ms;
        }
        self.sentences.retain(|timed| !timed.text.is_empty());
    }
}

#[derive(Debug, Default)]
pub(crate) struct Items {
    kept: VecDeque<Item>,
}

impl Items {
    pub(crate) fn push(&mut self, item: Item) {
        while self.kept.len() >= MOST {
            self.kept.pop_front();
        }
        self.kept.push_back(item);
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Item> {
        self.kept.iter().find(|item| item.id == id)
    }

    pub(crate) fn spoken(&mut self, id: &str) -> Option<&mut Spoken> {
        self.kept.iter_mut().find(|item| item.id == id).and_then(|item| match &mut item.kind {
            Kind::Spoken(spoken) => Some(spoken),
            _ => None,
        })
    }

    pub(crate) fn last_id(&self) -> Option<&str> {
        self.kept.back().map(|item| item.id.as_str())
    }

    /// Whether there was such an item.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let before = self.kept.len();
        self.kept.retain(|item| item.id != id);
        self.kept.len() < before
    }

    pub(crate) fn knows_call(&self, wanted: &str) -> bool {
        self.kept.iter().any(|item| matches!(&item.kind, Kind::Call { call_id } if call_id == wanted))
    }

    /// Everything the agent has said, oldest first.
    pub(crate) fn said(&self) -> Vec<String> {
        self.kept
            .iter()
            .filter_map(|item| match &item.kind {
                Kind::Spoken(spoken) => Some(spoken.transcript()),
                _ => None,
            })
            .filter(|text| !text.is_empty())
            .collect()
    }
}

/// The `item` object of a message.
pub(crate) fn message(id: &str, status: &str, role: &str, content: Value) -> Value {
    let mut item = json!({
        "id": id,
        "object": "realtime.item",
        "type": "message",
        "status": status,
        "role": role,
    });
    if !content.is_null() {
        item["content"] = content;
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken() -> Spoken {
        let timed = |start_ms, end_ms, text: &str| Timed { start_ms, end_ms, text: text.into() };
        Spoken {
            sentences: vec![timed(0, 1000, "One two three four."), timed(1000, 2000, "Five six.")],
            sent_ms: 2000,
        }
    }

    #[test]
    fn a_cut_keeps_the_words_that_were_heard() {
        for (end_ms, text) in [
            (0, ""),
            (200, ""),
            (500, "One two"),
            (999, "One two three"),
            (1000, "One two three four."),
            (1500, "One two three four. Five"),
            (2000, "One two three four. Five six."),
            (9000, "One two three four. Five six."),
        ] {
            let mut spoken = spoken();
            spoken.cut(end_ms);
            assert_eq!(spoken.transcript(), text, "cut at {end_ms} ms");
            assert_eq!(spoken.sent_ms, end_ms.min(2000));
        }
    }

    #[test]
    fn the_number_of_items_is_bounded() {
        let mut items = Items::default();
        for n in 0..MOST + 5 {
            items.push(Item { id: n.to_string(), kind: Kind::Message });
        }
        assert!(items.find("4").is_none());
        assert!(items.find("5").is_some());
        assert!(items.remove("5"));
        assert!(!items.remove("5"));
    }
}
