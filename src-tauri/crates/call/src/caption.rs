//! Which words of a reply the ear has met: from milliseconds played to a place in the text.

/// One piece of an assistant caption as it came, with the moment in the item's own sound at which
/// it is spoken.
#[derive(Clone, Debug, PartialEq)]
struct Piece {
    start_ms: Option<u64>,
    chars: usize,
}

/// The time line of one spoken item.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Caption {
    pieces: Vec<Piece>,
    received_ms: u64,
}

impl Caption {
    /// `text` is said from `start_ms` of the item's sound on. A piece without a time, or one that
    /// repeats the time of the piece before, shares that piece's stretch.
    pub(crate) fn say(&mut self, text: &str, start_ms: Option<u64>) {
        let chars = text.chars().count();
        match self.pieces.last_mut() {
            Some(last) if start_ms.is_none() || last.start_ms == start_ms => last.chars += chars,
            _ => self.pieces.push(Piece { start_ms, chars }),
        }
    }

    /// More of the item's sound has arrived.
    pub(crate) fn receive(&mut self, ms: u64) {
        self.received_ms += ms;
    }

    pub(crate) fn received_ms(&self) -> u64 {
        self.received_ms
    }

    /// Splits `text` into what was heard after `played_ms` and the rest. The cut falls between
    /// words: a word that was begun counts as unheard.
    ///
    /// Within one piece speech is taken to run evenly, since the wire times sentences, not words.
    pub(crate) fn split(&self, text: &str, played_ms: u64) -> (String, String) {
        let total = text.chars().count();
        let known: usize = self.pieces.iter().map(|piece| piece.chars).sum();
        let heard = if known == 0 {
            share(total, played_ms, self.received_ms)
        } else {
            // The final text may differ from what was streamed: keep the proportion.
            scale(self.heard_chars(played_ms), total, known)
        };
        cut_between_words(text, heard)
    }

    fn heard_chars(&self, played_ms: u64) -> usize {
        let mut heard = 0;
        for (n, piece) in self.pieces.iter().enumerate() {
            let start = piece.start_ms.unwrap_or(0);
            if n > 0 && start >= played_ms {
                break;
            }
            let end = self.pieces[n + 1..]
                .iter()
                .find_map(|later| later.start_ms)
                .unwrap_or(self.received_ms)
                .max(start);
            heard += share(piece.chars, played_ms.saturating_sub(start), end - start);
        }
        heard
    }
}

/// The part of `chars` that `ms` out of `of_ms` stands for. What has no sound was not heard.
fn share(chars: usize, ms: u64, of_ms: u64) -> usize {
    if of_ms == 0 {
        0
    } else if ms >= of_ms {
        chars
    } else {
        scale(chars, ms as usize, of_ms as usize)
    }
}

fn scale(value: usize, by: usize, of: usize) -> usize {
    if of == 0 { 0 } else { (value as u128 * by as u128 / of as u128) as usize }
}

fn cut_between_words(text: &str, heard: usize) -> (String, String) {
    let at = match text.char_indices().nth(heard) {
        None => text.len(),
        Some((at, _)) if heard == 0 => at,
        Some((at, next)) => {
            if next.is_whitespace() {
                at
            } else {
                text[..at].rfind(char::is_whitespace).unwrap_or(0)
            }
        }
    };
    (text[..at].trim_end().to_owned(), text[at..].trim_start().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "On Sundays the first boat leaves at ten. Then it is full.";

    fn caption() -> Caption {
        let mut caption = Caption::default();
        caption.say("On Sundays the first boat leaves at ten.", Some(0));
        caption.say(" Then it is full.", Some(2_000));
        caption.receive(3_000);
        caption
    }

    #[test]
    fn cut_follows_the_sentence_times() {
        let cases = [
            (0, "", TEXT),
            (1_000, "On Sundays the first", "boat leaves at ten. Then it is full."),
            (2_000, "On Sundays the first boat leaves at ten.", "Then it is full."),
            (2_500, "On Sundays the first boat leaves at ten. Then it", "is full."),
            (3_000, TEXT, ""),
            (9_000, TEXT, ""),
        ];
        for (ms, heard, unheard) in cases {
            assert_eq!(caption().split(TEXT, ms), (heard.to_owned(), unheard.to_owned()), "after {ms} ms");
        }
    }

    #[test]
    fn a_caption_without_times_is_cut_by_its_share_of_the_sound() {
        let mut caption = Caption::default();
        caption.receive(1_000);
        assert_eq!(caption.split("one two three four", 500), ("one two".into(), "three four".into()));
    }

    #[test]
    fn a_final_text_of_another_length_keeps_the_proportion() {
        let longer = format!("{TEXT} {TEXT}");
        let (heard, unheard) = caption().split(&longer, 1_500);
        assert!(!heard.is_empty() && !unheard.is_empty());
        assert_eq!(format!("{heard} {unheard}"), longer);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_more_time_never_hears_less(
            text in "\\PC{0,60}", starts in proptest::collection::vec(0u64..5_000, 0..4),
            received in 0u64..6_000, ms in 0u64..7_000,
        ) {
            let mut caption = Caption::default();
            for start in starts { caption.say(&text, Some(start)); }
            caption.receive(received);
            let (heard, rest) = caption.split(&text, ms);
            let squeezed = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(squeezed(&heard) + &squeezed(&rest), squeezed(&text));
        }
    }
}
