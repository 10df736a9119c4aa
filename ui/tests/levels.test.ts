import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { height, LevelLoop, type Shown } from '../src/lib/levels';

let frames: FrameRequestCallback[] = [];
let still = false;

beforeEach(() => {
  frames = [];
  still = false;
  vi.stubGlobal('requestAnimationFrame', (frame: FrameRequestCallback) => frames.push(frame));
  vi.stubGlobal('matchMedia', () => ({
    get matches() {
      return still;
    },
  }));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Runs frames 16 ms apart until none is asked for, at most `most`. */
function run(most = 500): number {
  let now = performance.now();
  let count = 0;
  for (; count < most; count += 1) {
    const frame = frames.shift();
    if (frame === undefined) break;
    frame((now += 16));
  }
  return count;
}

/** A node that shows how high both levels stand. */
function follow(loop: LevelLoop) {
  const node = document.createElement('div');
  const look = ({ microphone, speaker }: Shown) => ({
    transform: `scaleX(${microphone.toFixed(3)})`,
    opacity: speaker.toFixed(3),
  });
  return { node, leave: loop.follow(look)(node) };
}

const yours = (node: HTMLElement) => Number(/scaleX\((.*)\)/.exec(node.style.transform)?.[1]);
const theirs = (node: HTMLElement) => Number(node.style.opacity);

test.each([
  [-96, 0],
  [-60, 0],
  [-36, 0.5],
  [-12, 1],
  [0, 1],
])('%d dBFS stands %d high', (dbfs, expected) => expect(height(dbfs)).toBeCloseTo(expected));

test('the loop reaches the level and rests', () => {
  const loop = new LevelLoop();
  const { node } = follow(loop);
  loop.set({ microphone: -36, speaker: -96 });
  expect(run()).toBeGreaterThan(2);
  expect(yours(node)).toBeCloseTo(0.5);
  expect(theirs(node)).toBe(0);
  expect(frames, 'no frame is asked for when nothing moves').toHaveLength(0);
  loop.set({ microphone: -36, speaker: -96 });
  expect(frames, 'the same level wakes nobody').toHaveLength(0);
});

test('a hidden window draws nothing, and catches up when it is shown', () => {
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  const loop = new LevelLoop();
  const { node } = follow(loop);
  loop.set({ microphone: -12, speaker: -96 });
  expect(frames).toHaveLength(0);
  hidden.mockReturnValue(false);
  document.dispatchEvent(new Event('visibilitychange'));
  run();
  expect(yours(node)).toBe(1);
});

test('under reduced motion it steps and never glides', () => {
  still = true;
  const loop = new LevelLoop();
  const { node } = follow(loop);
  vi.spyOn(performance, 'now').mockReturnValue(10_000);
  loop.set({ microphone: -33, speaker: -96 });
  expect(run()).toBe(1);
  expect(yours(node)).toBe(0.625);
});

test('a node that is gone is left alone, and as it was', () => {
  const loop = new LevelLoop();
  const { node, leave } = follow(loop);
  leave();
  const look = () => [node.style.transform, node.style.opacity];
  expect(look()).toEqual(['', '']);
  loop.set({ microphone: -12, speaker: -12 });
  run();
  expect(look()).toEqual(['', '']);
});

test('nothing that a node inherits changes with a level', () => {
  const loop = new LevelLoop();
  const { node } = follow(loop);
  loop.set({ microphone: -36, speaker: -36 });
  run();
  // WebKit keeps every value that a custom property ever had.
  expect(node.getAttribute('style')).not.toContain('--');
});

test('of two pictures at the screen\'s rate one is drawn', () => {
  const loop = new LevelLoop();
  let drawn = 0;
  loop.follow(() => {
    drawn += 1;
    return {};
  })(document.createElement('div'));
  loop.set({ microphone: -36, speaker: -96 });
  const before = drawn;
  const asked = run();
  expect(drawn - before).toBeLessThanOrEqual(Math.ceil(asked / 2));
  expect(drawn - before).toBeGreaterThan(1);
});
