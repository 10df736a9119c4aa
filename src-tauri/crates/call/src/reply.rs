//! The agent's side of the conversation: which reply is open, what of it is still to be heard,
//! and what is not to be heard any more.

use std::collections::VecDeque;

use audio::ItemId;

/// Unheard sound of one item that is kept, in samples: two minutes, 6 MB.
const MOST_KEPT: usize = 120 * audio::WIRE_RATE_HZ as usize;
/// Samples in a millisecond.
const PER_MS: usize = audio::WIRE_RATE_HZ as usize / 1_000;
/// How many interrupted replies and items are remembered to recognise their late sound.
const REMEMBERED: usize = 64;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Replies {
    /// Announced and not yet done. Empty when the server gave no id.
    open: Option<String>,
    /// Given to the loudspeaker and not played to the end, in playing order.
    queue: Vec<Queued>,
    /// What is leaving the loudspeaker now.
    sounding: Option<ItemId>,
    /// Ids of interrupted replies and of their items.
    dropped: VecDeque<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Queued {
    item: ItemId,
    response: Option<String>,
    /// The loudspeaker has been told that nothing more will come.
    whole: bool,
    /// Its sound at 24 kHz from `from` on, in case that it is interrupted by mistake.
    kept: VecDeque<i16>,
    /// Samples of it that need not be kept any more.
    from: usize,
    /// Some of its sound found no room in `kept`.
    short: bool,
}

/// What was not heard of an item when it was interrupted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rest {
    pub(crate) item: ItemId,
    /// 24 kHz mono, from where the ear stopped.
    pub(crate) samples: Vec<i16>,
    /// It is the item's end.
    pub(crate) whole: bool,
}

impl Queued {
    fn pass(&mut self, ms: u64) {
        let heard = usize::try_from(ms).unwrap_or(usize::MAX).saturating_mul(PER_MS);
        let passed = heard.saturating_sub(self.from).min(self.kept.len());
        self.kept.drain(..passed);
        self.from += passed;
    }
}

impl Replies {
    pub(crate) fn open(&self) -> Option<&str> {
        self.open.as_deref()
    }

    pub(crate) fn is_sounding(&self) -> bool {
        self.sounding.is_some()
    }

    /// Nothing is being written, played or waiting to be played.
    pub(crate) fn is_quiet(&self) -> bool {
        self.open.is_none() && self.queue.is_empty()
    }

    pub(crate) fn has_sound(&self) -> bool {
        !self.queue.is_empty()
    }

    /// A reply begins, and with it whatever came before ends, `done` or not. Returns the items
    /// that have got all their sound by this.
    pub(crate) fn begin(&mut self, response: Option<&str>) -> Vec<ItemId> {
        let ended = self.open.take().map(|before| self.finish(Some(&before))).unwrap_or_default();
        self.open = Some(response.unwrap_or_default().to_owned());
        ended
    }

    /// A reply is done. Returns the items that have got all their sound by this.
    pub(crate) fn done(&mut self, response: Option<&str>) -> Vec<ItemId> {
        if response.is_none() || matches!(self.open.as_deref(), Some("")) || self.open.as_deref() == response
        {
            self.open = None;
        }
        self.finish(response)
    }

    /// Marks the unfinished items of `response` (or all) as whole.
    fn finish(&mut self, response: Option<&str>) -> Vec<ItemId> {
        self.queue
            .iter_mut()
            .filter(|queued| !queued.whole)
            .filter(|queued| {
                response.is_none() || queued.response.is_none() || queued.response.as_deref() == response
            })
            .map(|queued| {
                queued.whole = true;
                queued.item.clone()
            })
            .collect()
    }

    /// All sound of one item has come. `false` if the loudspeaker knows already, or never got any.
    pub(crate) fn item_whole(&mut self, item: &str) -> bool {
        match self.queue.iter_mut().find(|queued| &*queued.item == item && !queued.whole) {
            Some(queued) => {
                queued.whole = true;
                true
            }
            None => false,
        }
    }

    pub(crate) fn enqueue(&mut self, item: &str, response: Option<&str>) -> ItemId {
        if let Some(queued) = self.queue.iter().find(|queued| &*queued.item == item) {
            return queued.item.clone();
        }
        let item = ItemId::from(item);
        self.queue.push(Queued {
            item: item.clone(),
            response: response.map(str::to_owned),
            whole: false,
            kept: VecDeque::new(),
            from: 0,
            short: false,
        });
        item
    }

    /// Keeps sound of an item that goes to the loudspeaker until it has been heard.
    pub(crate) fn keep(&mut self, item: &str, samples: &[i16]) {
        if let Some(queued) = self.queue.iter_mut().find(|queued| &*queued.item == item) {
            // What comes after a gap is of no use.
            let room = if queued.short { 0 } else { MOST_KEPT - queued.kept.len() };
            queued.short |= samples.len() > room;
            queued.kept.extend(samples.iter().take(room));
        }
    }

    /// The ear has come to `ms` of `item`: what is before that is not kept.
    pub(crate) fn heard(&mut self, item: &str, ms: u64) {
        if let Some(queued) = self.queue.iter_mut().find(|queued| &*queued.item == item) {
            queued.pass(ms);
        }
    }

    /// What of `item` comes after `ms`; nothing where nothing of it is kept.
    pub(crate) fn rest(&mut self, item: &str, ms: u64) -> Option<Rest> {
        let queued = self.queue.iter_mut().find(|queued| &*queued.item == item)?;
        queued.pass(ms);
        let samples = Vec::from(std::mem::take(&mut queued.kept));
        let whole = queued.whole && !queued.short;
        (!samples.is_empty()).then(|| Rest { item: queued.item.clone(), samples, whole })
    }

    pub(crate) fn started(&mut self, item: &ItemId) {
        self.sounding = Some(item.clone());
    }

    /// The loudspeaker has played or thrown away the last of `item`. `true` if it had got all of it.
    pub(crate) fn ended(&mut self, item: &str) -> bool {
        if self.sounding.as_deref() == Some(item) {
            self.sounding = None;
        }
        let whole = self.queue.iter().any(|queued| &*queued.item == item && queued.whole);
        self.queue.retain(|queued| &*queued.item != item);
        whole
    }

    /// From now on the open reply and everything queued is late. Returns the open reply, if any.
    pub(crate) fn interrupt(&mut self) -> Option<String> {
        let items: Vec<String> = self.queue.iter().map(|queued| queued.item.to_string()).collect();
        let replies: Vec<String> = self.queue.iter().filter_map(|queued| queued.response.clone()).collect();
        let open = self.open.take();
        for id in items.into_iter().chain(replies).chain(open.clone()) {
            self.drop_id(id);
        }
        open
    }

    /// Remembers an item of an interrupted reply that had no sound yet.
    pub(crate) fn drop_id(&mut self, id: String) {
        if id.is_empty() || self.dropped.contains(&id) {
            return;
        }
        if self.dropped.len() == REMEMBERED {
            self.dropped.pop_front();
        }
        self.dropped.push_back(id);
    }

    pub(crate) fn is_late(&self, item: Option<&str>, response: Option<&str>) -> bool {
        [item, response].into_iter().flatten().any(|id| self.dropped.iter().any(|dropped| dropped == id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_reply_closes_one_that_was_never_done() {
        let mut replies = Replies::default();
        replies.begin(Some("r1"));
        replies.enqueue("i1", Some("r1"));
        let ended = replies.begin(Some("r2"));
        assert_eq!(ended.iter().map(|item| &**item).collect::<Vec<_>>(), ["i1"]);
        assert_eq!(replies.open(), Some("r2"));
    }

    #[test]
    fn done_is_not_the_end_of_the_sound() {
        let mut replies = Replies::default();
        replies.begin(Some("r1"));
        let item = replies.enqueue("i1", Some("r1"));
        replies.started(&item);
        replies.done(Some("r1"));
        assert!(replies.is_sounding() && !replies.is_quiet());
        assert!(replies.ended("i1"));
        assert!(replies.is_quiet());
    }

    #[test]
    fn the_done_of_another_reply_leaves_the_open_one() {
        let mut replies = Replies::default();
        replies.begin(Some("r2"));
        replies.done(Some("r1"));
        assert_eq!(replies.open(), Some("r2"));
    }

    #[test]
    fn interrupted_sound_is_late_by_item_or_by_reply() {
        let mut replies = Replies::default();
        replies.begin(Some("r1"));
        replies.enqueue("i1", Some("r1"));
        assert_eq!(replies.interrupt().as_deref(), Some("r1"));
        assert!(replies.is_late(Some("i1"), None));
        assert!(replies.is_late(Some("i9"), Some("r1")));
        assert!(!replies.is_late(Some("i2"), Some("r2")));
        assert!(!replies.is_late(None, None));
    }

    #[test]
    fn what_the_ear_has_not_met_is_kept_within_bounds() {
        let mut replies = Replies::default();
        replies.begin(Some("r1"));
        replies.enqueue("i1", Some("r1"));
        let second: Vec<i16> = (0..24_000).collect();
        replies.keep("i1", &second);
        replies.heard("i1", 250);
        replies.item_whole("i1");
        let rest = replies.rest("i1", 500).unwrap();
        assert_eq!((rest.samples.as_slice(), rest.whole), (&second[12_000..], true));
        assert_eq!(replies.rest("i1", 500), None, "it is given once");

        let mut long = Replies::default();
        long.begin(Some("r1"));
        long.enqueue("i1", Some("r1"));
        (0..130).for_each(|_| long.keep("i1", &second));
        long.item_whole("i1");
        let rest = long.rest("i1", 0).unwrap();
        assert_eq!((rest.samples.len(), rest.whole), (MOST_KEPT, false));
    }

    #[test]
    fn memory_of_interruptions_is_bounded() {
        let mut replies = Replies::default();
        for n in 0..1_000 {
            replies.drop_id(n.to_string());
        }
        assert_eq!(replies.dropped.len(), REMEMBERED);
        assert!(replies.is_late(Some("999"), None) && !replies.is_late(Some("0"), None));
    }
}
