// Which key does what. Pure, so that the whole table can be tested.

export type KeyAction =
  | 'talk'
  | 'mute'
  | 'continue'
  | 'details'
  | 'hardMute'
  | 'hush'
  | 'stay'
  | 'escape'
  | 'type'
  | 'end'
  | 'newCall'
  | 'settings'
  | 'keys';

/** Where the focus is: a text field takes letters, a control takes Space and Enter for itself. */
export type Focus = 'field' | 'control' | 'page';

export type Press = Pick<
  KeyboardEvent,
  'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey' | 'repeat' | 'isComposing'
>;

const COMMANDS: Readonly<Record<string, KeyAction>> = { e: 'end', n: 'newCall', ',': 'settings' };

export function actionFor(press: Press, focus: Focus): KeyAction | null {
  if (press.isComposing || press.altKey) return null;
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  if (press.ctrlKey || press.metaKey) {
    if (press.repeat || press.shiftKey) return null;
    return COMMANDS[key] ?? null;
  }
  // A held Space repeats; it must still not scroll the page.
  if (key === ' ' && focus === 'page' && !press.shiftKey) return 'talk';
  if (press.repeat) return null;
  if (key === 'Escape') return 'escape';
  if (focus === 'field') return null;
  if (key === 'm') return press.shiftKey ? 'hardMute' : 'mute';
  if (key === 'c' && !press.shiftKey) return 'continue';
  if (key === 'd' && !press.shiftKey) return 'details';
  if (key === 's') return press.shiftKey ? 'hush' : 'stay';
  if (key === '?') return 'keys';
  if (key === 'Enter' && focus === 'page' && !press.shiftKey) return 'type';
  return null;
}

const NOT_TEXT = new Set(['button', 'checkbox', 'radio', 'submit', 'reset', 'range']);

export function focusOf(element: Element | null): Focus {
  if (element === null) return 'page';
  if (element instanceof HTMLInputElement) return NOT_TEXT.has(element.type) ? 'control' : 'field';
  if (element.matches('textarea, select, [contenteditable=""], [contenteditable="true"]')) return 'field';
  if (element.matches('button, a[href], summary, [role="button"], [role="switch"]')) return 'control';
  return 'page';
}
