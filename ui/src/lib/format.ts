// Figures as people read them.

import type { Clock, Item } from './bindings';
import { words } from './words';

const money = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });

/** `04:12`, or `1:04:12` from an hour on. */
export function duration(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const clock = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${clock}` : clock;
}

/** `≈ $0.34`, `free`, or nothing where no estimate is known. */
export function cost(clock: Clock, practice: boolean): string {
  if (clock.estimateUsd !== undefined) return `≈ ${money.format(clock.estimateUsd)}`;
  return practice ? words.call.free : '';
}

/** Who says an item, as the captions name them. */
export function speakerOf(item: Item, practice: boolean): string {
  switch (item.role) {
    case 'you':
      return words.call.you;
    case 'agent':
      return practice ? words.call.practiceAgent : words.call.agent;
    case 'tool':
      return words.call.tool;
    case 'note':
      return '';
  }
}

/** The whole conversation as plain text: what was heard, not what was cut off. */
export function transcript(items: Item[], practice: boolean): string {
  return items
    .map((item) => {
      const who = speakerOf(item, practice);
      const cut = item.unheard === undefined ? '' : ' —';
      return who === '' ? `[${item.text}]` : `${who}: ${item.text}${cut}`;
    })
    .join('\n');
}

/** The host of an address, or the address itself while it is none. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
