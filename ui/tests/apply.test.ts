import { describe, expect, test } from 'vitest';

import { defaults } from '../src/lib/settings';
import { apply, SILENCE, type AppState } from '../src/lib/apply';
import type { AppEvent, Event, Item } from '../src/lib/bindings';
import { found } from '../src/lib/rehearsal';
import { call, item, of, problem, profile, state } from './states';

/** What a table row looks at afterwards. */
type Look = (after: AppState) => unknown;

const ended: Event = { type: 'status', status: { word: 'ended', ending: { reason: 'byYou' } } };
const loud: Event = { type: 'levels', microphone: -20, speaker: -30 };
const texts: Look = ({ call: now }) => now?.items.map(({ text }) => text);
const withItems = (...items: Item[]) => state(call({ items }));

const rows: Array<[name: string, before: AppState, events: AppEvent[], look: Look, expected: unknown]> = [
  ['a status', state(), [of({ type: 'status', status: { word: 'speaking' } })], (s) => s.call?.status.word, 'speaking'],
  [
    'what becomes of the words',
    state(),
    [{ type: 'keeping', keeping: { state: 'kept' } }],
    (s) => s.keeping?.state,
    'kept',
  ],
  ['no call, no words', state(), [{ type: 'callSnapshot', call: null }], (s) => s.keeping, null],
  [
    'controls',
    state(),
    [of({ type: 'controls', controls: { mute: 'hard', turns: 'manual', hushed: false, talking: false, voiceFromDbfs: -37.25, canContinue: false } })],
    (s) => s.call?.controls.mute,
    'hard',
  ],
  ['a first item', state(), [of({ type: 'item', index: 0, item: item('a', 'Hi') })], texts, ['Hi']],
  [
    'a cumulative snapshot replaces, and never appends',
    withItems(item('a', 'What', { partial: true })),
    [of({ type: 'item', index: 0, item: item('a', 'What is it?') })],
    texts,
    ['What is it?'],
  ],
  [
    'your words that arrive after the answer go before it',
    withItems(item('b', 'It is nine.')),
    [of({ type: 'item', index: 0, item: item('a', 'What time is it?', { role: 'you' }) })],
    texts,
    ['What time is it?', 'It is nine.'],
  ],
  [
    'a known id stays where it stands, whatever the index says',
    withItems(item('a', 'one'), item('b', 'two')),
    [of({ type: 'item', index: 1, item: item('a', 'ONE') })],
    texts,
    ['ONE', 'two'],
  ],
  ['an index past the end appends', state(), [of({ type: 'item', index: 7, item: item('a', 'Hi') })], texts, ['Hi']],
  ['levels', state(), [of(loud)], (s) => s.levels, { microphone: -20, speaker: -30 }],
  [
    'the end silences the levels',
    state(),
    [of(loud), of(ended)],
    (s) => s.levels,
    { microphone: SILENCE, speaker: SILENCE },
  ],
  [
    'a late level of an ended call is not shown',
    state(),
    [of(ended), of(loud)],
    (s) => s.levels,
    { microphone: SILENCE, speaker: SILENCE },
  ],
  [
    'a microphone',
    state(),
    [of({ type: 'device', direction: 'microphone', device: { open: false } })],
    (s) => [s.call?.microphone, s.call?.speaker.name],
    [{ open: false }, 'Phones'],
  ],
  [
    'a speaker',
    state(),
    [of({ type: 'device', direction: 'speaker', device: { name: 'Desk', open: true } })],
    (s) => s.call?.speaker.name,
    'Desk',
  ],
  [
    'a clock',
    state(),
    [of({ type: 'clock', clock: { elapsedMs: 1000, cost: { estimate: 0.1, billedMs: 900, texts: 2 } } })],
    (s) => s.call?.clock,
    { elapsedMs: 1000, cost: { estimate: 0.1, billedMs: 900, texts: 2 } },
  ],
  [
    'a notice of the same code replaces the older one in its place',
    state(call({ notices: [problem('network', 'old'), problem('speaker')] })),
    [of({ type: 'notice', problem: problem('network', 'new') })],
    (s) => s.call?.notices.map(({ message }) => message),
    ['new', 'trouble: speaker'],
  ],
  [
    'a notice goes by its code',
    state(call({ notices: [problem('network'), problem('speaker')] })),
    [of({ type: 'noticeGone', code: 'network' })],
    (s) => s.call?.notices.map(({ code }) => code),
    ['speaker'],
  ],
  ['a model', state(), [of({ type: 'model', model: 'grok-voice-3.0' })], (s) => s.call?.model, 'grok-voice-3.0'],
  ['a new call', state(null), [{ type: 'callSnapshot', call: call({ with: 'B' }) }], (s) => s.call?.with, 'B'],
  ['no call any more', state(), [{ type: 'callSnapshot', call: null }], (s) => s.call, null],
  ['an event without a call', state(null), [of(ended), of(loud)], (s) => [s.call, s.levels.speaker], [null, SILENCE]],
  [
    'profiles',
    state(),
    [{ type: 'profiles', profiles: [{ profile: profile({ id: 'p' }), secret: 'keychain', proxyPassword: 'none' }], active: 'p' }],
    (s) => [s.active, s.profiles[0]?.secret],
    ['p', 'keychain'],
  ],
  [
    'the keychain',
    state(),
    [{ type: 'keychain', keychain: { state: 'unavailable', why: 'locked', problem: problem('keychain') } }],
    (s) => s.keychain.state,
    'unavailable',
  ],
  [
    'a trial, which replaces what was known of it, and one that was stopped',
    state(),
    [
      { type: 'trial', trial: 'tone', state: { state: 'failed', problem: problem('speaker') } },
      { type: 'trial', trial: 'tone', state: { state: 'done', findings: found('tone') } },
      { type: 'trial', trial: 'voice', state: { state: 'failed', problem: problem('microphone') } },
      { type: 'trial', trial: 'voice', state: null },
    ],
    (s) => s.trials.map(({ trial, state }) => [trial, state.state]),
    [['tone', 'done']],
  ],
  [
    'troubles, which replace what was wrong before',
    { ...state(), troubles: [problem('storage'), problem('keychain', 'old')] },
    [{ type: 'troubles', troubles: [problem('keychain', 'new')] }],
    (s) => s.troubles.map(({ message }) => message),
    ['new'],
  ],
  [
    'the settings',
    state(),
    [{ type: 'settings', settings: { ...defaults, volume: 0.5 } }],
    (s) => s.settings.volume,
    0.5,
  ],
];

describe('apply', () => {
  test.each(rows)('%s', (_, before, events, look, expected) => {
    const frozen = JSON.stringify(before);
    expect(look(events.reduce(apply, before))).toEqual(expected);
    expect(JSON.stringify(before), 'the state before is left alone').toBe(frozen);
  });

  test('a level redraws nothing but levels', () => {
    const before = state();
    const after = apply(before, of(loud));
    expect(after.call).toBe(before.call);
    expect(after.profiles).toBe(before.profiles);
  });

  test('an event of a newer engine changes nothing', () => {
    const before = state();
    expect(apply(before, { type: 'weather' } as unknown as AppEvent)).toBe(before);
    expect(apply(before, of({ type: 'weather' } as unknown as Event)).call).toBe(before.call);
  });
});
