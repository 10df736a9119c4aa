// A recorded call, played again: the clockwork of the fake engine.

import type { AppEvent, AppSnapshot, Settings } from './bindings';

export interface Recording {
  /** What it shows, for people. */
  about: string;
  /** Settings that it does not name are the defaults. */
  start: Omit<AppSnapshot, 'settings'> & { settings?: Partial<Settings> };
  /** In order of time; milliseconds since the beginning. */
  events: Array<[atMs: number, event: AppEvent]>;
  /** dBFS, one value every `everyMs`. */
  levels?: { everyMs: number; microphone: number[]; speaker: number[] };
}

/** How often a running replay looks at its clock, in ms: about 30 times a second. */
const TICK = 33;

export class Replay {
  #recording: Pick<Recording, 'events' | 'levels'>;
  #emit: (event: AppEvent) => void;
  #next = 0;
  #at = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(recording: Pick<Recording, 'events' | 'levels'>, emit: (event: AppEvent) => void) {
    this.#recording = recording;
    this.#emit = emit;
  }

  /** Everything up to `at` at once. */
  jump(at: number): void {
    this.#at = Math.max(this.#at, at);
    this.#due();
  }

  /** From here on by the clock; `speed` 0 stands still. */
  run(speed: number): void {
    this.stop();
    if (speed <= 0) return;
    let last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#at += (now - last) * speed;
      last = now;
      this.#due();
      if (this.#next >= this.#recording.events.length) this.stop();
    }, TICK);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #due(): void {
    const { events } = this.#recording;
    for (let due = events[this.#next]; due !== undefined && due[0] <= this.#at; due = events[this.#next]) {
      this.#next += 1;
      this.#emit(due[1]);
    }
    this.#level();
  }

  #level(): void {
    const { levels } = this.#recording;
    if (levels === undefined) return;
    const slot = Math.floor(this.#at / levels.everyMs);
    const microphone = levels.microphone[slot];
    const speaker = levels.speaker[slot];
    if (microphone === undefined || speaker === undefined) return;
    this.#emit({ type: 'call', event: { type: 'levels', microphone, speaker } });
  }
}
