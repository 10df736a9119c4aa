import { expect, test } from 'vitest';

import { amountIn, typed } from '../src/lib/amount';
import { amount, basis, cost, duration, hostOf, rate, transcript } from '../src/lib/format';
import { words } from '../src/lib/words';
import { item } from './states';

test.each([
  [0, '00:00'],
  [-5, '00:00'],
  [999, '00:00'],
  [252_000, '04:12'],
  [3_852_000, '1:04:12'],
])('%d ms is %s', (ms, expected) => expect(duration(ms)).toBe(expected));

const spent = (estimate: number) => ({ estimate, billedMs: 252_000, texts: 1 });

test.each([
  [{ elapsedMs: 0, cost: spent(0.338) }, false, '≈ $0.34'],
  [{ elapsedMs: 0 }, true, 'free'],
  [{ elapsedMs: 0 }, false, ''],
])('cost of %j', (clock, practice, expected) => expect(cost(clock, practice, '$')).toBe(expected));

test.each([
  ['$', '$0.34', '$0.004'],
  ['US$', 'US$0.34', 'US$0.004'],
  ['€', '€0.34', '€0.004'],
  ['EUR', '0.34 EUR', '0.004 EUR'],
  ['kr.', '0.34 kr.', '0.004 kr.'],
])('amounts in %s', (currency, whole, fraction) => {
  expect([amount(0.338, currency), rate(0.004, currency)]).toEqual([whole, fraction]);
});

test('an estimate says what it rests on, and what the service said of it', () => {
  const price = { perMinute: 0.08, perText: 0.004 };
  expect(basis({ estimate: 0, billedMs: 252_000, texts: 0 }, price, '$')).toBe(
    'Estimated from 04:12 at $0.08 a minute. The service itself has reported nothing.',
  );
  const reported = { audioS: 63.4, tokens: 12_345 };
  expect(basis({ estimate: 0, billedMs: 1000, texts: 2, reported }, price, 'EUR')).toBe(
    'Estimated from 00:01 at 0.08 EUR a minute and 2 texts at 0.004 EUR. The service reported 63 s of sound and 12,345 tokens.',
  );
});

test.each([
  ['0.08', 0.08],
  [' 0,004 ', 0.004],
  ['.5', 0.5],
  ['12', 12],
  ['5.', 5],
  ['1,000', null],
  ['1,000.50', null],
  ['', null],
  ['-1', null],
  ['1e3', null],
  ['$5', null],
  ['Infinity', null],
])('typed %s is %s', (text, expected) => expect(amountIn(text)).toBe(expected));

test.each([0.08, 0.004, 0, 5, 1_000_000])('%d is read as it is written', (value) => {
  expect(amountIn(typed(value))).toBe(value);
});

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
