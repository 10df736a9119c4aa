// One run of *Check my backend*: what it has found so far, and how it ended.

import { problemFrom, type Backend } from './backend';
import type { Checkup, CheckLine, CheckTarget, Problem } from './bindings';

export type Outcome = 'none' | 'running' | 'stopped' | 'passed' | 'failed';

export class CheckRun {
  #backend: Backend;
  checkup = $state.raw<Checkup | null>(null);
  /** It could not even begin, such as when the keychain does not give the secret. */
  #refusal = $state.raw<Problem | null>(null);
  #running = $state(false);
  /** The newest run; what an older one says does not count any more. */
  #newest = 0;

  outcome: Outcome = $derived.by(() => {
    if (this.#running) return 'running';
    if (this.#refusal !== null) return 'failed';
    if (this.checkup === null) return 'none';
    if (this.checkup.report === undefined) return 'stopped';
    return this.problem === null ? 'passed' : 'failed';
  });
  /** After a stop nothing is being tried any more. */
  lines: CheckLine[] = $derived.by(() => {
    const lines = this.checkup?.lines ?? [];
    if (this.#running) return lines;
    return lines.map((line) => (line.state.state === 'trying' ? { ...line, state: { state: 'notTried' } } : line));
  });
  /** Counted from 1. */
  number = $derived(1 + this.lines.findIndex(({ state }) => state.state === 'trying'));
  /** Why it failed. */
  problem: Problem | null = $derived.by(() => {
    if (this.#refusal !== null) return this.#refusal;
    for (const { state } of this.lines) if (state.state === 'failed') return state.problem;
    return null;
  });
  /** What to know although it works. */
  note: Problem | null = $derived.by(() => {
    for (const { state } of this.lines) if (state.state === 'noted') return state.problem;
    return null;
  });
  tookMs = $derived(this.lines.reduce((sum, { state }) => sum + ('tookMs' in state ? state.tookMs : 0), 0));

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async start(target: CheckTarget): Promise<void> {
    const mine = (this.#newest += 1);
    this.#running = true;
    this.#refusal = null;
    this.checkup = null;
    const learn = (checkup: Checkup) => {
      if (mine === this.#newest) this.checkup = checkup;
    };
    try {
      const found = await this.#backend.check(target, learn);
      if (mine !== this.#newest) return;
      if (found !== null) this.checkup = found;
    } catch (rejection) {
      if (mine !== this.#newest) return;
      this.#refusal = problemFrom(rejection);
    }
    this.#running = false;
  }

  stop(): void {
    if (!this.#running) return;
    // What could not be stopped ends by itself, and is not listened to any more.
    void this.#backend.stopCheck().catch(() => {});
    this.#newest += 1;
    this.#running = false;
  }

  /** Puts away what was found: it is about something else now. */
  clear(): void {
    this.stop();
    this.#newest += 1;
    this.#refusal = null;
    this.checkup = null;
  }
}
