// Made from the Rust types by tests/it/bindings.rs; do not edit.

export type AppEvent = { "type": "call", event: Event, } | { "type": "callSnapshot", call: Snapshot | null, } | { "type": "keeping", keeping: Keeping, } | { "type": "profiles", profiles: Array<ProfileView>, active: string | null, } | { "type": "keychain", keychain: Keychain, } | { "type": "troubles", troubles: Array<Problem>, } | { "type": "settings", settings: Settings, } | { "type": "spending", spending: Spending | null, } | { "type": "trial", trial: Trial, state: TrialState | null, };

export type AppSnapshot = { version: string, call: Snapshot | null, 
/**
 * What has become of that call's words; absent without a call.
 */
keeping: Keeping | null, profiles: Array<ProfileView>, 
/**
 * The id of the profile that *Start* calls.
 */
active: string | null, keychain: Keychain, settings: Settings, 
/**
 * Absent where it cannot be read.
 */
spending: Spending | null, 
/**
 * What was tried out since the app was started.
 */
trials: Array<TrialView>, 
/**
 * What is wrong beside calls: a file that could not be read at the start, an old secret that is still in
 * the keychain.
 */
troubles: Array<Problem>, };

export type Auth = "bearer" | "subprotocol";

export type Caller = { "kind": "open" } | { "kind": "bearer" } | { "kind": "header", name: string, };

export type CheckLine = { step: CheckStep, state: CheckState, };

export type CheckState = { "state": "notTried" } | { "state": "trying" } | { "state": "passed", found: string, tookMs: number, } | { "state": "noted", problem: Problem, tookMs: number, } | { "state": "failed", problem: Problem, tookMs: number, };

export type CheckStep = "profile" | "backendName" | "backendReached" | "backendTls" | "backendAnswer" | "tokenFound" | "tokenLife" | "lineName" | "lineReached" | "lineTls" | "lineOpen" | "sessionCreated" | "sessionUpdated";

export type CheckTarget = { "kind": "practice" } | { "kind": "profile", draft: ProfileDraft, };

export type Checkup = { lines: Array<CheckLine>, 
/**
 * The same as plain text, once it is over.
 */
report?: string, };

export type Clock = { 
/**
 * Milliseconds since the line was ready, standing still once ended.
 */
elapsedMs: number, 
/**
 * Absent when the call costs nothing.
 */
cost?: Cost, };

export type Controls = { mute: Mute, turns: Turns, 
/**
 * Nothing of the agent is heard. Apart from the volume.
 */
hushed: boolean, 
/**
 * The talk key is held.
 */
talking: boolean, 
/**
 * How loud a sound must be to count as a voice, in dBFS; about, for xAI does not publish its scale.
 */
voiceFromDbfs: number, 
/**
 * The agent was interrupted by a sound and no words followed: it may be told to continue.
 */
canContinue: boolean, };

export type Cost = { 
/**
 * In the currency of the price.
 */
estimate: number, 
/**
 * What is paid for by the minute, in ms.
 */
billedMs: number, 
/**
 * Text items that this side has created: typed ones, and those that tell the agent what it missed.
 */
texts: number, 
/**
 * What the service has said of it; absent until it does.
 */
reported?: Reported, };

export type DeviceEntry = { 
/**
 * Stable, for [`Settings::microphones`] and [`Settings::speakers`].
 */
id: string, 
/**
 * No two of a list are the same.
 */
name: string, 
/**
 * What the system uses today.
 */
isDefault: boolean, 
/**
 * A Bluetooth headset whose microphone makes it sound like a telephone.
 */
telephone: boolean, };

export type DeviceFormat = { 
/**
 * Stable id, fit for saving.
 */
id: string, 
/**
 * What the system calls the device.
 */
name: string, rateHz: number, channels: number, 
/**
 * cpal's name of the sample format, such as `f32`.
 */
format: string, };

export type DeviceList = { microphones: Array<DeviceEntry>, speakers: Array<DeviceEntry>, };

export type DeviceView = { name?: string, 
/**
 * A stream is open right now.
 */
open: boolean, problem?: Problem, };

export type Direction = "microphone" | "speaker";

export type EchoFigures = { 
/**
 * Echo return loss: by how many dB the echo is quieter at the microphone than at the loudspeaker.
 */
returnLossDb: number | null, 
/**
 * Echo return loss enhancement: by how many dB the canceller has made it quieter still.
 */
enhancementDb: number | null, 
/**
 * From handing a sample to the loudspeaker's device until the microphone's device brings its
 * echo, in ms.
 */
delayMs: number | null, 
/**
 * How likely it is that echo is left in what is sent, 0.0 to 1.0.
 */
residualLikelihood: number | null, 
/**
 * How likely it is that somebody speaks beside the echo, 0.0 to 1.0.
 */
nearLikelihood: number | null, };

export type Ending = { "reason": "byYou" } | { "reason": "byServer", code: number, text: string, problem: Problem, } | { "reason": "quiet", forMs: number, } | { "reason": "failed", problem: Problem, };

export type Event = { "type": "status", status: Status, } | { "type": "controls", controls: Controls, } | { "type": "item", index: number, item: Item, } | { "type": "levels", microphone: number, speaker: number, } | { "type": "device", direction: Direction, device: DeviceView, } | { "type": "clock", clock: Clock, } | { "type": "quiet", quiet: Quiet | null, } | { "type": "notice", problem: Problem, } | { "type": "noticeGone", code: ProblemCode, } | { "type": "model", model: string, } | { "type": "figures", figures: Figures, };

export type Fault = "computer" | "profile" | "backend" | "network" | "xai";

export type Figures = { 
/**
 * From the capture callback that brought the last of a 20 ms frame until the frame was handed to
 * the operating system's socket, in ms: the mean over your turn.
 */
voiceToWireMs: Array<number>, 
/**
 * From the first sound of a reply out of the socket until the ear meets it, the device's own
 * latency included, in ms.
 */
wireToEarMs: Array<number>, 
/**
 * From the end of your speech until the ear meets the reply, in ms.
 */
answerMs: Array<number>, 
/**
 * The canceller's, of this moment.
 */
echo: EchoFigures, };

export type Findings = { outcome: Outcome, 
/**
 * The devices that took part.
 */
microphone: Line | null, speaker: Line | null, 
/**
 * Capture samples lost, playback callbacks that found too few samples, frames not taken in time.
 */
overruns: number, underruns: number, droppedFrames: number, };

export type Idle = { 
/**
 * The quiet is warned about, and then hung up on.
 */
hangUp: boolean, 
/**
 * How long it is quiet before the warning, in s: 60 to 7,200.
 */
afterS: number, 
/**
 * How long the warning stands before the call is hung up, in s: 10 to 300.
 */
countdownS: number, };

export type Imported = { 
/**
 * The names of the new profiles, in the order of the file.
 */
names: Array<string>, 
/**
 * How many of them ask for a secret, which no file holds.
 */
secretsMissing: number, };

export type Item = { 
/**
 * The wire's `item_id`.
 */
id: string, role: Role, text: string, 
/**
 * Still changing: shown lighter.
 */
partial: boolean, 
/**
 * Only set on an interrupted item: `text` ends where the ear stopped, and this is what was
 * never heard.
 */
unheard?: string, 
/**
 * Typed, not spoken.
 */
typed: boolean, 
/**
 * Milliseconds since the call began.
 */
atMs: number, };

export type Keeping = { "state": "writing" } | { "state": "kept" } | { "state": "unkept", problem: Problem, } | { "state": "deleted" };

export type Keychain = { "state": "available" } | { "state": "waiting" } | { "state": "unavailable", why: KeychainTrouble, problem: Problem, };

export type KeychainTrouble = "missing" | "locked" | "denied" | "silent" | "failed";

export type Line = { device: DeviceFormat, 
/**
 * The most samples (per channel) that one callback brought or asked for.
 */
largestCallback: number, };

export type Method = "POST" | "GET";

export type Money = { 
/**
 * Stands with every amount. Only a name: nothing is ever converted. 1 to 8 characters, no digits.
 */
currency: string, 
/**
 * What may be spent on a day before new calls are refused; absent: no cap.
 */
dailyCap: number | null, };

export type Mute = "open" | "soft" | "hard";

export type Outcome = { "kind": "voice", 
/**
 * Whether anything louder than the room was heard.
 */
heard: boolean, 
/**
 * RMS of the loudest third of the sentence and of the room, in dBFS.
 */
speechDbfs: number, noiseDbfs: number, 
/**
 * Samples at full scale.
 */
clipped: number, 
/**
 * Nothing but digital zeros came: muted outside of this app.
 */
zeros: boolean, } | { "kind": "tone", 
/**
 * Milliseconds of the tone that left the loudspeaker.
 */
playedMs: number, } | { "kind": "echo", 
/**
 * From handing a sample over to hearing it again, in ms; absent where no echo was found.
 */
loopMs: number | null, 
/**
 * Level in the microphone over the level played, in dB; absent where no echo was found.
 */
echoDb: number | null, 
/**
 * What the canceller takes off once it has settled, in dB: at least so much, for noise counts
 * as rest. Absent where no echo was found.
 */
reductionDb: number | null, noiseDbfs: number, };

export type Patience = { 
/**
 * How long you may pause before your turn is over, in ms: 0 to 10,000.
 */
silenceMs: number, 
/**
 * How loud speech must be, on the server's scale: 0.1 to 0.9 (xAI realtime guide: default 0.85).
 */
threshold: number, };

export type Price = { 
/**
 * 0 to [`MOST_PRICE`].
 */
perMinute: number, 
/**
 * The same, for each text item that the client creates.
 */
perText: number, };

export type Problem = { 
/**
 * Names the kind; stable, for the window's choice of buttons and for replacing an older notice.
 */
code: ProblemCode, fault: Fault, 
/**
 * What happened and what it means: one sentence.
 */
message: string, 
/**
 * What to do: one sentence.
 */
cure: string, 
/**
 * The raw words behind it, folded away. Never contains a secret.
 */
detail?: string, };

export type ProblemCode = "profile" | "backend" | "backendRefused" | "rateLimited" | "noCredit" | "notAllowed" | "network" | "proxy" | "proxyLogin" | "tls" | "certificateExpired" | "certificateNotYetValid" | "certificateOtherHost" | "certificateUnknown" | "signIn" | "lineRefused" | "lineLost" | "serverClosed" | "idle" | "sessionCap" | "handOver" | "serverPolicy" | "serverFailed" | "serverBusy" | "replyLost" | "sessionRefused" | "serverError" | "wrongModel" | "microphone" | "microphoneDenied" | "speaker" | "microphoneMoved" | "speakerMoved" | "silentMicrophone" | "mutedSpeech" | "telephone" | "dailyCap" | "keychain" | "storage" | "internal";

export type Processing = { 
/**
 * Take the loudspeaker's sound out of it.
 */
echo: boolean, 
/**
 * Suppress steady noise.
 */
noise: boolean, 
/**
 * Bring quiet voices up, gently.
 */
gain: boolean, };

export type Profile = { 
/**
 * Names the profile's secret in the keychain; never shown.
 */
id: string, name: string, 
/**
 * `https`, or `http` to a loopback address.
 */
tokenUrl: string, method: Method, 
/**
 * How the backend knows its callers; the secret itself is kept apart.
 */
caller: Caller, 
/**
 * `wss`, or `ws` to a loopback address.
 */
realtimeUrl: string, model: string, 
/**
 * How the token is shown to the realtime server.
 */
auth: Auth, voice: string, instructions: string, 
/**
 * Ask for a reply as soon as the line is open.
 */
agentSpeaksFirst: boolean, 
/**
 * As [`ProxyChoice::parse`](crate::ProxyChoice::parse) reads it.
 */
proxy: string, 
/**
 * How that proxy knows you; none when empty. The password is kept apart.
 */
proxyUser: string, 
/**
 * A PEM file of certificate authorities trusted beside the system's; none when empty.
 */
extraCa: string, price: Price, };

export type ProfileDraft = { 
/**
 * An empty `id` makes a new profile.
 */
profile: Profile, 
/**
 * `null` keeps the stored secret.
 */
secret: string | null, 
/**
 * The same for the password of the profile's proxy.
 */
proxyPassword: string | null, };

export type ProfileView = { profile: Profile, secret: SecretState, 
/**
 * Where the password for the profile's proxy is.
 */
proxyPassword: SecretState, };

export type Quiet = { 
/**
 * How long it was quiet when this warning came, in ms.
 */
afterMs: number, 
/**
 * In whole seconds.
 */
hangUpInMs: number, };

export type Reported = { 
/**
 * Sound that it says it bills, in s.
 */
audioS: number, tokens: number, };

export type Role = "you" | "agent" | "tool" | "note";

export type SecretState = "none" | "keychain" | "thisRun";

export type Settings = { 
/**
 * Linear gain of the loudspeaker, 0.0 to 1.0.
 */
volume: number, 
/**
 * Who ends your turn when a call begins.
 */
turns: Turns, 
/**
 * Ids of the microphones to use, the best one first; none: whatever the system uses.
 */
microphones: Array<string>, 
/**
 * The same for loudspeakers.
 */
speakers: Array<string>, 
/**
 * How long the agent waits for you, and how loud you must be.
 */
patience: Patience, 
/**
 * A voice that this computer hears interrupts the agent before the server has noticed it.
 */
quickBargeIn: boolean, 
/**
 * How the talk key talks.
 */
talkKey: TalkKey, 
/**
 * What is done to your microphone's sound.
 */
processing: Processing, 
/**
 * What becomes of a line on which nobody speaks.
 */
idle: Idle, 
/**
 * What money is counted in, and what may be spent.
 */
money: Money, };

export type Snapshot = { 
/**
 * Who is on the line: the profile's name.
 */
with: string, 
/**
 * The call is with the practice agent on this computer.
 */
practice: boolean, status: Status, controls: Controls, items: Array<Item>, microphone: DeviceView, speaker: DeviceView, clock: Clock, 
/**
 * What the cost is reckoned by; absent when the call costs nothing.
 */
price?: Price, 
/**
 * Only while the end is being counted down.
 */
quiet: Quiet | null, 
/**
 * Troubles that do not end the call, one per code.
 */
notices: Array<Problem>, figures: Figures, 
/**
 * The model that really answered.
 */
model?: string, };

export type Spending = { today: number, month: number, };

export type Status = { "word": "connecting", step: Step, } | { "word": "listening" } | { "word": "hearingYou" } | { "word": "thinking" } | { "word": "speaking" } | { "word": "usingTool", name: string, } | { "word": "muted", released: boolean, } | { "word": "reconnecting", attempt: number, retryInMs: number, } | { "word": "ended", ending: Ending, };

export type Step = "askingBackend" | "openingLine" | "agreeingSession";

export type TalkKey = "hold" | "toggle";

export type Target = { "kind": "practice" } | { "kind": "profile", id: string, };

export type Trial = "voice" | "tone" | "echo";

export type TrialProgress = { step: TrialStep, 
/**
 * RMS of the last 10 ms, in dBFS.
 */
microphoneDbfs: number, speakerDbfs: number, };

export type TrialState = { "state": "running", progress: TrialProgress, } | { "state": "done", findings: Findings, } | { "state": "failed", problem: Problem, };

export type TrialStep = "openingDevices" | "recording" | "playingBack" | "playingTone" | "measuringEcho" | "measuringRest";

export type TrialView = { trial: Trial, state: TrialState, };

export type Turns = "auto" | "manual";
