// What is set before anybody has set anything, for the fake engine and for tests.

import type { Settings } from './bindings';
import { rooms } from './patience';

export const defaults: Settings = {
  volume: 1,
  turns: 'auto',
  microphones: [],
  speakers: [],
  patience: rooms.office,
  quickBargeIn: true,
  talkKey: 'hold',
  processing: { echo: true, noise: true, gain: true },
  idle: { hangUp: true, afterS: 300, countdownS: 30 },
  money: { currency: '$', dailyCap: null },
};
