//! Conversations that can be taken up again on a new connection.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Conversations kept at once; the oldest gives way.
const MOST: usize = 64;
/// Messages kept of each; older ones give way.
const MESSAGES: usize = 50;
/// How long one is kept without activity (xAI realtime guide).
const LIFE: Duration = Duration::from_secs(30 * 60);

#[derive(Debug, Default)]
pub(crate) struct Conversations {
    kept: Mutex<VecDeque<Kept>>,
}

#[derive(Debug)]
struct Kept {
    id: String,
    said: Vec<String>,
    touched: Instant,
}

impl Conversations {
    /// Keeps what the agent has said so far in the conversation `id`.
    pub(crate) fn keep(&self, id: &str, mut said: Vec<String>, now: Instant) {
        said.drain(..said.len().saturating_sub(MESSAGES));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| kept.id != id && now - kept.touched < LIFE);
        while kept.len() >= MOST {
            kept.pop_front();
        }
        kept.push_back(Kept { id: id.to_owned(), said, touched: now });
    }

    /// What the agent said in the conversation `id`; `None` if it is not or no longer known.
    pub(crate) fn recall(&self, id: &str, now: Instant) -> Option<Vec<String>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|kept| kept.id == id && now - kept.touched < LIFE)?;
        Some(found.said.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_forgotten_half_an_hour_later() {
        let conversations = Conversations::default();
        let now = Instant::now();
        conversations.keep("a", vec!["Hello.".into()], now);
        assert_eq!(conversations.recall("a", now), Some(vec!["Hello.".to_owned()]));
        assert_eq!(conversations.recall("b", now), None);
        assert_eq!(conversations.recall("a", now + LIFE), None);
    }

    #[test]
    fn the_number_of_conversations_is_bounded() {
        let conversations = Conversations::default();
        let now = Instant::now();
        for n in 0..=MOST {
            conversations.keep(&n.to_string(), Vec::new(), now);
        }
        assert_eq!(conversations.recall("0", now), None);
        assert_eq!(conversations.recall("1", now), Some(Vec::new()));
        conversations.keep("1", (0..=MESSAGES).map(|n| n.to_string()).collect(), now);
        let said = conversations.recall("1", now).unwrap();
        assert_eq!((said.len(), said[0].as_str()), (MESSAGES, "1"));
    }
}
