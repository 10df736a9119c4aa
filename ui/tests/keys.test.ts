import { describe, expect, test } from 'vitest';

import { HoldToTalk } from '../src/lib/hold';
import { actionFor, focusOf, type Focus, type KeyAction, type Press } from '../src/lib/keys';

const press = (key: string, more: Partial<Press> = {}): Press => ({
  key,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  repeat: false,
  isComposing: false,
  ...more,
});

const ctrl = { ctrlKey: true };
const rows: Array<[name: string, pressed: Press, focus: Focus, action: KeyAction | null]> = [
  ['c on the page', press('c'), 'page', 'continue'],
  ['c in a field', press('c'), 'field', null],
  ['d on the page', press('d'), 'page', 'details'],
  ['Space on the page', press(' '), 'page', 'talk'],
  ['Space on a button', press(' '), 'control', null],
  ['Space in a field', press(' '), 'field', null],
  ['a held Space', press(' ', { repeat: true }), 'page', 'talk'],
  ['m', press('m'), 'page', 'mute'],
  ['m on a button', press('m'), 'control', 'mute'],
  ['m in a field', press('m'), 'field', null],
  ['M with caps lock', press('M'), 'page', 'mute'],
  ['Shift+M', press('M', { shiftKey: true }), 'page', 'hardMute'],
  ['Shift+S', press('S', { shiftKey: true }), 'page', 'hush'],
  ['s', press('s'), 'page', 'stay'],
  ['s in a field', press('s'), 'field', null],
  ['Shift+S in a field', press('S', { shiftKey: true }), 'field', null],
  ['a held m', press('m', { repeat: true }), 'page', null],
  ['Alt+M', press('m', { altKey: true }), 'page', null],
  ['Esc on the page', press('Escape'), 'page', 'escape'],
  ['Esc in a field', press('Escape'), 'field', 'escape'],
  ['Esc that ends a composition', press('Escape', { isComposing: true }), 'field', null],
  ['Enter on the page', press('Enter'), 'page', 'type'],
  ['Enter on a button', press('Enter'), 'control', null],
  ['Enter in a field', press('Enter'), 'field', null],
  ['Ctrl+E', press('e', ctrl), 'page', 'end'],
  ['Cmd+E', press('e', { metaKey: true }), 'page', 'end'],
  ['Ctrl+E in a field', press('e', ctrl), 'field', 'end'],
  ['Ctrl+N', press('n', ctrl), 'control', 'newCall'],
  ['Ctrl+,', press(',', ctrl), 'field', 'settings'],
  ['Cmd+,', press(',', { metaKey: true }), 'page', 'settings'],
  ['Ctrl+M', press('m', ctrl), 'page', null],
  ['Ctrl+Shift+E', press('E', { ...ctrl, shiftKey: true }), 'page', null],
  ['e', press('e'), 'page', null],
  ['?', press('?', { shiftKey: true }), 'page', 'keys'],
  ['? in a field', press('?', { shiftKey: true }), 'field', null],
];

test.each(rows)('%s', (_, pressed, focus, action) => {
  expect(actionFor(pressed, focus)).toBe(action);
});

describe('focus', () => {
  const made = (html: string) => {
    const box = document.createElement('div');
    box.innerHTML = html;
    return box.firstElementChild;
  };
  test.each([
    ['<input type="text">', 'field'],
    ['<input type="password">', 'field'],
    ['<input type="checkbox">', 'control'],
    ['<textarea></textarea>', 'field'],
    ['<select></select>', 'field'],
    ['<button></button>', 'control'],
    ['<summary></summary>', 'control'],
    ['<section tabindex="0"></section>', 'page'],
    ['<h1 tabindex="-1"></h1>', 'page'],
  ])('%s', (html, focus) => {
    expect(focusOf(made(html))).toBe(focus);
  });
  test('nothing', () => expect(focusOf(null)).toBe('page'));
});

test('holding tells each change once', () => {
  const told: boolean[] = [];
  const hold = new HoldToTalk(() => 'hold', (pressed) => told.push(pressed));
  hold.release();
  hold.press();
  hold.press();
  hold.release();
  hold.release();
  expect(told).toEqual([true, false]);
});

test('a talk key that toggles talks from press to press, whatever is let go', () => {
  const told: boolean[] = [];
  const hold = new HoldToTalk(() => 'toggle', (pressed) => told.push(pressed));
  for (let press = 0; press < 3; press += 1) {
    hold.press();
    hold.release();
  }
  expect(told).toEqual([true, false, true]);
  // A hard mute ended it; the next press talks again.
  hold.stopped();
  hold.press();
  expect(told).toEqual([true, false, true, true]);
});
