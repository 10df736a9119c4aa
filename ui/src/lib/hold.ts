// The talk key, by whichever of key, mouse and finger came first. Sends each change once.

import type { TalkKey } from './bindings';

export class HoldToTalk {
  #talking = false;
  #way: () => TalkKey;
  #send: (pressed: boolean) => void;

  /** `way` is asked at every press, so that a change of the setting counts at once. */
  constructor(way: () => TalkKey, send: (pressed: boolean) => void) {
    this.#way = way;
    this.#send = send;
  }

  press(): void {
    if (this.#talking && this.#way() === 'hold') return;
    this.#set(!this.#talking);
  }

  /** A key that toggles is let go of without meaning anything. */
  release(): void {
    if (this.#way() === 'hold') this.#set(false);
  }

  /** Whoever talked, the engine says that nobody does now. */
  stopped(): void {
    this.#talking = false;
  }

  #set(talking: boolean): void {
    if (this.#talking === talking) return;
    this.#talking = talking;
    this.#send(talking);
  }
}
