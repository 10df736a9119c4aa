// Figures as people read them.

import type { Clock, Cost, Item, Price } from './bindings';
import { words } from './words';

const cents = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const rates = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 4 });

/** `04:12`, or `1:04:12` from an hour on. */
export function duration(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const clock = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${clock}` : clock;
}

/** `$0.34`, or `0.34 EUR`: a sign stands before the number, a name behind it. As in the engine. */
export function amount(value: number, currency: string): string {
  return beside(cents.format(value), currency);
}

/** The same of a rate, which may be a fraction of a cent: `$0.004`. */
export function rate(value: number, currency: string): string {
  return beside(rates.format(value), currency);
}

function beside(number: string, currency: string): string {
  return /[^\p{L}.]$/u.test(currency) ? currency + number : `${number} ${currency}`;
}

/** `≈ $0.34`, `free`, or nothing where no estimate is known. */
export function cost(clock: Clock, practice: boolean, currency: string): string {
  if (clock.cost !== undefined) return `≈ ${amount(clock.cost.estimate, currency)}`;
  return practice ? words.call.free : '';
}

/** What the estimate rests on, and what the service itself has said. */
export function basis({ billedMs, texts, reported }: Cost, price: Price, currency: string): string {
  const say = words.cost;
  const counted = [say.time(duration(billedMs), rate(price.perMinute, currency))];
  if (texts > 0) counted.push(say.texts(texts, rate(price.perText, currency)));
  const parts: string[] = [];
  if (reported !== undefined && reported.audioS > 0) parts.push(say.sound(Math.round(reported.audioS)));
  if (reported !== undefined && reported.tokens > 0) parts.push(say.tokens(reported.tokens.toLocaleString('en-US')));
  return `${say.estimated(counted)} ${parts.length === 0 ? say.unreported : say.reported(parts)}`;
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
