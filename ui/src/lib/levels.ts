// Real levels, made visible: one loop moves what shows them, and rests when nothing changes.

import type { Levels } from './apply';

/** From the quiet of a room to a voice close to the microphone, in dBFS. */
const FLOOR = -60;
const FULL = -12;

/** 0 to 1 for a level in dBFS. */
export function height(dbfs: number): number {
  return Math.min(1, Math.max(0, (dbfs - FLOOR) / (FULL - FLOOR)));
}

// A voice starts at once and dies away: time constants in ms.
const RISE = 35;
const FALL = 160;
const STILL = 0.002;
/** The least time between two pictures, in ms: 30 a second glide as well as 60, for half the work. */
const FRAME = 30;
/** Under reduced motion: steps, this many ms apart. */
const STEP = 250;

function eased(shown: number, wanted: number, elapsed: number): number {
  const next = wanted + (shown - wanted) * Math.exp(-elapsed / (wanted > shown ? RISE : FALL));
  return Math.abs(next - wanted) < STILL ? wanted : next;
}

/** How high the levels stand, 0 to 1. */
export interface Shown {
  microphone: number;
  speaker: number;
}

/**
 * What moves with the levels. Set on the very node that moves: WebKit keeps every value that a custom
 * property has had and something took over from it, which cost 2 MB a second.
 */
export type Look = Partial<Pick<CSSStyleDeclaration, 'transform' | 'opacity' | 'clipPath'>>;

export class LevelLoop {
  #wanted: Shown = { microphone: 0, speaker: 0 };
  #shown: Shown = { microphone: 0, speaker: 0 };
  #moving = new Set<() => void>();
  #frame = 0;
  #last = 0;
  #stepped = 0;
  #still = matchMedia('(prefers-reduced-motion: reduce)');

  constructor() {
    document.addEventListener('visibilitychange', () => this.#wake());
  }

  /** An attachment: the node gets what `look` says of the levels, and loses it again. */
  follow(look: (shown: Shown) => Look): (node: HTMLElement | SVGElement) => () => void {
    return ({ style }) => {
      const last: Look = {};
      const move = () => {
        for (const [name, value] of Object.entries(look(this.#shown)) as [keyof Look, string][]) {
          if (last[name] !== value) style[name] = last[name] = value;
        }
      };
      move();
      this.#moving.add(move);
      return () => {
        this.#moving.delete(move);
        for (const name of Object.keys(last) as (keyof Look)[]) style[name] = '';
      };
    };
  }

  set(levels: Levels): void {
    this.#wanted = { microphone: height(levels.microphone), speaker: height(levels.speaker) };
    this.#wake();
  }

  #wake(): void {
    if (this.#frame !== 0 || document.hidden || this.#settled()) return;
    this.#last = performance.now();
    this.#frame = requestAnimationFrame(this.#run);
  }

  #run = (now: number): void => {
    this.#frame = 0;
    if (document.hidden) return;
    if (this.#still.matches) {
      this.#step(now);
      return;
    }
    const elapsed = Math.max(1, now - this.#last);
    if (elapsed < FRAME) {
      this.#frame = requestAnimationFrame(this.#run);
      return;
    }
    this.#last = now;
    for (const side of ['microphone', 'speaker'] as const) {
      this.#shown[side] = eased(this.#shown[side], this.#wanted[side], elapsed);
    }
    this.#write();
    if (!this.#settled()) this.#frame = requestAnimationFrame(this.#run);
  };

  #step(now: number): void {
    if (now - this.#stepped < STEP && this.#wanted.microphone + this.#wanted.speaker > 0) return;
    this.#stepped = now;
    const eighth = (level: number) => Math.round(level * 8) / 8;
    this.#shown = { microphone: eighth(this.#wanted.microphone), speaker: eighth(this.#wanted.speaker) };
    this.#write();
  }

  #settled(): boolean {
    return this.#shown.microphone === this.#wanted.microphone && this.#shown.speaker === this.#wanted.speaker;
  }

  #write(): void {
    this.#moving.forEach((move) => move());
  }
}
