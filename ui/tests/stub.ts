// An engine that does nothing by itself: a test says what it reports, and reads what was asked.

import type { Backend } from '../src/lib/backend';
import type { AppEvent, AppSnapshot, CheckTarget, Checkup, DeviceList, Event, Imported, Problem } from '../src/lib/bindings';

export class Stub implements Backend {
  readonly asked: unknown[][] = [];
  /** The next command is rejected with this. */
  refuse: unknown = null;
  /** How the next check goes; it stays at the last of them until `checkOver`. */
  checkups: (Checkup | null)[] = [];
  checkOver: Promise<void> = Promise.resolve();
  /** The devices that are there. */
  list: DeviceList = { microphones: [], speakers: [] };
  /** Commands are answered after this. */
  busy: Promise<void> = Promise.resolve();
  /** Where the next export goes. */
  exported: string | null = null;
  /** What the next file holds. */
  imported: Imported | null = null;
  #listen: (event: AppEvent) => void = () => {};
  #start: AppSnapshot | Promise<AppSnapshot>;

  constructor(start: AppSnapshot | Promise<AppSnapshot>) {
    this.#start = start;
  }

  tell(event: AppEvent): void {
    this.#listen(event);
  }

  say(event: Event): void {
    this.tell({ type: 'call', event });
  }

  async subscribe(listen: (event: AppEvent) => void) {
    this.#listen = listen;
    return this.#start;
  }

  #ask = async (...asked: unknown[]): Promise<void> => {
    this.asked.push(asked);
    await this.busy;
    const { refuse } = this;
    this.refuse = null;
    if (refuse !== null) throw refuse;
  };

  startCall = (target: unknown) => this.#ask('startCall', target);
  endCall = () => this.#ask('endCall');
  clearCall = () => this.#ask('clearCall');
  setMute = (mute: unknown) => this.#ask('setMute', mute);
  setTurns = (turns: unknown) => this.#ask('setTurns', turns);
  hushSpeaker = (hushed: boolean) => this.#ask('hushSpeaker', hushed);
  talk = (pressed: boolean) => this.#ask('talk', pressed);
  interrupt = () => this.#ask('interrupt');
  continueReply = () => this.#ask('continueReply');
  stay = () => this.#ask('stay');
  sendText = (text: string) => this.#ask('sendText', text);
  dismissNotice = (code: Problem['code']) => this.#ask('dismissNotice', code);
  check = async (target: CheckTarget, learn: (checkup: Checkup) => void): Promise<Checkup | null> => {
    await this.#ask('check', target);
    for (const checkup of this.checkups) if (checkup !== null) learn(checkup);
    await this.checkOver;
    return this.checkups.at(-1) ?? null;
  };
  stopCheck = () => this.#ask('stopCheck');
  saveSecret = (id: string) => this.#ask('saveSecret', id);
  giveUpKeychain = () => this.#ask('giveUpKeychain');
  saveProfile = (draft: unknown) => this.#ask('saveProfile', draft).then(() => 'saved-id');
  deleteProfile = (id: string) => this.#ask('deleteProfile', id);
  duplicateProfile = (id: string) => this.#ask('duplicateProfile', id).then(() => 'copy-id');
  exportProfiles = () => this.#ask('exportProfiles').then(() => this.exported);
  importProfiles = () => this.#ask('importProfiles').then(() => this.imported);
  setActive = (id: string) => this.#ask('setActive', id);
  saveSettings = (settings: unknown) => this.#ask('saveSettings', settings);
  devices = async () => this.list;
  exportCall = () => this.#ask('exportCall').then(() => this.exported);
  deleteCall = () => this.#ask('deleteCall');
  tryOut = (trial: unknown) => this.#ask('tryOut', trial);
  stopTrial = () => this.#ask('stopTrial');
  saveText = (name: string, text: string) => this.#ask('saveText', name, text).then(() => this.exported);
}
