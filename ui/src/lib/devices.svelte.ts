// Which devices there are, asked for only while somebody looks, and which of them are to be used.

import type { Backend } from './backend';
import type { DeviceEntry, DeviceList, Direction, Settings } from './bindings';
import { words } from './words';

/** How often the list is asked for while somebody looks at it, in ms. */
const AGAIN = 2_000;
/** Devices that are remembered in the order of their last choice. */
const REMEMBERED = 5;

const SIDES = { microphone: 'microphones', speaker: 'speakers' } as const satisfies Record<Direction, keyof Settings>;

export class DeviceWatch {
  list = $state.raw<DeviceList | null>(null);
  #backend: Backend;
  #lookers = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** An attachment: the list is fresh as long as the node is there. */
  look = (): (() => void) => {
    this.#lookers += 1;
    if (this.#lookers === 1) {
      void this.refresh();
      this.#timer = setInterval(() => void this.refresh(), AGAIN);
    }
    return () => {
      this.#lookers -= 1;
      if (this.#lookers === 0) clearInterval(this.#timer);
    };
  };

  /** A sound system that does not answer leaves the list as it was: the call says what is wrong. */
  async refresh(): Promise<void> {
    const list = await this.#backend.devices().catch(() => this.list);
    // Anew only when it is new: an open list must not be redrawn under the pointer.
    if (JSON.stringify(list) !== JSON.stringify(this.list)) this.list = list;
  }
}

/** The settings after this device was chosen; '' follows the system. Those chosen before stay behind it. */
export function chosen(settings: Settings, side: Direction, id: string): Partial<Settings> {
  const key = SIDES[side];
  const order = id === '' ? [] : [id, ...settings[key].filter((known) => known !== id)];
  return { [key]: order.slice(0, REMEMBERED) };
}

/** The device that was chosen last, or '' for what the system uses. */
export function choiceOf(settings: Settings, side: Direction): string {
  return settings[SIDES[side]][0] ?? '';
}

/** What may be chosen: what the system uses first, and the chosen one even when it is not there. */
export function choicesOf(list: DeviceList | null, settings: Settings, side: Direction): Array<[id: string, name: string]> {
  const entries: DeviceEntry[] = list?.[SIDES[side]] ?? [];
  const usual = entries.find(({ isDefault }) => isDefault)?.name;
  const choice = choiceOf(settings, side);
  const choices: Array<[string, string]> = [['', words.devices.system(usual)]];
  if (choice !== '' && !entries.some(({ id }) => id === choice)) {
    choices.push([choice, words.devices.absent(list === null ? undefined : choice.replace(/^[^:]*:/, ''))]);
  }
  return [...choices, ...entries.map(({ id, name }): [string, string] => [id, name])];
}
