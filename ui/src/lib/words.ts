// Every word that the window says, in one typed place.

import type { CheckState, CheckStep, Ending, Fault, SecretState, Status, Step } from './bindings';

const states: Record<Status['word'] | 'ready', string> = {
  ready: 'Ready',
  connecting: 'Connecting',
  listening: 'Listening',
  hearingYou: 'Hearing you',
  thinking: 'Thinking',
  speaking: 'Speaking',
  usingTool: 'Using a tool',
  muted: 'Muted',
  reconnecting: 'Reconnecting',
  ended: 'Ended',
};

const steps: Record<Step, string> = {
  askingBackend: 'asking your backend…',
  openingLine: 'opening the line…',
  agreeingSession: 'agreeing on the session…',
};

const practiceSteps: Record<Step, string> = {
  askingBackend: 'waking the practice agent…',
  openingLine: 'opening the line…',
  agreeingSession: 'agreeing on the session…',
};

const faults: Record<Fault, string> = {
  computer: 'This computer',
  profile: 'This profile',
  backend: 'Your backend',
  network: 'The network',
  xai: 'xAI',
};

const secretStates: Record<SecretState, string> = {
  none: 'No secret is stored.',
  keychain: 'The secret is in the keychain.',
  thisRun: 'The secret is kept only for this run.',
};

function saveSecret(back: boolean): string {
  return back ? 'Save it in the keychain now' : 'Try the keychain again';
}

/** `5 min`, `90 s` as `1 min 30 s`. */
function span(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const parts = [seconds >= 60 ? `${Math.floor(seconds / 60)} min` : '', seconds % 60 > 0 ? `${seconds % 60} s` : ''];
  return parts.filter((part) => part !== '').join(' ');
}

function endingOf(ending: Ending): string {
  switch (ending.reason) {
    case 'byYou':
      return 'You ended the call.';
    case 'byServer':
      return ending.text === ''
        ? `The server closed the line (code ${ending.code}).`
        : `The server closed the line: “${ending.text}” (code ${ending.code}).`;
    case 'quiet':
      return `The call was ended because it was quiet for ${span(ending.forMs)}.`;
    case 'failed':
      return 'The call could not go on.';
  }
}

export const words = {
  app: 'Sidetone',
  states,
  faults,

  unexpected: {
    message: 'Sidetone did something it should not have done.',
    cure: 'Try once more; if it happens again, restart Sidetone.',
  },
  unreachable: {
    message: 'The window cannot reach the rest of Sidetone.',
    cure: 'Close Sidetone and start it again.',
  },

  places: {
    all: 'Pages',
    call: 'Call',
    check: 'Sound check',
    settings: 'Settings',
  },

  devices: {
    system: (now: string | undefined) => (now === undefined ? 'What the system uses' : `What the system uses (${now})`),
    absent: (id: string | undefined) => (id === undefined ? '…' : `Not plugged in: ${id}`),
    choose: { microphone: 'Choose the microphone', speaker: 'Choose the speaker' },
  },

  settings: {
    title: 'Settings',
    lead: 'Everything is kept at once, and applies to a call that is under way.',
    sound: 'Sound',
    microphone: 'Microphone',
    speaker: 'Speaker',
    deviceHint: 'While a chosen one is not there, the one chosen before it is used, and then what the system uses.',
    volume: 'Volume of the agent',
    volumeHint: 'On top of the volume of the system.',
    percent: (value: number) => `${value} %`,
    processing: 'Your microphone',
    processingWhat: 'What is done to its sound before it is sent',
    stages: {
      echo: ['Cancel echo', 'Takes out what the loudspeaker plays.'] as const,
      noise: ['Suppress noise', 'Fans, streets, hum. Off keeps every sound of a quiet room.'] as const,
      gain: ['Bring up a quiet voice', 'Gently. Off when the system does it already.'] as const,
    },
    turns: 'Turns',
    turnsWho: 'Who ends your turn',
    auto: 'The agent listens for your pauses',
    autoHint: 'Speak as you would on the telephone.',
    manual: 'You do, with the talk key',
    manualHint: 'Nothing is sent while the talk key is up. For noisy rooms.',
    room: 'How it listens in',
    rooms: { quiet: 'Quiet room', office: 'Office', noisy: 'Noisy place' },
    silence: 'How long it waits',
    silenceHint: 'A pause this long ends your turn. Longer, if it answers before you have finished.',
    silenceSays: (ms: number) =>
      `${ms < 500 ? 'hardly' : ms < 1000 ? 'a moment' : ms < 2000 ? 'patiently' : 'very long'} · ${(ms / 1000).toFixed(1)} s`,
    threshold: 'How loud before it listens',
    thresholdHint: 'Louder, if it takes the noise of the room for you. Softer, if it does not hear you.',
    thresholdSays: (value: number) =>
      value < 0.4 ? 'a whisper' : value < 0.75 ? 'a soft voice' : value < 0.9 ? 'a normal voice' : 'a loud voice',
    yourLevel: 'You, now. The mark is about where it begins to listen.',
    bargeIn: 'Speaking over the agent',
    quick: 'Stop the agent as soon as I speak',
    quickHint: 'This computer listens for your voice itself and does not wait for the server. A cough only makes the agent quieter.',
    talkKey: 'Talk key',
    hold: 'Hold to talk',
    holdHint: 'You talk while the key or the button is down.',
    toggle: 'Press to talk, press again when done',
    toggleHint: 'For those who cannot or do not want to hold a key.',
    idle: 'A quiet line',
    idleWhat: 'When nobody speaks',
    hangUp: 'Warn me, then hang up',
    hangUpHint: 'An open line costs money also while nobody speaks. Practice calls cost nothing and stay open.',
    idleAfter: 'How long it may be quiet',
    minutes: (value: number) => `${value} min`,
    idleCountdown: 'How long the warning stands',
    idleCountdownHint: 'Speaking, typing or Stay keeps the call.',
    seconds: (value: number) => `${value} s`,
    money: 'Money',
    spent: 'Spent, estimated',
    today: 'Today',
    month: 'This month',
    unknown: 'What was spent cannot be read. The history on this computer could not be opened.',
    spentHint: 'By the rates of your backends, which are set with each of them. Deleted calls are counted, too.',
    currency: 'Currency',
    currencyHint: 'A sign or a name, for all backends. Nothing is converted when you change it.',
    cap: 'A daily cap',
    capOn: 'Stop new calls when a day has cost too much',
    capOnHint: 'Warns at four fifths and at the cap. A call that is under way is never cut, and costs on.',
    capAmount: 'Cap for one day',
    capHint: 'A day is midnight to midnight on this computer.',
  },

  backends: {
    title: 'Backends',
    lead: 'Start call uses the chosen one.',
    none: 'None yet. Connect one, or import a file.',
    choose: 'Backend that Start call uses',
    edit: 'Edit',
    editOne: (name: string) => `Edit ${name}`,
    copy: 'Duplicate',
    copyOne: (name: string) => `Duplicate ${name}`,
    copied: (secret: boolean) =>
      secret ? 'Duplicated, without its secret: edit the copy to enter one.' : 'Duplicated.',
    delete: 'Delete',
    deleteOne: (name: string) => `Delete ${name}`,
    add: 'Add a backend',
    import: 'Import…',
    imported: (names: readonly string[], secrets: number) =>
      `Imported ${names.map((name) => `“${name}”`).join(', ')}.` +
      (secrets === 0 ? '' : secrets === 1 ? ' One still needs its secret.' : ` ${secrets} still need their secrets.`),
    export: 'Export all…',
    exported: (path: string) => `Exported without secrets to ${path}`,
    secretOpen: 'It asks for no secret.',
  },

  first: {
    title: 'Sidetone',
    tryNow: 'Try it now',
    tryNowHint:
      'No account, no network: an agent on this computer greets you and repeats what you say.',
    connect: 'Connect my backend',
    connectHint: 'The address that hands out tokens.',
    promise: 'Your xAI key stays on your backend. Sidetone never asks for it.',
  },

  ready: {
    title: 'Start a call',
    picker: 'Backend to call',
    tokensFrom: (host: string) => `Tokens from ${host}`,
    secret: secretStates,
    secretMissing: 'The secret was kept only until Sidetone was closed. Enter it again to call.',
    secretNever: 'This backend asks for a secret, and none is stored. Enter it to call.',
    enterSecret: 'Enter secret',
    start: 'Start call',
    starting: 'Starting…',
    tryNow: 'Try it now',
    edit: 'Edit',
    add: 'Add a backend',
  },

  keychain: {
    label: 'Keychain',
    waiting: 'The keychain waits for your answer.',
    waitingHint: 'Its window may be behind this one.',
    thisRunOnly: 'Keep it for this run only',
    doNotWait: 'Do not wait',
    save: saveSecret,
    saveOf: (name: string, back: boolean) => `${saveSecret(back)}: ${name}`,
    asking: 'Asking the keychain…',
  },

  form: {
    titleNew: 'Connect my backend',
    titleEdit: (name: string) => `Edit ${name}`,
    lead: 'Sidetone asks your backend for a short-lived token before every call. Your xAI key stays there.',
    name: 'Name',
    nameHint: 'How this backend is called in Sidetone.',
    tokenUrl: 'Token address',
    tokenUrlHint: 'Where your backend hands out tokens, for example https://voice.example.com/session.',
    method: 'Method',
    caller: 'How the backend knows you',
    callerOpen: 'It asks for nothing',
    callerBearer: 'Bearer secret',
    callerHeader: 'Secret in a header',
    headerName: 'Header name',
    secret: 'Secret',
    secretKeychain: 'Kept in the keychain of this computer.',
    secretStored: {
      keychain: 'One is stored in the keychain. Leave empty to keep it.',
      thisRun: 'One is kept only for this run. Leave empty to keep it.',
    },
    advanced: 'Advanced',
    advancedHint: 'Line, model, voice and instructions',
    realtimeUrl: 'Realtime address',
    realtimeUrlHint: 'Leave it as it is unless your backend names another.',
    model: 'Model',
    auth: 'Token shown as',
    authBearer: 'Bearer header',
    authSubprotocol: 'WebSocket subprotocol',
    voice: 'Voice',
    instructions: 'Instructions',
    instructionsHint: 'What the agent should be like. May stay empty.',
    speaksFirst: 'The agent speaks first',
    speaksFirstHint: 'It greets you as soon as the line is open.',
    proxy: 'Proxy',
    proxyHint: 'Empty: the system’s. Or an address such as http://proxy.example.com:3128, or none.',
    proxyUser: 'User name for the proxy',
    proxyUserHint: 'Leave empty where the proxy asks for none.',
    proxyPassword: 'Password for the proxy',
    extraCa: 'File of extra authorities',
    extraCaHint: 'A PEM file of your company’s certificate authorities, where the system does not know them.',
    perMinute: 'Price of a minute',
    perText: 'Price of a text',
    priceHint: (currency: string) =>
      `In ${currency}, for the estimate. xAI asked $0.08 and $0.004 in October 2026, and $0.05 a minute for grok-voice-think-fast-1.0.`,
    save: 'Save',
    saving: 'Saving…',
    cancel: 'Cancel',
    delete: 'Delete',
    deleteAsk: (name: string) => `Delete ${name} and its secret?`,
    deleteYes: 'Yes, delete',
    deleteNo: 'Keep it',
  },

  checkup: {
    title: 'What was found',
    start: 'Check',
    startOne: (name: string) => `Check ${name}`,
    startPractice: 'Check the practice agent',
    stop: 'Stop checking',
    beginning: 'Checking…',
    running: (step: string, number: number, of: number) => `Checking step ${number} of ${of}: ${step}…`,
    passed: 'It works.',
    took: (ms: number) => `A call would be on the line after ${ms} ms.`,
    stopped: 'Stopped before the end.',
    ms: (ms: number) => `${ms} ms`,
    steps: {
      profile: 'Profile',
      backendName: 'Backend: name',
      backendReached: 'Backend: connection',
      backendTls: 'Backend: encryption',
      backendAnswer: 'Backend: answer',
      tokenFound: 'Token',
      tokenLife: 'Token: life',
      lineName: 'Line: name',
      lineReached: 'Line: connection',
      lineTls: 'Line: encryption',
      lineOpen: 'Line: open',
      sessionCreated: 'Session: model',
      sessionUpdated: 'Session: agreed',
    } satisfies Record<CheckStep, string>,
    states: {
      notTried: '(not tried)',
      trying: '(being tried)',
      passed: '(works)',
      noted: '(works, with a note)',
      failed: '(failed)',
    } satisfies Record<CheckState['state'], string>,
    copy: 'Copy report',
    copied: 'Copied. The report holds no secret.',
    save: 'Save report…',
    saved: (path: string) => `Saved to ${path}`,
  },

  faultsOf: {
    nameMissing: 'Give it a name.',
    nameLong: 'At most 60 characters.',
    urlMissing: 'Enter the address of your backend.',
    urlBroken: 'This is not a complete address. It starts with https:// and names a host.',
    urlScheme: 'Only https:// works here, or http:// to this computer.',
    urlPlain:
      'Plain http would show the token to everyone on the way. Use https://, or http:// to this computer (localhost, 127.0.0.1).',
    urlCredentials: 'Leave name and password out of the address; use the secret below.',
    urlFragment: 'Leave out the part from # on: it never reaches a server.',
    realtimeMissing: 'Enter the realtime address, or wss://api.x.ai/v1/realtime.',
    realtimeBroken: 'This is not a complete address. It starts with wss:// and names a host.',
    realtimeScheme: 'Only wss:// works here, or ws:// to this computer.',
    realtimePlain: 'Plain ws is only for this computer (localhost, 127.0.0.1). Use wss://.',
    headerMissing: 'Name the header that carries the secret, for example X-Api-Key.',
    headerBroken: 'A header name has no spaces, colons or quotes: for example X-Api-Key.',
    headerTaken: 'Sidetone sets this header itself. Choose another.',
    secretMissing: 'Enter the secret that your backend expects.',
    secretBroken: 'A secret has no spaces at its ends and no line breaks.',
    proxyBroken: 'A proxy looks like http://proxy.example.com:3128 or socks5://127.0.0.1:1080. Empty uses the system’s, none uses no proxy.',
    proxyCredentials: 'Leave name and password out of the address; there are fields for them below.',
    proxyUserMissing: 'Enter the user name that belongs to the password.',
    proxyUserBroken: 'A user name for a proxy has no colon.',
    priceBroken: 'A price is a number from 0 to 1000, such as 0.08.',
    currencyBroken: 'One to eight characters without digits, such as $ or EUR.',
    capBroken: 'A cap is a number above 0 and at most a million, such as 5 or 2.50.',
    modelMissing: 'Enter a model, or grok-voice-latest.',
    xaiKey:
      'That is an xAI API key. Keys belong on your backend, never in an app: Sidetone did not take it.',
  },

  call: {
    title: (name: string) => `Call with ${name}`,
    practiceTitle: 'Practice call',
    controls: 'Call controls',
    you: 'you',
    agent: 'Grok',
    practiceAgent: 'agent',
    tool: 'tool',
    mute: 'Mute',
    unmute: 'Unmute',
    release: 'Release microphone',
    released: 'microphone released',
    goOn: 'Continue',
    goOnHint: 'No words came. Let the agent continue where it stopped',
    hush: 'Silence the agent',
    unhush: 'Hear the agent',
    hushed: 'speaker off',
    chooseAnother: 'Choose another',
    raiseCap: 'Raise the cap',
    useOther: (name: string) => `Use ${name}`,
    talk: { hold: 'Hold to talk', toggle: 'Press to talk' },
    talking: 'Talking',
    voiceFrom: (dbfs: number) => `your level; the mark is about where the agent begins to listen (${Math.round(dbfs)} dBFS)`,
    type: 'Type',
    typeLabel: 'Your message',
    typePlaceholder: 'Type instead of speaking',
    send: 'Send',
    closeTyping: 'Close typing',
    end: 'End',
    sound: 'Sound',
    microphone: 'Microphone',
    speaker: 'Speaker',
    noMicrophone: 'Microphone not open',
    noSpeaker: 'Speaker not open',
    closed: 'closed',
    turns: 'Push to talk',
    turnsHint: 'You decide when your turn ends',
    free: 'free',
    elapsed: 'time on the line',
    step: (step: Step, practice: boolean) => (practice ? practiceSteps : steps)[step],
    retryIn: (seconds: number) => (seconds > 0 ? `next try in ${seconds} s` : 'trying now…'),
    attempt: (attempt: number) => `(${attempt})`,
    yourLevel: 'You',
    agentLevel: 'Agent',
  },

  cost: {
    word: 'estimate',
    hint: 'What it rests on is in the details (D)',
    practice: 'A practice call costs nothing: nobody but this computer is on the line.',
    time: (time: string, rate: string) => `${time} at ${rate} a minute`,
    texts: (count: number, rate: string) => `${count} ${count === 1 ? 'text' : 'texts'} at ${rate}`,
    estimated: (counted: readonly string[]) => `Estimated from ${counted.join(' and ')}.`,
    sound: (seconds: number) => `${seconds} s of sound`,
    tokens: (count: string) => `${count} tokens`,
    reported: (parts: readonly string[]) => `The service reported ${parts.join(' and ')}.`,
    unreported: 'The service itself has reported nothing.',
  },

  quiet: {
    label: 'The line is quiet',
    message: (ms: number) => `Nobody has said anything for ${span(ms)}.`,
    left: (seconds: number) => `The call ends in ${seconds} s.`,
    stay: 'Stay',
  },

  details: {
    title: 'Details',
    none: '–',
    ms: (value: number, digits: number) => `${value.toFixed(digits)} ms`,
    answer: 'Your last word to its first',
    wireToEar: 'Line to your ear',
    voiceToWire: 'Your voice to the line',
    reduced: 'Echo taken out',
    delay: 'Echo delay',
    hints: {
      answer: 'From the end of your speech until you hear the reply, with the pause that the agent waits',
      wireToEar: 'From the first sound of a reply on the line until you hear it, with the delay of the loudspeaker',
      voiceToWire: 'From the microphone until the sound has left for the network, beyond the 20 ms of a piece',
      reduced: 'By how much the echo of the loudspeaker is made quieter in what is sent',
      delay: 'From the loudspeaker to the microphone',
    },
  },

  captions: {
    label: 'Captions',
    empty: 'What is said appears here.',
    now: 'now',
    toNow: 'Jump to now',
    cut: 'cut',
    cutShow: 'interrupted here; show what was not heard',
    cutHide: 'interrupted here; hide what was not heard',
    unheard: 'not heard:',
    typed: 'typed',
    said: (who: string, text: string) => `${who}: ${text}`,
  },

  ended: {
    reason: endingOf,
    lasted: 'Duration',
    cost: 'Cost',
    estimate: 'Cost, estimated',
    newCall: 'New call',
    close: 'Close',
    copy: 'Copy text',
    copied: 'Copied',
    editBackend: 'Edit this backend',
    keeping: {
      writing: 'The last words are being kept…',
      kept: 'Kept on this computer.',
      unkept: 'Not all of this call is kept.',
      deleted: 'Deleted from this computer.',
    },
    kept: 'What was kept of this call',
    export: 'Export',
    exporting: 'Exporting…',
    exported: (path: string) => `Exported to ${path}`,
    delete: 'Delete',
    deleteAsk: 'Delete this call from this computer? It cannot be brought back.',
    deleteYes: 'Yes, delete',
    deleteNo: 'Keep it',
  },

  check: {
    title: 'Sound check',
    lead: 'Try the microphone and the loudspeaker before you call. Nothing leaves this computer.',
    start: { voice: 'Record a sentence', tone: 'Play the tone', echo: 'Measure the echo' },
    again: 'Once more',
    stop: 'Stop',
    names: { voice: 'Your voice', tone: 'Loudspeaker', echo: 'Echo' },
    hints: {
      voice: 'Say a sentence as you would in a call. You hear it back.',
      tone: 'A tone for a second and a half. If you hear it, the loudspeaker works.',
      echo: 'Be quiet for half a minute: speech is played twice, first as it is, then with echo cancellation.',
    },
    steps: {
      openingDevices: 'Opening the devices…',
      recording: 'Say a sentence now.',
      playingBack: 'This is what was heard.',
      playingTone: 'Playing the tone…',
      measuringEcho: 'Please be quiet: measuring the echo…',
      measuringRest: 'Please be quiet: measuring what is left of it…',
    },
    you: 'Microphone',
    speaker: 'Loudspeaker',
    devices: 'Devices',
    inCall: 'A call has the devices. End it to check the sound.',
    copy: 'Copy report',
    copied: 'Copied',
    save: 'Save report…',
    saved: (path: string) => `Saved to ${path}`,
    verdicts: {
      fine: 'Good',
      fair: 'Usable',
      poor: 'Not good',
    },
    voice: {
      fine: 'Your voice comes in loud and clear.',
      nothing: 'Nothing louder than the room was heard. Is this the right microphone?',
      zeros: 'The microphone gives only digital silence. Is it muted on the headset or by the system?',
      faint: 'Your voice is faint. Go closer, or turn the microphone up in the system’s sound settings.',
      clipped: 'Your voice is too loud for the microphone and gets torn. Turn it down in the system’s sound settings.',
      noisy: 'The room is loud beside your voice. Go closer to the microphone, or use a headset.',
    },
    tone: {
      fine: 'The tone was played to its end. If you did not hear it, turn the system’s volume up or choose another loudspeaker.',
      short: 'The loudspeaker stopped before the tone’s end.',
    },
    echo: {
      none: 'Nothing of the loudspeaker comes back. The agent cannot hear itself.',
      fine: 'What comes back is taken out well. You can talk with the loudspeaker on.',
      fair: 'Most of what comes back is taken out. Turn the loudspeaker down a little if the agent interrupts itself.',
      poor: 'Too much of the loudspeaker comes back. Use headphones, or turn the loudspeaker down.',
    },
    figures: {
      speech: 'Your voice',
      noise: 'The room',
      clipped: 'Samples at the ceiling',
      played: 'Played',
      loop: 'Loudspeaker to microphone',
      echo: 'Echo, beside what is played',
      reduction: 'Taken out, at least',
      device: 'Device',
      format: 'Format',
      callback: 'Largest callback',
      overruns: 'Samples lost on the way in',
      underruns: 'Gaps on the way out',
      dropped: 'Frames not taken in time',
    },
    untried: 'not tried',
    unknown: 'unknown',
    channels: (count: number) => (count === 1 ? 'mono' : `${count} channels`),
  },

  problem: {
    details: 'Details',
    dismiss: 'Dismiss',
    label: (fault: string) => `Trouble: ${fault}`,
    all: 'Troubles',
  },

  keys: {
    title: 'Keys',
    open: 'All keys',
    close: 'Close',
    rows: [
      { keys: ['Space'], does: 'Talk: hold it, or as set' },
      { keys: ['M'], does: 'Mute, unmute' },
      { keys: ['Shift', 'M'], does: 'Mute and release the microphone' },
      { keys: ['D'], does: 'Show or hide the details' },
      { keys: ['C'], does: 'Let the agent continue after a false start' },
      { keys: ['Shift', 'S'], does: 'Silence the agent, or hear it again' },
      { keys: ['S'], does: 'Stay on a quiet line that is about to be ended' },
      { keys: ['Esc'], does: 'Stop the agent speaking, then close what is open' },
      { keys: ['Enter'], does: 'Type a message' },
      { keys: ['mod', 'E'], does: 'End the call' },
      { keys: ['mod', 'N'], does: 'New call' },
      { keys: ['mod', ','], does: 'Settings' },
      { keys: ['?'], does: 'Show or hide this list' },
    ],
  },
} as const;

/** The key that the system uses for commands. */
export const MOD = /Mac/.test(globalThis.navigator?.userAgent ?? '') ? '⌘' : 'Ctrl';
