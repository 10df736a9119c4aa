// The state that the pages draw, and the one way from a page to the engine.

import { createContext } from 'svelte';

import { apply, hasWords, stateOf, type AppState } from './apply';
import { problemFrom, type Backend } from './backend';
import type { AppEvent, DeviceView, Direction, Mute, Problem, ProfileDraft, Settings, Target } from './bindings';
import { DeviceWatch } from './devices.svelte';
import { LevelLoop } from './levels';
import type { Place } from './places';
import { defaults } from './settings';
import { words } from './words';

export type Page = 'first' | 'ready' | 'form' | Place;

/** A card in the window: what to tell, and how it goes away. */
export interface Card {
  key: string;
  problem: Problem;
  dismiss: () => void;
}

export class Session {
  readonly levels = new LevelLoop();
  readonly backend: Backend;
  readonly devices: DeviceWatch;

  #state = $state.raw<AppState | null>(null);
  /** The engine could not even be asked. */
  failure = $state.raw<Problem | null>(null);
  /** What the last thing you did was refused with. */
  refusal = $state.raw<Problem | null>(null);
  /** A call was asked for and is not there yet: a locked keychain may hold it up for long. */
  starting = $state(false);
  /** The form is open: on a profile's id, or '' for a new one. */
  editing = $state<string | null>(null);
  /** Where it was opened, and where it is shown. */
  #editingAt = $state<Place>('call');
  /** Where the person has gone; what *Call* shows there depends on the rest. */
  place = $state<Place>('call');
  keysOpen = $state(false);
  typing = $state(false);
  soundOpen = $state(false);
  detailsOpen = $state(false);
  #hidden = $state.raw<Partial<Record<Direction | 'keeping', string>>>({});
  #target: Target | null = null;
  /** Settings on their way to the engine: shown at once, and taken back when it refuses them. */
  #wanted = $state.raw<Settings | null>(null);
  /** By their words: the same trouble may be told anew. */
  #putAway = $state.raw<readonly string[]>([]);

  state = $derived(this.#state);
  call = $derived(this.#state?.call ?? null);
  keeping = $derived(this.#state?.keeping ?? null);
  /** What there is to read. A call that was deleted leaves nothing on the page either. */
  items = $derived(this.keeping?.state === 'deleted' ? [] : (this.call?.items.filter(hasWords) ?? []));
  status = $derived(this.call?.status ?? null);
  controls = $derived(this.call?.controls ?? null);
  profiles = $derived(this.#state?.profiles ?? []);
  keychain = $derived(this.#state?.keychain ?? null);
  trials = $derived(this.#state?.trials ?? []);
  settings: Settings = $derived(this.#wanted ?? this.#state?.settings ?? defaults);
  currency = $derived(this.settings.money.currency);
  spending = $derived(this.#state?.spending ?? null);
  active = $derived(
    this.profiles.find(({ profile }) => profile.id === this.#state?.active) ?? this.profiles[0] ?? null,
  );
  /** A call that has not ended. */
  live = $derived(this.call !== null && this.call.status.word !== 'ended');
  page: Page = $derived.by(() => {
    const form = this.editing !== null && this.#editingAt === this.place;
    if (this.place !== 'call') return form ? 'form' : this.place;
    if (this.call !== null) return 'call';
    if (form) return 'form';
    return this.profiles.length > 0 ? 'ready' : 'first';
  });
  cards: Card[] = $derived.by(() => this.#cards());

  constructor(backend: Backend) {
    this.backend = backend;
    this.devices = new DeviceWatch(backend);
  }

  async open(): Promise<void> {
    // The channel may be faster than the answer: what comes early waits for the snapshot.
    const early: AppEvent[] = [];
    const listen = (event: AppEvent) => {
      if (this.#state === null) early.push(event);
      else this.#take(event);
    };
    try {
      this.#state = stateOf(await this.backend.subscribe(listen));
      early.forEach((event) => this.#take(event));
    } catch (rejection) {
      this.failure = {
        code: 'internal',
        fault: 'computer',
        ...words.unreachable,
        detail: problemFrom(rejection).detail ?? problemFrom(rejection).message,
      };
    }
  }

  #take(event: AppEvent): void {
    if (this.#state === null) return;
    const before = this.#state;
    this.#state = apply(before, event);
    if (this.#state.levels !== before.levels) this.levels.set(this.#state.levels);
    if (event.type === 'callSnapshot') this.#settle();
    if (before.call === null && this.#state.call !== null) this.place = 'call';
    if (this.#state.call?.status.word === 'ended') this.typing = false;
  }

  /** Another call, or none: nothing of the last one stays open. */
  #settle(): void {
    this.typing = false;
    this.soundOpen = false;
    this.#hidden = {};
  }

  /** Runs a command; a refusal becomes a card on the page. True when it was done. */
  async run(command: Promise<unknown>): Promise<boolean> {
    try {
      await command;
      this.refusal = null;
      return true;
    } catch (rejection) {
      this.refusal = problemFrom(rejection);
      return false;
    }
  }

  async start(target: Target): Promise<boolean> {
    if (this.starting) return false;
    this.#target = target;
    this.starting = true;
    const started = await this.run(this.backend.startCall(target));
    this.starting = false;
    return started;
  }

  startPractice(): Promise<boolean> {
    return this.start({ kind: 'practice' });
  }

  startActive(): Promise<boolean> {
    const id = this.active?.profile.id;
    return id === undefined ? this.startPractice() : this.start({ kind: 'profile', id });
  }

  /** The same again; after a reload of the window the call itself says who it was with. */
  startAgain(): Promise<boolean> {
    if (this.#target !== null) return this.start(this.#target);
    return this.call?.practice === true ? this.startPractice() : this.startActive();
  }

  end(): Promise<boolean> {
    return this.run(this.backend.endCall());
  }

  clear(): Promise<boolean> {
    return this.run(this.backend.clearCall());
  }

  mute(wanted: Exclude<Mute, 'open'>): Promise<boolean> {
    const now = this.controls?.mute ?? 'open';
    const undo = wanted === 'soft' ? now !== 'open' : now === wanted;
    return this.run(this.backend.setMute(undo ? 'open' : wanted));
  }

  hush(): Promise<boolean> {
    return this.run(this.backend.hushSpeaker(!(this.controls?.hushed ?? false)));
  }

  talk(pressed: boolean): Promise<boolean> {
    return this.run(this.backend.talk(pressed));
  }

  /** Somebody is there; told only while that is in doubt. */
  stay(): void {
    if (this.call?.quiet != null) void this.run(this.backend.stay());
  }

  /** Not by `run`: what waits tells by itself how it went. */
  giveUpKeychain(): void {
    void this.backend.giveUpKeychain().catch((rejection: unknown) => (this.refusal = problemFrom(rejection)));
  }

  go(place: Place): void {
    this.refusal = null;
    this.place = place;
  }

  /** Changes some settings. While one save is under way the next waits, and only the last is sent. */
  async change(some: Partial<Settings>): Promise<void> {
    const saving = this.#wanted !== null;
    this.#wanted = { ...this.settings, ...some };
    if (saving) return;
    let sent: Settings | null = null;
    let kept = true;
    while (kept && sent !== this.#wanted) {
      sent = this.#wanted;
      kept = await this.run(this.backend.saveSettings(sent));
      // The engine's own word may come later than its answer; until then nothing may jump back.
      if (kept) this.#take({ type: 'settings', settings: sent });
    }
    this.#wanted = null;
  }

  edit(id: string): void {
    this.refusal = null;
    this.editing = id;
    this.#editingAt = this.place;
  }

  closeForm(): void {
    this.refusal = null;
    this.editing = null;
  }

  /** A new profile becomes the one that *Start call* calls. */
  async save(draft: ProfileDraft): Promise<boolean> {
    const saved = await this.run(
      this.backend.saveProfile(draft).then((id) => this.backend.setActive(id)),
    );
    if (saved) this.closeForm();
    return saved;
  }

  async remove(id: string): Promise<boolean> {
    const removed = await this.run(this.backend.deleteProfile(id));
    if (removed) this.closeForm();
    return removed;
  }

  #cards(): Card[] {
    const cards: Card[] = [];
    if (this.refusal !== null) {
      cards.push({ key: 'refusal', problem: this.refusal, dismiss: () => (this.refusal = null) });
    }
    for (const problem of this.#state?.troubles ?? []) {
      const { message } = problem;
      if (this.#putAway.includes(message)) continue;
      const dismiss = () => (this.#putAway = [...this.#putAway, message]);
      cards.push({ key: message, problem, dismiss });
    }
    const { call } = this;
    if (call === null) return cards;
    for (const problem of call.notices) {
      const dismiss = () => void this.run(this.backend.dismissNotice(problem.code));
      cards.push({ key: problem.code, problem, dismiss });
    }
    const { keeping } = this;
    if (keeping?.state === 'unkept' && this.#hidden.keeping !== keeping.problem.message) {
      const { problem } = keeping;
      const dismiss = () => (this.#hidden = { ...this.#hidden, keeping: problem.message });
      cards.push({ key: 'keeping', problem, dismiss });
    }
    for (const side of ['microphone', 'speaker'] as const) {
      const device: DeviceView = call[side];
      const { problem } = device;
      // The engine may tell the same trouble as a notice; one card is enough.
      if (problem === undefined || cards.some((card) => card.problem.code === problem.code)) continue;
      if (this.#hidden[side] === problem.message) continue;
      const dismiss = () => (this.#hidden = { ...this.#hidden, [side]: problem.message });
      cards.push({ key: side, problem, dismiss });
    }
    return cards;
  }
}

export const [getSession, setSession] = createContext<Session>();
