// Holding to talk, by whichever of key, mouse and finger came first. Sends each change once.

export class HoldToTalk {
  #held = false;
  #send: (pressed: boolean) => void;

  constructor(send: (pressed: boolean) => void) {
    this.#send = send;
  }

  press(): void {
    if (this.#held) return;
    this.#held = true;
    this.#send(true);
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#send(false);
  }
}
