// The only place where events are interpreted: `apply(state, event)` is pure, and shares every
// part that did not change, so that a level 30 times a second redraws nothing but levels.

import type { AppEvent, AppSnapshot, Event, Item, Problem, Snapshot } from './bindings';

/** dBFS of digital silence. */
export const SILENCE = -96;

export interface Levels {
  /** RMS in dBFS. */
  microphone: number;
  /** RMS in dBFS. */
  speaker: number;
}

/** All that the window knows. */
export interface AppState extends AppSnapshot {
  levels: Levels;
}

const SILENT: Levels = { microphone: SILENCE, speaker: SILENCE };

export function stateOf(snapshot: AppSnapshot): AppState {
  return { ...snapshot, levels: SILENT };
}

export function apply(state: AppState, event: AppEvent): AppState {
  switch (event.type) {
    case 'call':
      return applyCall(state, event.event);
    case 'callSnapshot':
      return {
        ...state,
        call: event.call,
        keeping: event.call === null ? null : state.keeping,
        levels: SILENT,
      };
    case 'keeping':
      return { ...state, keeping: event.keeping };
    case 'profiles':
      return { ...state, profiles: event.profiles, active: event.active };
    case 'keychain':
      return { ...state, keychain: event.keychain };
    case 'troubles':
      return { ...state, troubles: event.troubles };
    case 'settings':
      return { ...state, settings: event.settings };
    case 'spending':
      return { ...state, spending: event.spending };
    case 'trial': {
      const others = state.trials.filter(({ trial }) => trial !== event.trial);
      const { trial, state: now } = event;
      return { ...state, trials: now === null ? others : [...others, { trial, state: now }] };
    }
    default:
      return state;
  }
}

function applyCall(state: AppState, event: Event): AppState {
  const { call } = state;
  // A late event of a call that was put away.
  if (call === null) return state;
  if (event.type === 'levels') {
    if (call.status.word === 'ended') return state;
    return { ...state, levels: { microphone: event.microphone, speaker: event.speaker } };
  }
  const next = change(call, event);
  if (next === call) return state;
  const over = next.status.word === 'ended' && call.status.word !== 'ended';
  return { ...state, call: next, levels: over ? SILENT : state.levels };
}

function change(call: Snapshot, event: Exclude<Event, { type: 'levels' }>): Snapshot {
  switch (event.type) {
    case 'status':
      return { ...call, status: event.status };
    case 'controls':
      return { ...call, controls: event.controls };
    case 'item':
      return { ...call, items: placed(call.items, event.index, event.item) };
    case 'device':
      return { ...call, [event.direction]: event.device };
    case 'clock':
      return { ...call, clock: event.clock };
    case 'quiet':
      return { ...call, quiet: event.quiet };
    case 'notice':
      return { ...call, notices: noticed(call.notices, event.problem) };
    case 'noticeGone':
      return { ...call, notices: call.notices.filter(({ code }) => code !== event.code) };
    case 'figures':
      return { ...call, figures: event.figures };
    case 'model':
      return { ...call, model: event.model };
    default:
      return call;
  }
}

/** A known id is replaced where it stands; a new one goes in at `index`, or last. */
function placed(items: Item[], index: number, item: Item): Item[] {
  const known = items.findLastIndex(({ id }) => id === item.id);
  return known >= 0 ? items.with(known, item) : items.toSpliced(index, 0, item);
}

/** A notice of a known code replaces the older one where it stands. */
function noticed(notices: Problem[], problem: Problem): Problem[] {
  const known = notices.findIndex(({ code }) => code === problem.code);
  return known >= 0 ? notices.with(known, problem) : [...notices, problem];
}

/** Whether an item has something to show: one is made before its first words come. */
export function hasWords(item: Item): boolean {
  return item.text !== '' || item.unheard !== undefined;
}
