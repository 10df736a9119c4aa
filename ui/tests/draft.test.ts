import { describe, expect, test } from 'vitest';

import type { Caller, Profile, SecretState } from '../src/lib/bindings';
import { draftOf, faultsIn, holdsXaiKey, looksUnfinished, type FieldName } from '../src/lib/draft';
import { words } from '../src/lib/words';
import { profile } from './states';

const say = words.faultsOf;
const KEY = `xai-${'aB3'.repeat(27)}`;
const header = (name: string): Caller => ({ kind: 'header', name });

const fault = (field: FieldName, more: Partial<Profile>, secret = '', stored: SecretState = 'none') =>
  faultsIn(profile(more), secret, stored)[field];

describe('token address', () => {
  test.each([
    ['https://voice.example.com/session', undefined],
    ['  https://voice.example.com/session  ', undefined],
    ['https://xai-proxy.example.com/token?for=xai', undefined],
    ['http://localhost:8787/token', undefined],
    ['http://127.0.0.1/token', undefined],
    ['http://127.8.9.1:1/token', undefined],
    ['http://[::1]:9/token', undefined],
    ['http://voice.localhost/token', undefined],
    ['', say.urlMissing],
    ['voice.example.com', say.urlBroken],
    ['https:voice.example.com', say.urlBroken],
    ['https://', say.urlBroken],
    ['https://a b.example.com', say.urlBroken],
    ['ftp://voice.example.com/', say.urlScheme],
    ['wss://voice.example.com/', say.urlScheme],
    ['http://voice.example.com/', say.urlPlain],
    ['http://localhost.example.com/', say.urlPlain],
    ['http://127.0.0.1.example.com/', say.urlPlain],
    ['http://192.168.1.4/', say.urlPlain],
    ['https://me:pw@voice.example.com/', say.urlCredentials],
    ['https://voice.example.com/#top', say.urlFragment],
    [`https://voice.example.com/?key=${KEY}`, say.xaiKey],
  ])('%s', (tokenUrl, expected) => {
    expect(fault('tokenUrl', { tokenUrl })).toBe(expected);
  });
});

describe('realtime address', () => {
  test.each([
    ['wss://api.x.ai/v1/realtime', undefined],
    ['ws://localhost:9000/', undefined],
    ['', say.realtimeMissing],
    ['api.x.ai', say.realtimeBroken],
    ['https://api.x.ai/v1/realtime', say.realtimeScheme],
    ['ws://api.x.ai/v1/realtime', say.realtimePlain],
  ])('%s', (realtimeUrl, expected) => {
    expect(fault('realtimeUrl', { realtimeUrl })).toBe(expected);
  });
});

describe('header name', () => {
  test.each([
    ['X-Api-Key', undefined],
    ['', say.headerMissing],
    ['X Api', say.headerBroken],
    ['X-Api:', say.headerBroken],
    ['Host', say.headerTaken],
  ])('%s', (name, expected) => {
    expect(fault('headerName', { caller: header(name) }, 'secret')).toBe(expected);
  });
});

describe('secret', () => {
  const bearer: Partial<Profile> = { caller: { kind: 'bearer' } };
  test.each<[string, SecretState, string | undefined]>([
    ['a-secret', 'none', undefined],
    ['two words', 'none', undefined],
    ['', 'none', say.secretMissing],
    ['', 'keychain', undefined],
    ['', 'thisRun', undefined],
    [' edge', 'none', say.secretBroken],
    ['line\nbreak', 'none', say.secretBroken],
    ['schlüssel', 'none', say.secretBroken],
    [KEY, 'none', say.xaiKey],
    ['xai-abcd1234', 'none', say.xaiKey],
    ['xai-realtime-client-secret-abcdef0123456789abcdef', 'none', undefined],
  ])('%j with %s stored', (secret, stored, expected) => {
    expect(fault('secret', bearer, secret, stored)).toBe(expected);
  });
  test('none is asked for', () => expect(fault('secret', {})).toBeUndefined());
});

test.each<[FieldName, Partial<Profile>, string | undefined]>([
  ['name', { name: ' ' }, say.nameMissing],
  ['name', { name: 'x'.repeat(61) }, say.nameLong],
  ['name', { name: KEY }, say.xaiKey],
  ['model', { model: '' }, say.modelMissing],
  ['instructions', { instructions: `Use ${KEY} please` }, say.xaiKey],
  ['instructions', { instructions: 'Be kind.' }, undefined],
  ['extraCa', { extraCa: KEY }, say.xaiKey],
  ['extraCa', { extraCa: '/etc/ssl/xai-office.pem' }, undefined],
  ['proxy', { proxy: `http://proxy.example:3128/${KEY}` }, say.xaiKey],
])('%s of %j', (field, more, expected) => {
  expect(fault(field, more)).toBe(expected);
});

test.each([
  [KEY, true],
  [`Bearer ${KEY}`, true],
  ['xai-proxy', false],
  ['xai-realtime-client-secret-0123456789abcdef0123456789', false],
  ['https://xai-voice.example.com', false],
])('%s holds an xAI key: %s', (text, expected) => {
  expect(holdsXaiKey(text)).toBe(expected);
});

test.each([
  ['', true],
  ['htt', true],
  ['https://', true],
  ['https://voice', true],
  ['https://voice.example.com', false],
  ['http://192.168', false],
  ['voice.example.com', false],
])('%s looks unfinished: %s', (text, expected) => {
  expect(looksUnfinished(text)).toBe(expected);
});

describe('the draft', () => {
  const bearer = profile({ name: ' Mine ', tokenUrl: ' https://a.example/ ', caller: { kind: 'bearer' } });
  test('is trimmed', () => {
    const { profile: sent } = draftOf(bearer, 's');
    expect([sent.name, sent.tokenUrl]).toEqual(['Mine', 'https://a.example/']);
  });
  test('keeps the stored secret when none was typed', () => expect(draftOf(bearer, '').secret).toBeNull());
  test('sends a new one', () => expect(draftOf(bearer, 's').secret).toBe('s'));
  test('sends none to a backend that asks for nothing', () => {
    expect(draftOf(profile(), 'left over').secret).toBeNull();
  });
});

describe('a proxy', () => {
  test.each(['', 'none', 'http://proxy.example.com:3128', 'socks5://127.0.0.1:1080', 'socks5h://[::1]:1080'])(
    '%s is taken',
    (proxy) => expect(fault('proxy', { proxy })).toBeUndefined(),
  );
  test.each(['proxy.example.com', 'https://proxy.example.com', 'http://', 'http://a b', 'ftp://x'])(
    '%s is none',
    (proxy) => expect(fault('proxy', { proxy })).toBe(say.proxyBroken),
  );
  const own = { proxy: 'http://proxy.example.com:3128' };
  test.each([
    ['me', undefined],
    ['DOMAIN\\me', undefined],
    ['', undefined],
    ['me:you', say.proxyUserBroken],
    [KEY, say.xaiKey],
  ])('%s is its user: %s', (proxyUser, expected) => {
    expect(fault('proxyUser', { ...own, proxyUser })).toBe(expected);
  });
  test('a login is kept only for a proxy of the profile', () => {
    const mine = profile({ ...own, proxyUser: ' me ' });
    expect(draftOf(mine, '', undefined, 'word')).toMatchObject({ profile: { proxyUser: 'me' }, proxyPassword: 'word' });
    expect(draftOf(mine, '').proxyPassword).toBeNull();
    const systems = profile({ proxy: 'none', proxyUser: 'me' });
    expect(draftOf(systems, '', undefined, 'word')).toMatchObject({ profile: { proxyUser: '' }, proxyPassword: null });
  });
  test('a password has no place in a profile', () => {
    expect(fault('proxy', { proxy: 'http://me:word@proxy.example.com' })).toBe(say.proxyCredentials);
  });
});
