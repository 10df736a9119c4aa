// Writes src/recordings/*.json: a made-up conversation, told as a script, with a speech-like level
// track. Run it with `npm run recordings` after changing the script; the result is committed.

import { writeFileSync } from 'node:fs';

const folder = new URL('../src/recordings/', import.meta.url);
const SILENCE = -96;
const EVERY_MS = 50;

/** The same noise on every run. */
function noise(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

const profile = (id, name, tokenUrl, more = {}) => ({
  id,
  name,
  tokenUrl,
  method: 'POST',
  caller: { kind: 'bearer' },
  realtimeUrl: 'wss://api.x.ai/v1/realtime',
  model: 'grok-voice-latest',
  auth: 'bearer',
  voice: 'eve',
  instructions: '',
  agentSpeaksFirst: false,
  proxy: '',
  proxyUser: '',
  extraCa: '',
  price: { perMinute: 0.08, perText: 0.004 },
  ...more,
});

const profiles = [
  { profile: profile('home', 'My backend', 'https://voice.example.com/session'), secret: 'keychain', proxyPassword: 'none' },
  {
    profile: profile('desk', 'Desk server', 'http://localhost:8787/token', { caller: { kind: 'open' }, voice: 'ara' }),
    secret: 'none',
    proxyPassword: 'none',
  },
];

const app = (call, known = profiles, keychain = { state: 'available' }) => ({
  version: '0.1.0',
  call,
  keeping: call === null ? null : { state: 'writing' },
  profiles: known,
  active: known[0]?.profile.id ?? null,
  keychain,
  spending: { today: 1.2, month: 14.05 },
  troubles: [],
});

const echo = (more) => ({
  returnLossDb: null,
  enhancementDb: null,
  delayMs: null,
  residualLikelihood: null,
  nearLikelihood: null,
  ...more,
});

const freshCall = (who, practice) => ({
  with: who,
  practice,
  status: { word: 'connecting', step: 'askingBackend' },
  controls: { mute: 'open', turns: 'auto', hushed: false, talking: false, voiceFromDbfs: -37.25, canContinue: false },
  items: [],
  microphone: { open: false },
  speaker: { open: false },
  clock: { elapsedMs: 0 },
  ...(practice ? {} : { price: { perMinute: 0.08, perText: 0.004 } }),
  quiet: null,
  notices: [],
  figures: { voiceToWireMs: [], wireToEarMs: [], answerMs: [], echo: echo({}) },
});

class Script {
  events = [];
  #voices = { microphone: [], speaker: [] };
  #items = 0;
  #lineAt = 0;

  say(at, event) {
    this.events.push([at, { type: 'call', event }]);
  }
  status(at, word, more = {}) {
    this.say(at, { type: 'status', status: { word, ...more } });
  }
  line(at, model) {
    this.#lineAt = at;
    this.status(at - 900, 'connecting', { step: 'openingLine' });
    this.status(at - 400, 'connecting', { step: 'agreeingSession' });
    this.say(at - 120, { type: 'device', direction: 'microphone', device: { name: 'Built-in microphone', open: true } });
    this.say(at - 100, { type: 'device', direction: 'speaker', device: { name: 'Headphones', open: true } });
    if (model) this.say(at - 80, { type: 'model', model });
    this.status(at, 'listening');
  }
  #item(at, index, item) {
    this.say(at, { type: 'item', index, item: { typed: false, atMs: Math.max(0, at - this.#lineAt), ...item } });
  }
  /** Words grow as cumulative snapshots from `from` to `to`. */
  #grow(from, to, index, role, text, started) {
    const parts = text.split(/(?<= )/);
    parts.forEach((_, last) => {
      const at = Math.round(from + ((to - from) * (last + 1)) / parts.length);
      const atMs = Math.max(0, started - this.#lineAt);
      this.#item(at, index, { id: `item-${index}`, role, text: parts.slice(0, last + 1).join(''), partial: true, atMs });
    });
  }
  you(from, to, text) {
    const index = this.#items++;
    this.status(from, 'hearingYou');
    this.#voices.microphone.push([from, to]);
    this.#grow(from + 400, to, index, 'you', text, from);
    this.status(to + 300, 'thinking');
    this.#item(to + 450, index, { id: `item-${index}`, role: 'you', text, partial: false, atMs: from - this.#lineAt });
  }
  agent(from, to, text, { cutAt, heard } = {}) {
    const index = this.#items++;
    const end = cutAt ?? to;
    this.status(from, 'speaking');
    this.#voices.speaker.push([from, end]);
    // The words come faster than the sound.
    this.#grow(from + 60, from + (to - from) * 0.5, index, 'agent', text, from);
    const done = { id: `item-${index}`, role: 'agent', partial: false, atMs: from - this.#lineAt };
    if (cutAt === undefined) {
      this.#item(from + (to - from) * 0.55, index, { ...done, text });
      this.status(to, 'listening');
    } else {
      this.#item(cutAt + 30, index, { ...done, text: heard, unheard: text.slice(heard.length) });
    }
  }
  typed(at, text) {
    const index = this.#items++;
    this.#item(at, index, { id: `item-${index}`, role: 'you', text, partial: false, typed: true });
    this.status(at + 20, 'thinking');
  }
  tool(from, to, name, text) {
    const index = this.#items++;
    this.status(from, 'usingTool', { name });
    this.#item(from, index, { id: `item-${index}`, role: 'tool', text, partial: true });
    this.#item(to, index, { id: `item-${index}`, role: 'tool', text, partial: false, atMs: from - this.#lineAt });
    this.status(to, 'thinking');
  }
  note(at, text) {
    const index = this.#items++;
    this.#item(at, index, { id: `item-${index}`, role: 'note', text, partial: false });
  }
  /** `used` says what had been used at a moment: time that is paid for, texts, what the service reported. */
  clocks(until, used) {
    for (let second = 0; this.#lineAt + second * 1000 <= until; second += 1) {
      const at = this.#lineAt + second * 1000;
      const clock = { elapsedMs: second * 1000 };
      if (used) {
        const cost = used(at, second * 1000);
        const estimate = (cost.billedMs / 60000) * 0.08 + cost.texts * 0.004;
        clock.cost = { estimate: Math.round(estimate * 10000) / 10000, ...cost };
      }
      this.say(at, { type: 'clock', clock });
    }
  }
  #levels(until) {
    const random = noise(7);
    const track = { microphone: [], speaker: [] };
    for (let at = 0; at <= until; at += EVERY_MS) {
      const spoken = (side) => this.#voices[side].some(([from, to]) => at >= from && at < to);
      // Syllables about four a second, a breath every other second.
      const voice = () => {
        const syllable = Math.abs(Math.sin((at / 1000) * Math.PI * 4.1 + Math.sin(at / 610)));
        const breath = Math.sin(at / 900) < -0.93 ? -24 : 0;
        return Math.round(-34 + 18 * syllable + 5 * random() + breath);
      };
      const open = at >= this.#lineAt - 120;
      track.microphone.push(!open ? SILENCE : spoken('microphone') ? voice() : Math.round(-59 + 4 * random()));
      track.speaker.push(spoken('speaker') ? voice() : SILENCE);
    }
    return { everyMs: EVERY_MS, ...track };
  }
  finish(about, start, until) {
    const events = this.events.map(([at, event]) => [Math.round(at), event]).sort((a, b) => a[0] - b[0]);
    return { about, start, events, levels: this.#levels(until) };
  }
}

function conversation() {
  const s = new Script();
  s.line(1600, 'grok-voice-3.0');
  s.you(3000, 5200, 'What’s the ferry timetable on Sundays?');
  s.agent(6300, 15000, 'On Sundays the first boat leaves at ten past eight, and then every ninety minutes until a quarter to seven in the evening. The crossing takes about half an hour.', {
    cutAt: 11200,
    heard: 'On Sundays the first boat leaves at ten past eight, and then',
  });
  s.you(11000, 13200, 'And from the other side?');
  s.agent(14200, 20500, 'From the island, the first one back is at nine, and the last at half past seven. There is a bar on the upper deck.');
  s.you(22000, 24600, 'Is it going to be windy this weekend?');
  s.tool(25200, 27600, 'weather', 'weather · Harbour, Saturday and Sunday');
  s.agent(28400, 34500, 'Saturday is breezy, around six on the Beaufort scale in the afternoon. Sunday is calm and clear, so take the early boat.');
  s.say(36000, { type: 'controls', controls: { mute: 'soft', turns: 'auto', hushed: false, talking: false, voiceFromDbfs: -37.25, canContinue: false } });
  s.status(36000, 'muted', { released: false });
  s.say(39000, { type: 'controls', controls: { mute: 'hard', turns: 'auto', hushed: false, talking: false, voiceFromDbfs: -37.25, canContinue: false } });
  s.say(39000, { type: 'device', direction: 'microphone', device: { name: 'Built-in microphone', open: false } });
  s.status(39000, 'muted', { released: true });
  s.say(42000, { type: 'controls', controls: { mute: 'open', turns: 'auto', hushed: false, talking: false, voiceFromDbfs: -37.25, canContinue: false } });
  s.say(42000, { type: 'device', direction: 'microphone', device: { name: 'Built-in microphone', open: true } });
  s.status(42000, 'listening');
  s.say(43000, {
    type: 'notice',
    problem: {
      code: 'microphone',
      fault: 'computer',
      message: 'The microphone gives only silence.',
      cure: 'See whether it is muted on the headset or by the system, or choose another one there.',
      detail: 'Built-in microphone: 10.0 s at -96 dBFS, 48000 Hz, 2 channels, f32',
    },
  });
  s.say(15000, {
    type: 'figures',
    figures: {
      voiceToWireMs: [1.4, 1.9, 1.6],
      wireToEarMs: [48, 44, 61],
      answerMs: [1240, 980, 1105],
      echo: echo({ returnLossDb: 8, enhancementDb: 34, delayMs: 62 }),
    },
  });
  s.say(43500, { type: 'controls', controls: { mute: 'open', turns: 'auto', hushed: false, talking: false, voiceFromDbfs: -37.25, canContinue: true } });
  s.say(45500, { type: 'controls', controls: { mute: 'open', turns: 'auto', hushed: false, talking: false, voiceFromDbfs: -37.25, canContinue: false } });
  s.typed(46000, 'Book the early one for two, please.');
  s.agent(47200, 52500, 'I can’t book it for you, but the ticket office opens at half past seven, and you can pay by card on board.');
  s.say(53000, { type: 'noticeGone', code: 'microphone' });
  s.say(53200, { type: 'quiet', quiet: { afterMs: 300000, hangUpInMs: 24000 } });
  s.say(53800, { type: 'quiet', quiet: null });
  s.status(55000, 'reconnecting', { attempt: 1, retryInMs: 1000 });
  s.status(57000, 'reconnecting', { attempt: 2, retryInMs: 4000 });
  s.note(61500, 'The line was gone for 6 seconds. The conversation goes on.');
  s.status(61500, 'listening');
  s.say(62500, {
    type: 'device',
    direction: 'speaker',
    device: {
      name: 'Headphones',
      open: false,
      problem: {
        code: 'speaker',
        fault: 'computer',
        message: 'The headphones were unplugged.',
        cure: 'Plug them in again or choose another output in the system’s sound settings. Captions go on.',
        detail: 'PulseAudio: sink headphones went away (no such entity)',
      },
    },
  });
  s.say(66500, { type: 'device', direction: 'speaker', device: { name: 'Built-in speakers', open: true } });
  s.you(68000, 69600, 'All right, thank you. Bye!');
  s.agent(70400, 72600, 'Enjoy the crossing. Goodbye!');
  s.say(69800, {
    type: 'notice',
    problem: {
      code: 'dailyCap',
      fault: 'computer',
      message: 'About $4.01 of today’s cap of $5.00 has been spent.',
      cure: 'At the cap this call goes on, and new ones are refused until tomorrow.',
    },
  });
  s.say(70200, { type: 'noticeGone', code: 'dailyCap' });
  // The line was away from 55 s to 61.5 s.
  s.clocks(74500, (at, elapsed) => ({
    billedMs: elapsed - Math.min(6500, Math.max(0, at - 55000)),
    texts: at < 46000 ? 0 : 1,
    ...(at < 15000 ? {} : { reported: { audioS: at < 34500 ? 5 : 17, tokens: at < 34500 ? 214 : 903 } }),
  }));
  s.status(75000, 'ended', { ending: { reason: 'byYou' } });
  s.say(75000, { type: 'device', direction: 'microphone', device: { name: 'Built-in microphone', open: false } });
  s.say(75000, { type: 'device', direction: 'speaker', device: { name: 'Built-in speakers', open: false } });
  return s.finish('A call through a profile: partial words, an interruption, a tool, mute, typing, trouble, a broken line.', app(freshCall('My backend', false)), 75000);
}

function practice() {
  const s = new Script();
  s.line(1100);
  s.agent(1900, 9500, 'Hello! I am the practice agent on this computer. I do not understand speech, but I repeat what you say in your own voice, so that you hear how you sound.');
  s.you(11000, 13400, '2.4 seconds of speech');
  s.agent(13700, 16100, 'Your own words, 2.4 seconds');
  s.clocks(40000);
  return s.finish('A practice call: the greeting, then one repeated turn.', app(freshCall('Practice agent', true), []), 40000);
}

const failed = () => {
  const s = new Script();
  const problem = {
    code: 'rateLimited',
    fault: 'backend',
    message: 'Your backend answered, but not with a token. It said: “rate limited”.',
    cure: 'Try again in 32 s, or look at its log.',
    detail: 'POST https://voice.example.com/session\nHTTP 429 Too Many Requests\n{"error":"rate limited"}',
  };
  s.status(700, 'ended', { ending: { reason: 'failed', problem } });
  return s.finish('A call that the backend refused.', app(freshCall('My backend', false)), 800);
};

const still = (about, start) => ({ about, start, events: [] });
const away = (why, message, cure, detail) => ({
  state: 'unavailable',
  why,
  problem: {
    code: 'keychain',
    fault: 'computer',
    message,
    cure: `${cure} Until then a secret is kept for this run only.`,
    detail,
  },
});
const noKeychain = away(
  'missing',
  'This system offers no keychain.',
  'Start a Secret Service such as GNOME Keyring or KWallet.',
  'this system offers no keychain: no secret service provider or dbus session found',
);
const locked = away(
  'locked',
  'The keychain is locked.',
  'Unlock it when it asks; its window may be behind another.',
  'the keychain is locked, and its question was not answered',
);
const thisRun = profiles.map((view, index) => (index === 0 ? { ...view, secret: 'thisRun' } : view));

const files = {
  'first-run': still('No profile yet.', app(null, [])),
  'no-keychain': still('No profile yet, and no keychain.', app(null, [], noKeychain)),
  'keychain-locked': still('A secret for this run only.', app(null, thisRun, locked)),
  'keychain-waiting': still('The keychain asks for its password.', app(null, profiles, { state: 'waiting' })),
  'keychain-back': still('The same secret when the keychain is back.', app(null, thisRun)),
  ready: still('Two profiles, no call.', app(null)),
  call: conversation(),
  practice: practice(),
  failed: failed(),
};

for (const [name, recording] of Object.entries(files)) {
  const { events, levels, ...head } = recording;
  const lines = events.map((event) => `    ${JSON.stringify(event)}`).join(',\n');
  const track = levels === undefined ? '' : `,\n  "levels": ${JSON.stringify(levels)}`;
  const body = JSON.stringify(head, null, 2).replace(/\n\}$/, '');
  const list = lines === '' ? '[]' : `[\n${lines}\n  ]`;
  writeFileSync(new URL(`${name}.json`, folder), `${body},\n  "events": ${list}${track}\n}\n`);
}
