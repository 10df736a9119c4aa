//! What is still to be said, and how much of what was said has been heard. No devices, no clocks:
//! a position on a timeline of 24 kHz samples comes in, reports come out.

use std::collections::VecDeque;

use crate::port::{ItemId, Played, Report, WIRE_RATE_HZ};

/// The most that may wait, in samples: 15 minutes, 43 MB.
pub(crate) const MOST_WAITING: usize = 15 * 60 * WIRE_RATE_HZ as usize;
/// The most pieces that may wait; at 20 ms a piece more than [`MOST_WAITING`].
const MOST_CHUNKS: usize = 65_536;
/// The most items that may be unfinished at once.
const MOST_ITEMS: usize = 1_024;
/// How much of the timeline before its end is kept, in samples: 2 s, more than a ring (half a second) and
/// the latency of a device can hold.
const MOST_KEPT: usize = 2 * WIRE_RATE_HZ as usize;
/// How many flushed items are remembered, for the `Finish` that may still be on its way.
const REMEMBERED: usize = 16;

#[derive(Debug)]
struct Chunk {
    item: ItemId,
    samples: Vec<i16>,
    taken: usize,
}

/// A piece of an item on the timeline, not yet heard to its end.
#[derive(Debug)]
struct Span {
    item: ItemId,
    from: u64,
    length: u64,
    heard: u64,
}

#[derive(Debug)]
struct Entry {
    item: ItemId,
    given: u64,
    heard: u64,
    started: bool,
    closed: bool,
    /// The timeline ran past its end before more of it came.
    dry: bool,
}

impl Entry {
    fn played(&self) -> Played {
        Played { item: self.item.clone(), ms: self.heard * 1_000 / u64::from(WIRE_RATE_HZ) }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    chunks: VecDeque<Chunk>,
    spans: VecDeque<Span>,
    entries: Vec<Entry>,
    flushed: VecDeque<Played>,
    /// The last of the timeline, for a device that goes away before it was heard.
    kept: VecDeque<i16>,
    waiting: usize,
    /// The timeline's end: samples taken so far, silence included.
    taken: u64,
}

impl Queue {
    /// Appends sound of `item`. Gives the number of samples that found no room.
    pub(crate) fn push(&mut self, item: ItemId, mut samples: Vec<i16>) -> usize {
        let room = MOST_WAITING - self.waiting;
        let lost = samples.len().saturating_sub(room);
        if self.chunks.len() >= MOST_CHUNKS || !self.know(&item) {
            return samples.len();
        }
        samples.truncate(room);
        if samples.is_empty() {
            return lost;
        }
        if let Some(entry) = self.entries.iter_mut().rfind(|entry| entry.item == item) {
            entry.given += samples.len() as u64;
        }
        self.waiting += samples.len();
        self.chunks.push_back(Chunk { item, samples, taken: 0 });
        lost
    }

    /// Nothing more comes for `item`: it is finished once all of it has been heard.
    pub(crate) fn close(&mut self, item: &ItemId) -> Option<Report> {
        if let Some(flushed) = self.flushed.iter().find(|played| played.item == *item) {
            return Some(Report::Finished(flushed.clone()));
        }
        if !self.know(item) {
            return Some(Report::Finished(Played { item: item.clone(), ms: 0 }));
        }
        let entry = self.entries.iter_mut().find(|entry| entry.item == *item)?;
        entry.closed = true;
        None
    }

    /// Samples not taken yet.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether nothing can follow the last waiting sample without a new item.
    pub(crate) fn ends_closed(&self) -> bool {
        let last = self.chunks.back().map(|chunk| &chunk.item);
        self.entries.iter().any(|entry| Some(&entry.item) == last && entry.closed)
    }

    /// The timeline's end.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// Fills `out` with what comes next and silence after it; the timeline grows by its length.
    /// Gives the number of items that go on here after they had run dry.
    pub(crate) fn take(&mut self, out: &mut [f32]) -> u64 {
        let mut at = 0;
        let mut resumed = 0;
        while at < out.len() {
            let Some(chunk) = self.chunks.front_mut() else { break };
            let length = (chunk.samples.len() - chunk.taken).min(out.len() - at);
            let piece = &chunk.samples[chunk.taken..chunk.taken + length];
            for (out, &sample) in out[at..].iter_mut().zip(piece) {
                *out = f32::from(sample) / 32_768.0;
            }
            self.kept.extend(piece);
            chunk.taken += length;
            let item = chunk.item.clone();
            if chunk.taken == chunk.samples.len() {
                self.chunks.pop_front();
            }
            if let Some(entry) = self.entries.iter_mut().find(|entry| entry.item == item) {
                resumed += u64::from(std::mem::take(&mut entry.dry));
            }
            let (from, length) = (self.taken + at as u64, length as u64);
            match self.spans.back_mut() {
                Some(span) if span.item == item && span.from + span.length == from => span.length += length,
                _ => self.spans.push_back(Span { item, from, length, heard: 0 }),
            }
            self.waiting -= length as usize;
            at += length as usize;
        }
        out[at..].fill(0.0);
        self.kept.extend(std::iter::repeat_n(0, out.len() - at));
        self.kept.drain(..self.kept.len().saturating_sub(MOST_KEPT));
        self.taken += out.len() as u64;
        resumed
    }

    /// The timeline ends at `position` again, or where the ear was last said to be: what was taken after
    /// it waits once more. At most 2 s come back.
    pub(crate) fn rewind(&mut self, position: u64) {
        let oldest = self.taken - self.kept.len() as u64;
        let heard = self.spans.front().map_or(self.taken, |span| span.from + span.heard);
        let position = position.max(oldest).max(heard).min(self.taken);
        while let Some(mut span) = self.spans.pop_back() {
            let (from, end) = (span.from.max(position), span.from + span.length);
            if from < end {
                let again = self.kept.range((from - oldest) as usize..(end - oldest) as usize);
                let samples: Vec<i16> = again.copied().collect();
                self.waiting += samples.len();
                self.chunks.push_front(Chunk { item: span.item.clone(), samples, taken: 0 });
            }
            if span.from < from {
                span.length = from - span.from;
                self.spans.push_back(span);
                break;
            }
        }
        self.kept.truncate((position - oldest) as usize);
        self.taken = position;
    }

    /// The ear has come to `position` on the timeline.
    pub(crate) fn hear(&mut self, position: u64, mut report: impl FnMut(Report)) {
        while let Some(span) = self.spans.front_mut() {
            let heard = position.saturating_sub(span.from).min(span.length);
            let Some(entry) = self.entries.iter_mut().find(|entry| entry.item == span.item) else {
                self.spans.pop_front();
                continue;
            };
            entry.heard += heard.saturating_sub(span.heard);
            span.heard = span.heard.max(heard);
            if span.heard > 0 && !std::mem::replace(&mut entry.started, true) {
                report(Report::Started { item: entry.item.clone() });
            }
            if span.heard < span.length {
                break;
            }
            entry.dry = entry.heard == entry.given && !entry.closed;
            self.spans.pop_front();
        }
        self.entries.retain(|entry| {
            let finished = entry.closed && entry.heard == entry.given;
            if finished {
                report(Report::Finished(entry.played()));
            }
            !finished
        });
    }

    /// The item that is being heard.
    pub(crate) fn playing(&self) -> Option<Played> {
        let span = self.spans.front().filter(|span| span.heard > 0)?;
        self.entries.iter().find(|entry| entry.item == span.item).map(Entry::played)
    }

    /// Whether something was begun and is not over.
    pub(crate) fn is_speaking(&self) -> bool {
        self.waiting > 0 || !self.spans.is_empty()
    }

    /// Takes everything unfinished out. What comes in from now on is not touched by the flush,
    /// however late it is settled.
    pub(crate) fn cut(&mut self) -> Cut {
        self.waiting = 0;
        self.chunks.clear();
        Cut { spans: std::mem::take(&mut self.spans), entries: std::mem::take(&mut self.entries) }
    }

    /// Closes a cut: the ear had come to `position` when silence fell.
    pub(crate) fn settle(&mut self, cut: Cut, position: u64, mut report: impl FnMut(Report)) {
        let mut past = Queue { spans: cut.spans, entries: cut.entries, ..Queue::default() };
        // An item that came to its end just before the flush is finished, not flushed.
        past.hear(position, &mut report);
        let unfinished: Vec<Played> = past.entries.iter().map(Entry::played).collect();
        for played in &unfinished {
            if self.flushed.len() == REMEMBERED {
                self.flushed.pop_front();
            }
            self.flushed.push_back(played.clone());
        }
        report(Report::Flushed(unfinished));
    }

    /// False when there is no room for one more item.
    fn know(&mut self, item: &ItemId) -> bool {
        if self.entries.iter().any(|entry| entry.item == *item) {
            return true;
        }
        if self.entries.len() >= MOST_ITEMS {
            // An item that was heard to its end and never closed is the least to lose.
            match self.entries.iter().position(|entry| entry.heard == entry.given) {
                Some(at) => drop(self.entries.remove(at)),
                None => return false,
            }
        }
        self.entries.push(Entry {
            item: item.clone(),
            given: 0,
            heard: 0,
            started: false,
            closed: false,
            dry: false,
        });
        true
    }
}

/// What a flush has cut off, until it is known how much of it was heard.
#[derive(Debug)]
pub(crate) struct Cut {
    spans: VecDeque<Span>,
    entries: Vec<Entry>,
}

impl Cut {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests;
