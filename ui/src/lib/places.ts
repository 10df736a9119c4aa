// The pages that are always one step away, in the order of the rail.

import AudioLines from '@lucide/svelte/icons/audio-lines';
import Phone from '@lucide/svelte/icons/phone';
import Settings from '@lucide/svelte/icons/settings';
import type { Component } from 'svelte';

export type Place = 'call' | 'check' | 'settings';

interface Entry {
  place: Place;
  Icon: Component;
  /** The key that leads there, as `words.keys` writes it. */
  keys?: readonly string[];
}

export const PLACES: readonly Entry[] = [
  { place: 'call', Icon: Phone },
  { place: 'check', Icon: AudioLines },
  { place: 'settings', Icon: Settings, keys: ['mod', ','] },
];
