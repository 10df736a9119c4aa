// What is set before anybody has set anything, for the fake engine and for tests.

import type { Settings } from './bindings';

export const defaults: Settings = {
  volume: 1,
  turns: 'auto',
  microphones: [],
  speakers: [],
  processing: { echo: true, noise: true, gain: true },
};
