use super::*;
use crate::port::{Ports, Processing, ports};
use crate::ring;
use crate::{RATE_HZ, STEP};

fn idle() -> (AudioThread, Ports) {
    let (near, far) = ports();
    let link = || {
        let (wants, _) = flume::bounded(1);
        let (_, news) = flume::bounded(1);
        DeviceLink { wants, news }
    };
    let thread = AudioThread {
        control: far.control,
        outbox: Outbox::new(far.reports),
        meters: far.meters,
        microphone: link(),
        speaker: link(),
        capture: Capture::new(far.frames).unwrap(),
        playback: Playback::new(1.0).unwrap(),
        processor: Processor::new(Processing::default()).unwrap(),
        voice: Voice::new(RATE_HZ, STEP).unwrap(),
        gate: Gate::Open,
        stop: Arc::default(),
    };
    (thread, near)
}

#[test]
fn what_was_learnt_of_the_echo_ends_with_the_device_and_with_the_switch() {
    let (mut thread, near) = idle();
    let known = EchoFigures { enhancement_db: Some(40.0), ..EchoFigures::default() };
    type Change = fn(&mut AudioThread);
    let changes: [(&str, Change); 5] = [
        ("microphone", |thread| {
            thread.learn(Direction::Microphone, News::Lane(Lane::Microphone(ring::capture(48_000, 1).1)));
        }),
        ("loudspeaker", |thread| {
            thread.learn(Direction::Speaker, News::Lane(Lane::Speaker(ring::playback(44_100, 2).1)));
        }),
        ("moving", |thread| thread.learn(Direction::Speaker, News::Moving)),
        ("closed", |thread| thread.learn(Direction::Microphone, News::Closed)),
        ("switch", |thread| thread.obey(Control::Process(Processing::OFF))),
    ];
    for (what, change) in changes {
        thread.meters.set_echo(known);
        change(&mut thread);
        assert_eq!(near.meters.echo(), EchoFigures::default(), "{what}");
    }
}
