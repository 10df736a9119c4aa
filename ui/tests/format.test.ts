import { expect, test } from 'vitest';

import { cost, duration, hostOf, transcript } from '../src/lib/format';
import { words } from '../src/lib/words';
import { item } from './states';

test.each([
  [0, '00:00'],
  [-5, '00:00'],
  [999, '00:00'],
  [252_000, '04:12'],
  [3_852_000, '1:04:12'],
])('%d ms is %s', (ms, expected) => expect(duration(ms)).toBe(expected));

test.each([
  [{ elapsedMs: 0, estimateUsd: 0.338 }, false, '≈ $0.34'],
  [{ elapsedMs: 0 }, true, 'free'],
  [{ elapsedMs: 0 }, false, ''],
])('cost of %j', (clock, practice, expected) => expect(cost(clock, practice)).toBe(expected));

test('the copied text holds what was heard, and not the rest', () => {
  const items = [
    item('a', 'Hello there', { role: 'you' }),
    item('b', 'Good', { unheard: ' morning to you' }),
    item('c', 'A gap.', { role: 'note' }),
  ];
  expect(transcript(items, false)).toBe('you: Hello there\nGrok: Good —\n[A gap.]');
});

test.each([
  ['https://voice.example.com:8443/x', 'voice.example.com:8443'],
  ['nonsense', 'nonsense'],
])('host of %s', (url, expected) => expect(hostOf(url)).toBe(expected));

const idle = { code: 'idle', fault: 'xai', message: 'It was quiet.', cure: 'Call again.' } as const;

test.each([
  [{ reason: 'byYou' } as const, 'You ended the call.'],
  [{ reason: 'byServer', code: 1001, text: '', problem: idle } as const, 'The server closed the line (code 1001).'],
  [{ reason: 'byServer', code: 1000, text: 'cap', problem: idle } as const, 'The server closed the line: “cap” (code 1000).'],
])('ending %j', (ending, expected) => expect(words.ended.reason(ending)).toBe(expected));
