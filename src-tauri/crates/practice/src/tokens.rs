//! Short-lived tokens: made, kept, and forgotten when their time is over.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use uuid::Uuid;

/// Tokens kept at once; the oldest gives way.
const MOST: usize = 1024;

#[derive(Debug, Default)]
pub(crate) struct Tokens {
    kept: VecDeque<(String, Instant)>,
}

/// A new token and when it ends, in Unix seconds.
pub(crate) struct Minted {
    pub(crate) value: String,
    pub(crate) expires_at: u64,
}

impl Tokens {
    pub(crate) fn mint(&mut self, life: Duration, now: Instant) -> Minted {
        self.kept.retain(|(_, end)| *end > now);
        while self.kept.len() >= MOST {
            self.kept.pop_front();
        }
        let value =
            format!("xai-realtime-client-secret-{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.kept.push_back((value.clone(), now + life));
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Minted { value, expires_at: (clock + life).as_secs() }
    }

    pub(crate) fn valid(&self, token: &str, now: Instant) -> bool {
        self.kept.iter().any(|(value, end)| value == token && *end > now)
    }

    /// The token is good for nothing any more.
    pub(crate) fn spend(&mut self, token: &str) {
        self.kept.retain(|(value, _)| value != token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_valid_until_its_end() {
        let mut tokens = Tokens::default();
        let now = Instant::now();
        let token = tokens.mint(Duration::from_secs(60), now).value;
        assert!(tokens.valid(&token, now + Duration::from_secs(59)));
        assert!(!tokens.valid(&token, now + Duration::from_secs(60)));
        assert!(!tokens.valid("xai-realtime-client-secret-", now));
        assert!(!tokens.valid("", now));
    }

    #[test]
    fn the_number_of_tokens_is_bounded() {
        let mut tokens = Tokens::default();
        let now = Instant::now();
        let first = tokens.mint(Duration::from_secs(60), now).value;
        for _ in 0..MOST {
            tokens.mint(Duration::from_secs(60), now);
        }
        assert!(!tokens.valid(&first, now));
        assert_eq!(tokens.kept.len(), MOST);
    }
}
