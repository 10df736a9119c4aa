// An engine made of recordings, so that the window runs and is tested in a plain browser.
// `?fake=SCENE&at=MS&speed=N` chooses what it shows; speed 0 stands still at that moment.

import { apply, SILENCE, stateOf, type AppState } from './apply';
import type { Backend } from './backend';
import type { AppEvent, CheckTarget, Checkup, DeviceList, Event, Imported, Mute, Problem, Profile, ProfileDraft, ProfileView, Settings, Status, Target, Trial } from './bindings';
import { checked } from './checks';
import { emptyProfile, holdsXaiKey } from './draft';
import { reply } from './improvise';
import { found, rehearsal } from './rehearsal';
import { Replay, type Recording } from './replay';
import { defaults } from './settings';

const load: Record<string, () => Promise<{ default: unknown }>> = {
  'first-run': () => import('../recordings/first-run.json'),
  'no-keychain': () => import('../recordings/no-keychain.json'),
  'keychain-locked': () => import('../recordings/keychain-locked.json'),
  'keychain-waiting': () => import('../recordings/keychain-waiting.json'),
  'keychain-back': () => import('../recordings/keychain-back.json'),
  ready: () => import('../recordings/ready.json'),
  call: () => import('../recordings/call.json'),
  practice: () => import('../recordings/practice.json'),
  failed: () => import('../recordings/failed.json'),
};

export interface Scene {
  /** A recording, or `ended` for the end of the call. */
  name: string;
  atMs: number;
  speed: number;
}

export function sceneOf(query: string): Scene {
  const given = new URLSearchParams(query);
  const number = (key: string, otherwise: number) => {
    const value = Number(given.get(key) ?? otherwise);
    return Number.isFinite(value) && value >= 0 ? value : otherwise;
  };
  const name = given.get('fake') ?? 'first-run';
  if (name === 'ended') return { name: 'call', atMs: 3_600_000, speed: 1 };
  return { name: name in load ? name : 'first-run', atMs: number('at', 0), speed: number('speed', 1) };
}

async function recording(name: string): Promise<Recording> {
  const file = load[name] ?? load['first-run'];
  if (file === undefined) throw new Error(`no recording is called ${name}`);
  return (await file()).default as Recording;
}

export class FakeBackend implements Backend {
  /** Every command, in order, for tests. */
  readonly log: string[] = [];
  #scene: Scene;
  #state: AppState | null = null;
  #listen: (event: AppEvent) => void = () => {};
  #replay: Replay | null = null;
  /** What the recording says the line does, whatever the mute key makes of it. */
  #under: Status = { word: 'listening' };
  #cut = new Set<string>();
  /** Interrupted: the loudspeaker is silent until somebody speaks anew. */
  #hushed = false;
  #made = 0;
  #stopCheck: () => void = () => {};
  /** Ends the trial that runs: with findings, or without. */
  #trial: (done: boolean) => void = () => {};

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  async subscribe(listen: (event: AppEvent) => void) {
    const found = await recording(this.#scene.name);
    const start = structuredClone(found.start);
    this.#state = stateOf({ ...start, settings: { ...defaults, ...start.settings }, trials: [] });
    this.#play(found, this.#scene.atMs);
    this.#listen = listen;
    // Levels are no part of a snapshot: the moment's own follow it.
    const { microphone, speaker } = this.#state.levels;
    queueMicrotask(() => setTimeout(() => this.#say({ type: 'levels', microphone, speaker })));
    return this.#state;
  }

  #play(found: Pick<Recording, 'events' | 'levels'>, atMs: number, speed = this.#scene.speed): void {
    this.#replay?.stop();
    this.#replay = new Replay(found, (event) => this.#through(event));
    this.#replay.jump(atMs);
    this.#replay.run(speed);
  }

  /** A recorded event, as it is after what the person did. */
  #through(event: AppEvent): void {
    if (event.type === 'call') {
      const inner = event.event;
      if (inner.type === 'item' && this.#cut.has(inner.item.id)) return;
      if (inner.type === 'levels') {
        const microphone = this.#muted() ? SILENCE : inner.microphone;
        const speaker = this.#hushed ? SILENCE : inner.speaker;
        this.#say({ type: 'levels', microphone, speaker });
        return;
      }
      if (inner.type === 'status') {
        this.#under = inner.status;
        this.#hushed &&= inner.status.word !== 'speaking';
        const line = inner.status.word;
        if (this.#muted() && line !== 'muted' && line !== 'ended' && line !== 'reconnecting') return;
      }
    }
    this.#emit(event);
  }

  #emit(event: AppEvent): void {
    if (this.#state === null) return;
    this.#state = apply(this.#state, event);
    this.#listen(event);
    if (event.type !== 'call' || event.event.type !== 'status') return;
    if (event.event.status.word === 'ended') this.#emit({ type: 'keeping', keeping: { state: 'kept' } });
  }

  #say(event: Event): void {
    this.#emit({ type: 'call', event });
  }

  #call() {
    const call = this.#state?.call ?? null;
    if (call === null || call.status.word === 'ended') throw nothingThere;
    return call;
  }

  #muted(): boolean {
    return (this.#state?.call?.controls.mute ?? 'open') !== 'open';
  }

  async startCall(target: Target): Promise<void> {
    this.log.push(`startCall ${target.kind}`);
    const cap = this.#state?.settings.money.dailyCap ?? null;
    const today = this.#state?.spending?.today ?? 0;
    if (target.kind === 'profile' && cap !== null && today >= cap) throw capReached;
    const found = await recording(target.kind === 'practice' ? 'practice' : 'call');
    const call = structuredClone(found.start.call);
    const name = this.#state?.profiles.find(({ profile }) => target.kind === 'profile' && profile.id === target.id);
    if (call !== null && name !== undefined) call.with = name.profile.name;
    this.#cut.clear();
    this.#hushed = false;
    this.#emit({ type: 'callSnapshot', call });
    this.#emit({ type: 'keeping', keeping: { state: 'writing' } });
    this.#play(found, 0, this.#scene.speed || 1);
  }

  async endCall(): Promise<void> {
    this.log.push('endCall');
    this.#call();
    this.#replay?.stop();
    this.#say({ type: 'status', status: { word: 'ended', ending: { reason: 'byYou' } } });
  }

  async clearCall(): Promise<void> {
    this.log.push('clearCall');
    this.#replay?.stop();
    this.#emit({ type: 'callSnapshot', call: null });
  }

  async setMute(mute: Mute): Promise<void> {
    this.log.push(`setMute ${mute}`);
    const call = this.#call();
    this.#say({ type: 'controls', controls: { ...call.controls, mute } });
    const status: Status = mute === 'open' ? this.#under : { word: 'muted', released: mute === 'hard' };
    this.#say({ type: 'device', direction: 'microphone', device: { ...call.microphone, open: mute !== 'hard' } });
    this.#say({ type: 'status', status });
    if (mute !== 'open') this.#say({ type: 'levels', microphone: SILENCE, speaker: this.#state?.levels.speaker ?? SILENCE });
  }

  async setTurns(turns: 'auto' | 'manual'): Promise<void> {
    this.log.push(`setTurns ${turns}`);
    this.#say({ type: 'controls', controls: { ...this.#call().controls, turns } });
  }

  async hushSpeaker(hushed: boolean): Promise<void> {
    this.log.push(`hushSpeaker ${hushed}`);
    this.#say({ type: 'controls', controls: { ...this.#call().controls, hushed } });
  }

  async talk(pressed: boolean): Promise<void> {
    this.log.push(`talk ${pressed}`);
    const call = this.#call();
    if (call.controls.talking === pressed) return;
    if (pressed) {
      await this.interrupt();
      this.#replay?.stop();
      this.#say({ type: 'status', status: { word: 'hearingYou' } });
      this.#say({ type: 'levels', microphone: -22, speaker: SILENCE });
    }
    this.#say({ type: 'controls', controls: { ...this.#call().controls, talking: pressed } });
    if (!pressed) this.#answer('You let go of the key, so it is my turn. This answer is made up.');
  }

  async interrupt(): Promise<void> {
    this.log.push('interrupt');
    const call = this.#call();
    const item = call.items.at(-1);
    if (call.status.word !== 'speaking') return;
    this.#hushed = true;
    if (item?.role === 'agent') {
      this.#cut.add(item.id);
      const heard = item.text.slice(0, Math.ceil(item.text.length * 0.6)).replace(/\s*\S*$/, '');
      const cut = { ...item, text: heard, unheard: item.text.slice(heard.length), partial: false };
      this.#say({ type: 'item', index: call.items.length - 1, item: cut });
    }
    this.#say({ type: 'status', status: { word: 'listening' } });
    this.#say({ type: 'levels', microphone: -58, speaker: SILENCE });
  }

  async continueReply(): Promise<void> {
    this.log.push('continueReply');
    const call = this.#call();
    if (!call.controls.canContinue) return;
    this.#say({ type: 'controls', controls: { ...call.controls, canContinue: false } });
    const rest = call.items.findLast(({ unheard }) => unheard !== undefined)?.unheard;
    this.#answer(rest ?? 'Where was I? This answer is made up.');
  }

  async stay(): Promise<void> {
    this.log.push('stay');
    this.#say({ type: 'quiet', quiet: null });
  }

  async sendText(text: string): Promise<void> {
    this.log.push(`sendText ${text}`);
    await this.interrupt();
    const call = this.#call();
    this.#made += 1;
    const atMs = call.clock.elapsedMs;
    const item = { id: `typed-${this.#made}`, role: 'you' as const, text, partial: false, typed: true, atMs };
    this.#say({ type: 'item', index: call.items.length, item });
    this.#answer(`You typed “${text}”. This answer is made up, for nobody is on the line.`);
  }

  #answer(text: string): void {
    const { items, clock } = this.#call();
    this.#made += 1;
    const events = reply(items.length, `reply-${this.#made}`, text, clock.elapsedMs);
    this.#play({ events }, 0, this.#scene.speed || 1);
  }

  async dismissNotice(code: Problem['code']): Promise<void> {
    this.log.push(`dismissNotice ${code}`);
    this.#say({ type: 'noticeGone', code });
  }

  async check(target: CheckTarget, learn: (checkup: Checkup) => void): Promise<Checkup | null> {
    this.log.push(`check ${target.kind}`);
    await this.stopCheck();
    let stopped = false;
    this.#stopCheck = () => (stopped = true);
    for (const checkup of checked(target)) {
      if (stopped) return null;
      learn(checkup);
      if (checkup.report !== undefined) return checkup;
      await new Promise((done) => setTimeout(done, 60));
    }
    return null;
  }

  async stopCheck(): Promise<void> {
    this.#stopCheck();
  }

  async saveProfile({ profile, secret, proxyPassword }: ProfileDraft): Promise<string> {
    this.log.push('saveProfile');
    if (this.#state === null || holdsXaiKey(secret ?? '')) throw nothingThere;
    const id = profile.id === '' ? `profile-${(this.#made += 1)}` : profile.id;
    const old = this.#state.profiles.find((view) => view.profile.id === id);
    const kept = this.#state.keychain.state === 'available' ? 'keychain' : 'thisRun';
    const state = profile.caller.kind === 'open' ? 'none' : secret !== null ? kept : (old?.secret ?? 'none');
    const known = old?.proxyPassword ?? 'none';
    const password = profile.proxyUser === '' ? 'none' : proxyPassword !== null ? kept : known;
    const view = { profile: { ...profile, id }, secret: state, proxyPassword: password } as const;
    const profiles = old
      ? this.#state.profiles.map((one) => (one === old ? view : one))
      : [...this.#state.profiles, view];
    this.#emit({ type: 'profiles', profiles, active: this.#state.active ?? id });
    return id;
  }

  async saveSecret(id: string): Promise<void> {
    this.log.push(`saveSecret ${id}`);
    const { keychain, profiles, active } = this.#state ?? {};
    if (keychain?.state === 'unavailable') throw keychain.problem;
    const keep = (view: ProfileView) => (view.profile.id === id ? { ...view, secret: 'keychain' as const } : view);
    this.#emit({ type: 'profiles', profiles: profiles?.map(keep) ?? [], active: active ?? null });
  }

  async giveUpKeychain(): Promise<void> {
    this.log.push('giveUpKeychain');
    this.#emit({ type: 'keychain', keychain: { state: 'available' } });
  }

  async deleteProfile(id: string): Promise<void> {
    this.log.push('deleteProfile');
    const profiles = this.#state?.profiles.filter(({ profile }) => profile.id !== id) ?? [];
    this.#emit({ type: 'profiles', profiles, active: profiles[0]?.profile.id ?? null });
    if (this.#state?.keychain.state === 'unavailable') this.#emit({ type: 'troubles', troubles: [leftBehind] });
  }

  async duplicateProfile(id: string): Promise<string> {
    this.log.push(`duplicateProfile ${id}`);
    const old = this.#state?.profiles.find(({ profile }) => profile.id === id);
    if (old === undefined) throw nothingThere;
    return this.#add({ ...old.profile, name: `${old.profile.name} (2)` });
  }

  #add(profile: Profile): string {
    const id = `profile-${(this.#made += 1)}`;
    const profiles = [...(this.#state?.profiles ?? []), { profile: { ...profile, id }, secret: 'none' as const, proxyPassword: 'none' as const }];
    this.#emit({ type: 'profiles', profiles, active: this.#state?.active ?? id });
    return id;
  }

  async exportProfiles(): Promise<string | null> {
    this.log.push('exportProfiles');
    return '/home/you/Documents/Sidetone backends.json';
  }

  async importProfiles(): Promise<Imported | null> {
    this.log.push('importProfiles');
    const name = 'From a colleague';
    const tokenUrl = 'https://team.example.com/session';
    this.#add({ ...emptyProfile(), name, tokenUrl, caller: { kind: 'bearer' } });
    return { names: [name], secretsMissing: 1 };
  }

  async setActive(id: string): Promise<void> {
    this.log.push(`setActive ${id}`);
    this.#emit({ type: 'profiles', profiles: this.#state?.profiles ?? [], active: id });
  }

  async saveSettings(settings: Settings): Promise<void> {
    this.log.push('saveSettings');
    this.#emit({ type: 'settings', settings });
  }

  async devices(): Promise<DeviceList> {
    return {
      microphones: [
        { id: 'made-up:built-in', name: 'Built-in microphone', isDefault: true, telephone: false },
        { id: 'made-up:webcam', name: 'Webcam', isDefault: false, telephone: false },
      ],
      speakers: [
        { id: 'made-up:speakers', name: 'Built-in speakers', isDefault: false, telephone: false },
        { id: 'made-up:headphones', name: 'Headphones', isDefault: true, telephone: false },
      ],
    };
  }

  async exportCall(): Promise<string | null> {
    this.log.push('exportCall');
    return '/home/you/Documents/Sidetone 2026-07-01 09.30.txt';
  }

  async deleteCall(): Promise<void> {
    this.log.push('deleteCall');
    this.#emit({ type: 'keeping', keeping: { state: 'deleted' } });
  }

  async tryOut(trial: Trial): Promise<void> {
    this.log.push(`tryOut ${trial}`);
    await this.stopTrial();
    const over = new Promise<boolean>((settle) => (this.#trial = settle));
    const steps = rehearsal(trial);
    steps.forEach((progress, number) => {
      setTimeout(() => this.#emit({ type: 'trial', trial, state: { state: 'running', progress } }), number * 100);
    });
    setTimeout(() => this.#trial(true), steps.length * 100);
    const state = (await over) ? ({ state: 'done', findings: found(trial) } as const) : null;
    this.#emit({ type: 'trial', trial, state });
  }

  async stopTrial(): Promise<void> {
    this.#trial(false);
  }

  async saveText(name: string): Promise<string | null> {
    this.log.push(`saveText ${name}`);
    return `/home/you/Documents/${name}`;
  }
}

const leftBehind: Problem = {
  code: 'keychain',
  fault: 'computer',
  message: 'The keychain may still have an old secret that Sidetone could not take out.',
  cure: 'Unlock the keychain, or restart the service that holds it: Sidetone uses no such secret, and takes it out as soon as it can, after a restart, too.',
};

const nothingThere: Problem = {
  code: 'internal',
  fault: 'computer',
  message: 'There is no call to do this with.',
  cure: 'Start a call first.',
};

const capReached: Problem = {
  code: 'dailyCap',
  fault: 'computer',
  message: 'Today’s cap of $1.00 is reached: about $1.20 has been spent.',
  cure: 'Raise the cap or turn it off in the settings, or call again tomorrow.',
};
