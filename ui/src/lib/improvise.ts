// What the fake engine answers when a person leaves the recording: a short turn of its own.

import type { AppEvent, Event } from './bindings';
import type { Recording } from './replay';

/** A reply as item number `index`, streamed word by word. */
export function reply(index: number, id: string, text: string, atMs: number): Recording['events'] {
  const events: Recording['events'] = [];
  const add = (at: number, event: Event) => events.push([at, { type: 'call', event } satisfies AppEvent]);
  add(0, { type: 'status', status: { word: 'thinking' } });
  let at = 700;
  add(at, { type: 'status', status: { word: 'speaking' } });
  const parts = text.split(/(?<= )/);
  parts.forEach((_, last) => {
    at += 160;
    const item = {
      id,
      role: 'agent' as const,
      text: parts.slice(0, last + 1).join(''),
      partial: last + 1 < parts.length,
      typed: false,
      atMs,
    };
    add(at, { type: 'item', index, item });
    add(at, { type: 'levels', microphone: -58, speaker: -18 - ((last * 7) % 11) });
  });
  add(at + 500, { type: 'levels', microphone: -58, speaker: -96 });
  add(at + 500, { type: 'status', status: { word: 'listening' } });
  return events;
}
