// How the two sliders of patience are said, and the three rooms that set both at once.

import type { Patience } from './bindings';

export type Room = 'quiet' | 'office' | 'noisy';

/** In noise the ends of words sink below the threshold, so the pauses seem longer than they are. */
export const rooms: Record<Room, Patience> = {
  quiet: { silenceMs: 600, threshold: 0.6 },
  office: { silenceMs: 600, threshold: 0.85 },
  noisy: { silenceMs: 900, threshold: 0.9 },
};

/** The room whose settings these are. */
export function roomOf({ silenceMs, threshold }: Patience): Room | null {
  for (const room of ['quiet', 'office', 'noisy'] as const) {
    if (rooms[room].silenceMs === silenceMs && rooms[room].threshold === threshold) return room;
  }
  return null;
}
