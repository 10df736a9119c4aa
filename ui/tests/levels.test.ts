import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { height, LevelLoop } from '../src/lib/levels';

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

const shown = (node: HTMLElement, name: string) => Number(node.style.getPropertyValue(name));

test.each([
  [-96, 0],
  [-60, 0],
  [-36, 0.5],
  [-12, 1],
  [0, 1],
])('%d dBFS stands %d high', (dbfs, expected) => expect(height(dbfs)).toBeCloseTo(expected));

test('the loop reaches the level and rests', () => {
  const loop = new LevelLoop();
  const node = document.createElement('div');
  loop.follow(node);
  loop.set({ microphone: -36, speaker: -96 });
  expect(run()).toBeGreaterThan(2);
  expect(shown(node, '--mic')).toBeCloseTo(0.5);
  expect(shown(node, '--speaker')).toBe(0);
  expect(frames, 'no frame is asked for when nothing moves').toHaveLength(0);
  loop.set({ microphone: -36, speaker: -96 });
  expect(frames, 'the same level wakes nobody').toHaveLength(0);
});

test('a hidden window draws nothing, and catches up when it is shown', () => {
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  const loop = new LevelLoop();
  const node = document.createElement('div');
  loop.follow(node);
  loop.set({ microphone: -12, speaker: -96 });
  expect(frames).toHaveLength(0);
  hidden.mockReturnValue(false);
  document.dispatchEvent(new Event('visibilitychange'));
  run();
  expect(shown(node, '--mic')).toBe(1);
});

test('under reduced motion it steps and never glides', () => {
  still = true;
  const loop = new LevelLoop();
  const node = document.createElement('div');
  loop.follow(node);
  vi.spyOn(performance, 'now').mockReturnValue(10_000);
  loop.set({ microphone: -33, speaker: -96 });
  expect(run()).toBe(1);
  expect(shown(node, '--mic')).toBe(0.625);
});

test('a node that is gone is left alone', () => {
  const loop = new LevelLoop();
  const node = document.createElement('div');
  loop.follow(node)();
  loop.set({ microphone: -12, speaker: -12 });
  run();
  expect(shown(node, '--mic')).toBe(0);
});
