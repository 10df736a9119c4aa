use proptest::prelude::*;

use super::*;

fn id(name: &str) -> ItemId {
    ItemId::from(name)
}

fn take(queue: &mut Queue, length: usize) -> Vec<f32> {
    let mut out = vec![9.0; length];
    queue.take(&mut out);
    out
}

fn hear(queue: &mut Queue, position: u64) -> Vec<String> {
    let mut reports = Vec::new();
    queue.hear(position, |report| reports.push(short(&report)));
    reports
}

fn flush(queue: &mut Queue, position: u64) -> Vec<String> {
    let mut reports = Vec::new();
    let cut = queue.cut();
    queue.settle(cut, position, |report| reports.push(short(&report)));
    reports
}

fn short(report: &Report) -> String {
    let played = |played: &Played| format!("{} {}", played.item, played.ms);
    match report {
        Report::Started { item } => format!("started {item}"),
        Report::Finished(item) => format!("finished {}", played(item)),
        Report::Flushed(items) => {
            format!("flushed {}", items.iter().map(played).collect::<Vec<_>>().join(", "))
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn an_item_starts_with_its_first_sample_and_finishes_with_its_last() {
    let mut queue = Queue::default();
    queue.push(id("a"), vec![16_384; 480]);
    assert!(queue.close(&id("a")).is_none());
    queue.push(id("b"), vec![-16_384; 240]);
    assert_eq!(take(&mut queue, 720)[479..481], [0.5, -0.5]);
    assert!(hear(&mut queue, 0).is_empty());
    assert_eq!(hear(&mut queue, 1), ["started a"]);
    assert!(hear(&mut queue, 479).is_empty());
    assert_eq!(hear(&mut queue, 481), ["started b", "finished a 20"]);
    assert!(hear(&mut queue, 720).is_empty(), "b is not closed");
    queue.close(&id("b"));
    assert_eq!(hear(&mut queue, 720), ["finished b 10"]);
}

#[test]
fn silence_between_does_not_count_as_played() {
    let mut queue = Queue::default();
    queue.push(id("a"), vec![1; 240]);
    assert_eq!(take(&mut queue, 480)[240..], [0.0; 240]);
    take(&mut queue, 480);
    queue.push(id("a"), vec![1; 240]);
    queue.close(&id("a"));
    take(&mut queue, 240);
    assert_eq!(hear(&mut queue, 900), ["started a"]);
    assert_eq!(queue.playing(), None);
    assert_eq!(hear(&mut queue, 1_080).len(), 0);
    assert_eq!(queue.playing(), Some(Played { item: id("a"), ms: 15 }));
    assert_eq!(hear(&mut queue, 1_200), ["finished a 20"]);
}

#[test]
fn a_gap_inside_an_item_is_noticed_and_the_end_of_one_is_not() {
    let mut queue = Queue::default();
    queue.push(id("a"), vec![1; 240]);
    let mut out = [0.0; 240];
    assert_eq!(queue.take(&mut out), 0);
    hear(&mut queue, 240);
    queue.push(id("a"), vec![1; 240]);
    assert_eq!(queue.take(&mut out), 1, "it ran dry and went on");
    queue.close(&id("a"));
    hear(&mut queue, 480);
    queue.push(id("b"), vec![1; 240]);
    assert_eq!(queue.take(&mut out), 0, "a new item is no gap");
}

#[test]
fn a_flush_names_all_that_was_not_over_and_how_much_of_it_was_heard() {
    let mut queue = Queue::default();
    for name in ["over", "half", "none"] {
        queue.push(id(name), vec![1; 2_400]);
        queue.close(&id(name));
    }
    queue.push(id("open"), Vec::new());
    take(&mut queue, 4_800);
    assert_eq!(
        flush(&mut queue, 3_600),
        ["started over", "started half", "finished over 100", "flushed half 50, none 0, open 0"]
    );
    assert_eq!(queue.waiting(), 0);
    assert_eq!(take(&mut queue, 10), [0.0; 10]);
    assert!(hear(&mut queue, 10_000).is_empty());
    let late = queue.close(&id("half"));
    assert!(matches!(late, Some(Report::Finished(Played { ms: 50, .. }))), "{late:?}");
}

#[test]
fn what_comes_after_a_flush_is_not_touched_by_it_however_late_it_is_settled() {
    let mut queue = Queue::default();
    queue.push(id("old"), vec![1; 480]);
    take(&mut queue, 480);
    let cut = queue.cut();
    queue.push(id("new"), vec![1; 240]);
    queue.close(&id("new"));
    take(&mut queue, 240);
    let mut reports = Vec::new();
    queue.settle(cut, 240, |report| reports.push(short(&report)));
    assert_eq!(reports, ["started old", "flushed old 10"]);
    assert_eq!(hear(&mut queue, 720), ["started new", "finished new 10"]);
}

#[test]
fn an_item_without_sound_finishes_at_once() {
    let mut queue = Queue::default();
    queue.close(&id("mute"));
    assert_eq!(hear(&mut queue, 0), ["finished mute 0"]);
}

#[test]
fn nothing_grows_without_bound() {
    let mut queue = Queue::default();
    let hour = vec![0; 60 * 60 * 24_000];
    assert_eq!(queue.push(id("long"), hour.clone()), hour.len() - MOST_WAITING);
    assert_eq!(queue.waiting(), MOST_WAITING);
    assert_eq!(queue.push(id("long"), vec![0; 10]), 10);

    let mut queue = Queue::default();
    for number in 0..MOST_ITEMS + 10 {
        let lost = queue.push(id(&number.to_string()), vec![0; 1]);
        assert_eq!(lost, usize::from(number >= MOST_ITEMS), "{number}");
    }
    assert_eq!(queue.entries.len(), MOST_ITEMS);
    let mut queue = Queue::default();
    for _ in 0..MOST_CHUNKS + 10 {
        queue.push(id("crumbs"), vec![0; 1]);
    }
    assert_eq!(queue.chunks.len(), MOST_CHUNKS);
}

#[derive(Clone, Debug)]
enum Step {
    Push(u8, usize),
    Close(u8),
    Take(usize),
    Hear(u64),
    Flush(u64),
    /// The device goes away where the ear is.
    Rewind(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0u8..4, 0usize..1_000).prop_map(|(item, length)| Step::Push(item, length)),
        1 => (0u8..4).prop_map(Step::Close),
        4 => (1usize..600).prop_map(Step::Take),
        4 => (0u64..800).prop_map(Step::Hear),
        1 => (0u64..800).prop_map(Step::Flush),
        1 => (0u64..800).prop_map(Step::Rewind),
    ];
    proptest::collection::vec(step, 0..80)
}

proptest! {
    /// Whatever happens in whatever order: no more is heard of an item than was given, what is
    /// heard never shrinks, samples come out in the order they went in, and each sample is either
    /// taken, waiting, or was flushed.
    #[test]
    fn the_books_are_always_balanced(steps in steps()) {
        let mut queue = Queue::default();
        let mut expected: VecDeque<f32> = VecDeque::new();
        let mut given = [0u64; 4];
        let mut heard = [0u64; 4];
        // What was taken and may come back, with the silences.
        let mut timeline: Vec<Option<f32>> = Vec::new();
        let mut position = 0u64;
        let mut counter = 0i16;
        let mut reports = Vec::new();
        for step in steps {
            match step {
                Step::Push(item, length) => {
                    let samples: Vec<i16> = (0..length).map(|_| { counter = counter.wrapping_add(7) | 1; counter }).collect();
                    expected.extend(samples.iter().map(|&sample| f32::from(sample) / 32_768.0));
                    given[usize::from(item)] += length as u64;
                    prop_assert_eq!(queue.push(id(&item.to_string()), samples), 0);
                }
                Step::Close(item) => reports.extend(queue.close(&id(&item.to_string()))),
                Step::Take(length) => {
                    let out = take(&mut queue, length);
                    let sounding = length.min(expected.len());
                    let wanted: Vec<f32> = expected.drain(..sounding).collect();
                    prop_assert_eq!(&out[..sounding], &wanted[..]);
                    prop_assert!(out[sounding..].iter().all(|&sample| sample == 0.0));
                    timeline.extend(wanted.into_iter().map(Some));
                    timeline.resize(timeline.len() + length - sounding, None);
                }
                Step::Hear(further) => {
                    position = (position + further).min(queue.taken());
                    queue.hear(position, |report| reports.push(report));
                }
                Step::Flush(further) => {
                    position = (position + further).min(queue.taken());
                    let cut = queue.cut();
                    queue.settle(cut, position, |report| reports.push(report));
                    expected.clear();
                    timeline.fill(None);
                }
                Step::Rewind(further) => {
                    position = (position + further).min(queue.taken());
                    queue.hear(position, |report| reports.push(report));
                    // A device that is gone may know less than was believed of it.
                    queue.rewind(position.saturating_sub(further));
                    let ear = queue.taken();
                    prop_assert!(ear >= position);
                    prop_assert!(timeline[position as usize..ear as usize].iter().all(Option::is_none));
                    position = ear;
                    for sample in timeline.drain(ear as usize..).flatten().rev() {
                        expected.push_front(sample);
                    }
                }
            }
            prop_assert_eq!(queue.waiting(), expected.len());
            prop_assert!(queue.entries.iter().all(|entry| entry.heard <= entry.given));
            for report in reports.drain(..) {
                let played = match report {
                    Report::Finished(played) => vec![played],
                    Report::Flushed(played) => played,
                    _ => Vec::new(),
                };
                for Played { item, ms } in played {
                    let at: usize = item.parse().unwrap();
                    prop_assert!(ms <= given[at] / 24, "{item}: {ms} ms of {} samples", given[at]);
                    heard[at] = heard[at].max(ms);
                }
            }
            if let Some(Played { item, ms }) = queue.playing() {
                let at: usize = item.parse().unwrap();
                prop_assert!(ms <= given[at] / 24);
            }
        }
    }
}
