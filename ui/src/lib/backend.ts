// What the window may ask of the engine, whoever the engine is.

import type {
  AppEvent,
  AppSnapshot,
  CheckTarget,
  Checkup,
  DeviceList,
  Imported,
  Mute,
  Problem,
  ProblemCode,
  ProfileDraft,
  Settings,
  Target,
  Trial,
  Turns,
} from './bindings';
import { words } from './words';

/** Every method rejects with a `Problem`. */
export interface Backend {
  /** `listen` gets every change after the returned snapshot, in order. */
  subscribe(listen: (event: AppEvent) => void): Promise<AppSnapshot>;
  /** Replaces a call that has ended. */
  startCall(target: Target): Promise<void>;
  endCall(): Promise<void>;
  /** Puts an ended call away. */
  clearCall(): Promise<void>;
  setMute(mute: Mute): Promise<void>;
  setTurns(turns: Turns): Promise<void>;
  /** The agent is not heard, whatever the volume. */
  hushSpeaker(hushed: boolean): Promise<void>;
  talk(pressed: boolean): Promise<void>;
  interrupt(): Promise<void>;
  /** Lets the agent speak on after a false start; only while `controls.canContinue`. */
  continueReply(): Promise<void>;
  /** Somebody is there: the quiet line is not ended. */
  stay(): Promise<void>;
  sendText(text: string): Promise<void>;
  dismissNotice(code: ProblemCode): Promise<void>;
  /**
   * Tries a backend out up to an agreed session; `learn` gets every change, the last of them is the answer,
   * null where it was stopped. The next check stops the one before.
   */
  check(target: CheckTarget, learn: (checkup: Checkup) => void): Promise<Checkup | null>;
  stopCheck(): Promise<void>;
  /** The saved profile's id. */
  saveProfile(draft: ProfileDraft): Promise<string>;
  /** Tries the keychain again with a secret that is kept for this run only. */
  saveSecret(id: string): Promise<void>;
  /** Whatever waits for the keychain goes on without it. */
  giveUpKeychain(): Promise<void>;
  deleteProfile(id: string): Promise<void>;
  /** The copy's id; the secret is not copied. */
  duplicateProfile(id: string): Promise<string>;
  /** Asks where to, and writes every profile there without its secret: the file's path, or null. */
  exportProfiles(): Promise<string | null>;
  /** Asks for a file and adds all that it holds; null when none was chosen. */
  importProfiles(): Promise<Imported | null>;
  setActive(id: string): Promise<void>;
  /** Kept, and applied to the running call at once. */
  saveSettings(settings: Settings): Promise<void>;
  /** Those that are there now. May take some 100 ms. */
  devices(): Promise<DeviceList>;
  /** Asks where to, and writes the ended call there: the file's path, or null when none was chosen. */
  exportCall(): Promise<string | null>;
  /** Takes the ended call out of what is kept on this computer. */
  deleteCall(): Promise<void>;
  /** A part of the sound check, to its end; what comes of it is an event. Stops the one before. */
  tryOut(trial: Trial): Promise<void>;
  stopTrial(): Promise<void>;
  /** Asks where to, and writes the text there: the file's path, or null when none was chosen. */
  saveText(name: string, text: string): Promise<string | null>;
}

/** A rejection as a problem: a bug or a missing command may reject with anything. */
export function problemFrom(rejection: unknown): Problem {
  if (
    typeof rejection === 'object' &&
    rejection !== null &&
    'code' in rejection &&
    'message' in rejection &&
    'cure' in rejection
  ) {
    return rejection as Problem;
  }
  return { code: 'internal', fault: 'computer', ...words.unexpected, detail: String(rejection) };
}
