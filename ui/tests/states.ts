// Small builders, so that each test names only what it is about.

import type { AppState } from '../src/lib/apply';
import { stateOf } from '../src/lib/apply';
import type { Event, Item, Problem, Profile, Snapshot } from '../src/lib/bindings';
import { emptyProfile } from '../src/lib/draft';
import { defaults } from '../src/lib/settings';

export function call(more: Partial<Snapshot> = {}): Snapshot {
  return {
    with: 'My backend',
    practice: false,
    status: { word: 'listening' },
    controls: { mute: 'open', turns: 'auto', hushed: false, talking: false, voiceFromDbfs: -37.25, canContinue: false },
    items: [],
    microphone: { name: 'Mic', open: true },
    speaker: { name: 'Phones', open: true },
    clock: { elapsedMs: 0 },
    price: { perMinute: 0.08, perText: 0.004 },
    quiet: null,
    notices: [],
    figures: {
      voiceToWireMs: [],
      wireToEarMs: [],
      answerMs: [],
      echo: { returnLossDb: null, enhancementDb: null, delayMs: null, residualLikelihood: null, nearLikelihood: null },
    },
    ...more,
  };
}

export function state(running: Snapshot | null = call()): AppState {
  return stateOf({
    version: '0.1.0',
    call: running,
    keeping: running === null ? null : { state: 'writing' },
    profiles: [],
    active: null,
    keychain: { state: 'available' },
    settings: defaults,
    spending: { today: 0, month: 0 },
    trials: [],
    troubles: [],
  });
}

export function item(id: string, text: string, more: Partial<Item> = {}): Item {
  return { id, role: 'agent', text, partial: false, typed: false, atMs: 0, ...more };
}

export function problem(code: Problem['code'], message = `trouble: ${code}`): Problem {
  return { code, fault: 'computer', message, cure: 'do something' };
}

export function profile(more: Partial<Profile> = {}): Profile {
  return { ...emptyProfile(), name: 'Mine', tokenUrl: 'https://voice.example.com/session', ...more };
}

export const of = (event: Event) => ({ type: 'call', event }) as const;
