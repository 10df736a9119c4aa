export type Direction = "microphone" | "speaker";

export type Step = "askingBackend" | "openingLine" | "agreeingSession";

export type Status = { "word": "connecting", step: Step, } | { "word": "listening" } | { "word": "hearingYou" } | { "word": "thinking" } | { "word": "speaking" } | { "word": "usingTool", name: string, } | { "word": "muted", released: boolean, } | { "word": "reconnecting", attempt: number, retryInMs: number, } | { "word": "ended", ending: Ending, };

export type Ending = { "reason": "byYou" } | { "reason": "byServer", code: number, text: string, } | { "reason": "failed", problem: Problem, };

export type Problem = { code: ProblemCode, fault: Fault, message: string, cure: string, detail?: string, };

export type Fault = "computer" | "profile" | "backend" | "network" | "xai";

export type ProblemCode = "profile" | "backend" | "backendRefused" | "rateLimited" | "network" | "tls" | "lineRefused" | "lineLost" | "sessionRefused" | "serverError" | "wrongModel" | "microphone" | "microphoneDenied" | "speaker" | "keychain" | "storage" | "internal";

export type Item = { id: string, role: Role, text: string, partial: boolean, unheard?: string, typed: boolean, atMs: number, };

export type Role = "you" | "agent" | "tool" | "note";

export type Mute = "open" | "soft" | "hard";

export type Turns = "auto" | "manual";

export type Controls = { mute: Mute, turns: Turns, talking: boolean, };

export type DeviceView = { name?: string, open: boolean, problem?: Problem, };

export type Clock = { elapsedMs: number, estimateUsd?: number, };

export type Snapshot = { with: string, practice: boolean, status: Status, controls: Controls, items: Array<Item>, microphone: DeviceView, speaker: DeviceView, clock: Clock, notices: Array<Problem>, model?: string, };

export type Event = { "type": "status", status: Status, } | { "type": "controls", controls: Controls, } | { "type": "item", index: number, item: Item, } | { "type": "levels", microphone: number, speaker: number, } | { "type": "device", direction: Direction, device: DeviceView, } | { "type": "clock", clock: Clock, } | { "type": "notice", problem: Problem, } | { "type": "noticeGone", code: ProblemCode, } | { "type": "model", model: string, };

export type Profile = { id: string, name: string, tokenUrl: string, method: Method, caller: Caller, realtimeUrl: string, model: string, auth: Auth, voice: string, instructions: string, agentSpeaksFirst: boolean, };

export type Method = "POST" | "GET";

export type Caller = { "kind": "open" } | { "kind": "bearer" } | { "kind": "header", name: string, };

export type Auth = "bearer" | "subprotocol";

export type AppSnapshot = { version: string, call: Snapshot | null, keeping: Keeping | null, profiles: Array<ProfileView>, active: string | null, keychain: Keychain, };

export type Keeping = { "state": "writing" } | { "state": "kept" } | { "state": "unkept", problem: Problem, } | { "state": "deleted" };

export type Keychain = { "state": "available" } | { "state": "unavailable", problem: Problem, };

export type ProfileView = { profile: Profile, secret: SecretState, };

export type SecretState = "none" | "keychain" | "thisRun";

export type AppEvent = { "type": "call", event: Event, } | { "type": "callSnapshot", call: Snapshot | null, } | { "type": "keeping", keeping: Keeping, } | { "type": "profiles", profiles: Array<ProfileView>, active: string | null, } | { "type": "keychain", keychain: Keychain, };

export type Target = { "kind": "practice" } | { "kind": "profile", id: string, };

export type ProfileDraft = { profile: Profile, secret: string | null, };

export type Check = { "outcome": "passed", message: string, tookMs: number, } | { "outcome": "failed", problem: Problem, };
