// What the profile form checks while you type, in words. The engine checks again.

import { amountIn, typed } from './amount';
import type { Money, Price, Profile, ProfileDraft, SecretState } from './bindings';
import { words } from './words';

const say = words.faultsOf;

export type FieldName =
  | 'name'
  | 'tokenUrl'
  | 'headerName'
  | 'secret'
  | 'realtimeUrl'
  | 'model'
  | 'instructions'
  | 'proxy'
  | 'proxyUser'
  | 'proxyPassword'
  | 'extraCa'
  | keyof Price
  | keyof Money;
export type Faults = Partial<Record<FieldName, string>>;

/** What a text field asks the form that it is part of. */
export interface FieldSource {
  /** What to show under the field now. */
  fault(field: FieldName, text: string): string | undefined;
  typed(field: FieldName): void;
  leave(field: FieldName, text: string): void;
}

/** The price as it is typed. */
export type Rates = Record<keyof Price, string>;

export function ratesOf({ price }: Profile): Rates {
  return { perMinute: typed(price.perMinute), perText: typed(price.perText) };
}

/** As in the engine. */
const MOST_PRICE = 1000;

function rateIn(text: string): number | null {
  const rate = amountIn(text);
  return rate !== null && rate <= MOST_PRICE ? rate : null;
}

export function emptyProfile(): Profile {
  return {
    id: '',
    name: '',
    tokenUrl: '',
    method: 'POST',
    caller: { kind: 'open' },
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
  };
}

/** An API key is `xai-` and then only letters and digits; a short-lived token has more hyphens. */
export function holdsXaiKey(text: string): boolean {
  return /(^|[^\w-])xai-[A-Za-z0-9]{20,}($|[^\w-])/.test(text);
}

/** An empty secret or password keeps the stored one. */
export function draftOf(
  profile: Profile,
  secret: string,
  rates: Rates = ratesOf(profile),
  proxyPassword = '',
): ProfileDraft {
  const proxyUser = isProxyAddress(profile.proxy) ? profile.proxyUser.trim() : '';
  const trimmed: Profile = {
    ...profile,
    name: profile.name.trim(),
    tokenUrl: profile.tokenUrl.trim(),
    realtimeUrl: profile.realtimeUrl.trim(),
    model: profile.model.trim(),
    proxy: profile.proxy.trim(),
    proxyUser,
    extraCa: profile.extraCa.trim(),
    price: {
      perMinute: rateIn(rates.perMinute) ?? profile.price.perMinute,
      perText: rateIn(rates.perText) ?? profile.price.perText,
    },
    caller:
      profile.caller.kind === 'header'
        ? { kind: 'header', name: profile.caller.name.trim() }
        : profile.caller,
  };
  return {
    profile: trimmed,
    secret: profile.caller.kind === 'open' || secret === '' ? null : secret,
    proxyPassword: proxyUser === '' || proxyPassword === '' ? null : proxyPassword,
  };
}

export function faultsIn(
  profile: Profile,
  secret: string,
  stored: SecretState,
  rates: Rates = ratesOf(profile),
  proxyPassword = '',
): Faults {
  const faults: Faults = {};
  const note = (field: FieldName, fault: string | null) => {
    if (fault !== null) faults[field] = fault;
  };
  note('name', nameFault(profile.name.trim()));
  note('tokenUrl', tokenUrlFault(profile.tokenUrl.trim()));
  if (profile.caller.kind === 'header') note('headerName', headerFault(profile.caller.name.trim()));
  if (profile.caller.kind !== 'open') note('secret', secretFault(secret, stored));
  note('realtimeUrl', realtimeUrlFault(profile.realtimeUrl.trim()));
  note('model', keyOr(profile.model, profile.model.trim() === '' ? say.modelMissing : null));
  note('instructions', keyOr(profile.instructions, null));
  note('extraCa', keyOr(profile.extraCa, null));
  note('proxy', proxyFault(profile.proxy.trim()));
  if (isProxyAddress(profile.proxy)) {
    note('proxyUser', proxyUserFault(profile.proxyUser.trim(), proxyPassword));
    note('proxyPassword', keyOr(proxyPassword, null));
  }
  for (const field of ['perMinute', 'perText'] as const) {
    note(field, rateIn(rates[field]) === null ? say.priceBroken : null);
  }
  return faults;
}

function nameFault(name: string): string | null {
  if (name === '') return say.nameMissing;
  return keyOr(name, name.length > 60 ? say.nameLong : null);
}

function tokenUrlFault(text: string): string | null {
  return urlFault(text, 'https:', 'http:', {
    missing: say.urlMissing,
    broken: say.urlBroken,
    scheme: say.urlScheme,
    plain: say.urlPlain,
  });
}

function realtimeUrlFault(text: string): string | null {
  return urlFault(text, 'wss:', 'ws:', {
    missing: say.realtimeMissing,
    broken: say.realtimeBroken,
    scheme: say.realtimeScheme,
    plain: say.realtimePlain,
  });
}

function urlFault(
  text: string,
  safe: string,
  plain: string,
  told: { missing: string; broken: string; scheme: string; plain: string },
): string | null {
  if (text === '') return told.missing;
  if (holdsXaiKey(text)) return say.xaiKey;
  // `URL` forgives a missing `//` and spaces; the engine does not.
  const shaped = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#]+\S*$/i.test(text);
  if (!shaped || !URL.canParse(text)) return told.broken;
  const url = new URL(text);
  if (url.protocol !== safe && url.protocol !== plain) return told.scheme;
  if (url.protocol === plain && !isLoopback(url.hostname)) return told.plain;
  if (url.username !== '' || url.password !== '') return say.urlCredentials;
  return url.hash === '' ? null : say.urlFragment;
}

function proxyFault(text: string): string | null {
  if (text === '' || text.toLowerCase() === 'none') return null;
  if (holdsXaiKey(text)) return say.xaiKey;
  if (!/^(http|socks5h?):\/\/[^\s/?#]+\/?$/i.test(text) || !URL.canParse(text)) return say.proxyBroken;
  return text.includes('@') ? say.proxyCredentials : null;
}

/** Whether the profile names a proxy of its own, rather than the system's or none. */
export function isProxyAddress(proxy: string): boolean {
  const text = proxy.trim();
  return text !== '' && text.toLowerCase() !== 'none';
}

function proxyUserFault(user: string, password: string): string | null {
  if (user === '') return password === '' ? null : say.proxyUserMissing;
  return keyOr(user, /[:\p{Cc}]/u.test(user) ? say.proxyUserBroken : null);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

const OWN_HEADERS = new Set(['host', 'content-length', 'content-type', 'connection', 'transfer-encoding']);

function headerFault(name: string): string | null {
  if (name === '') return say.headerMissing;
  if (holdsXaiKey(name)) return say.xaiKey;
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) return say.headerBroken;
  return OWN_HEADERS.has(name.toLowerCase()) ? say.headerTaken : null;
}

function secretFault(secret: string, stored: SecretState): string | null {
  if (secret === '') return stored === 'none' ? say.secretMissing : null;
  // Here even something much shorter than a key is one: no caller secret looks like this.
  if (/^\s*xai-[A-Za-z0-9]+\s*$/.test(secret)) return say.xaiKey;
  const printable = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(secret);
  return keyOr(secret, printable ? null : say.secretBroken);
}

function keyOr(text: string, other: string | null): string | null {
  return holdsXaiKey(text) ? say.xaiKey : other;
}

/** Half-typed addresses are not scolded until the field is left. */
export function looksUnfinished(text: string): boolean {
  const head = text.trim().toLowerCase();
  return ['https://', 'http://', 'wss://', 'ws://'].some(
    (scheme) => scheme.startsWith(head) || (head.startsWith(scheme) && !/[./:\]]/.test(head.slice(scheme.length))),
  );
}
