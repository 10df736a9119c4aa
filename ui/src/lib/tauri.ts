// The only module that imports Tauri: the engine behind the real window.

import { Channel, invoke } from '@tauri-apps/api/core';

import type { Backend } from './backend';
import type { AppEvent, Checkup } from './bindings';
import { fetching } from './fetching';

export const tauriBackend: Backend = {
  subscribe(listen) {
    const bell = new Channel<null>();
    bell.onmessage = fetching((): Promise<AppEvent[]> => invoke('news'), listen);
    return invoke('subscribe', { bell });
  },
  startCall: (target) => invoke('start_call', { target }),
  endCall: () => invoke('end_call'),
  clearCall: () => invoke('clear_call'),
  setMute: (mute) => invoke('set_mute', { mute }),
  setTurns: (turns) => invoke('set_turns', { turns }),
  hushSpeaker: (hushed) => invoke('hush_speaker', { hushed }),
  talk: (pressed) => invoke('talk', { pressed }),
  interrupt: () => invoke('interrupt'),
  continueReply: () => invoke('continue_reply'),
  stay: () => invoke('stay'),
  sendText: (text) => invoke('send_text', { text }),
  dismissNotice: (code) => invoke('dismiss_notice', { code }),
  check(target, learn) {
    const channel = new Channel<Checkup>();
    channel.onmessage = learn;
    return invoke('check', { target, channel });
  },
  stopCheck: () => invoke('stop_check'),
  saveProfile: (draft) => invoke('save_profile', { draft }),
  saveSecret: (id) => invoke('save_secret', { id }),
  giveUpKeychain: () => invoke('give_up_keychain'),
  deleteProfile: (id) => invoke('delete_profile', { id }),
  duplicateProfile: (id) => invoke('duplicate_profile', { id }),
  exportProfiles: () => invoke('export_profiles'),
  importProfiles: () => invoke('import_profiles'),
  setActive: (id) => invoke('set_active', { id }),
  saveSettings: (settings) => invoke('save_settings', { settings }),
  devices: () => invoke('devices'),
  exportCall: () => invoke('export_call'),
  deleteCall: () => invoke('delete_call'),
  tryOut: (trial) => invoke('try_out', { trial }),
  stopTrial: () => invoke('stop_trial'),
  saveText: (name, text) => invoke('save_text', { name, text }),
};
