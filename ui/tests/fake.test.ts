import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { apply, stateOf, type AppState } from '../src/lib/apply';
import { FakeBackend, sceneOf } from '../src/lib/fake';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A fake and the state that its events make, as the window would hold it. */
async function open(query: string): Promise<{ fake: FakeBackend; now: () => AppState }> {
  const fake = new FakeBackend(sceneOf(query));
  let state: AppState | null = null;
  const first = await fake.subscribe((event) => {
    if (state !== null) state = apply(state, event);
  });
  state = stateOf(structuredClone(first));
  return {
    fake,
    now: () => {
      if (state === null) throw new Error('no state');
      return state;
    },
  };
}

test.each([
  ['', { name: 'first-run', atMs: 0, speed: 1 }],
  ['?fake=call&at=1200&speed=0', { name: 'call', atMs: 1200, speed: 0 }],
  ['?fake=nonsense&at=x&speed=-1', { name: 'first-run', atMs: 0, speed: 1 }],
])('the scene of %s', (query, scene) => expect(sceneOf(query)).toEqual(scene));

describe('a recorded call', () => {
  test('jumps to a moment and stands still there', async () => {
    const { now } = await open('?fake=call&at=9100&speed=0');
    expect(now().call?.status.word).toBe('speaking');
    await vi.advanceTimersByTimeAsync(5000);
    expect(now().call?.status.word).toBe('speaking');
  });

  test('passes through its states to the end, and keeps what was cut', async () => {
    const { now } = await open('?fake=call&speed=20');
    const seen = new Set<string>();
    for (let turn = 0; turn < 200; turn += 1) {
      await vi.advanceTimersByTimeAsync(33);
      seen.add(now().call?.status.word ?? 'none');
    }
    expect([...seen].sort()).toEqual(
      ['connecting', 'ended', 'hearingYou', 'listening', 'muted', 'reconnecting', 'speaking', 'thinking', 'usingTool'].sort(),
    );
    expect(now().call?.items[1]).toMatchObject({ partial: false, unheard: expect.stringContaining('every ninety minutes') });
    expect(now().call?.items.every((said) => !said.partial)).toBe(true);
  });

  test('does what the controls say', async () => {
    const { fake, now } = await open('?fake=call&at=2200&speed=0');
    await fake.setMute('soft');
    expect(now().call).toMatchObject({ status: { word: 'muted', released: false }, controls: { mute: 'soft' } });
    await fake.setMute('hard');
    expect(now().call).toMatchObject({ status: { released: true }, microphone: { open: false } });
    await fake.setMute('open');
    expect(now().call).toMatchObject({ status: { word: 'listening' }, microphone: { open: true } });
    await fake.setTurns('manual');
    expect(now().call?.controls.turns).toBe('manual');
    await fake.endCall();
    expect(now().call?.status).toEqual({ word: 'ended', ending: { reason: 'byYou' } });
    await fake.clearCall();
    expect(now().call).toBeNull();
    await expect(fake.endCall()).rejects.toMatchObject({ code: 'internal' });
  });

  test('falls silent when interrupted, and stays cut', async () => {
    const { fake, now } = await open('?fake=call&at=9100');
    await fake.interrupt();
    const cut = now().call?.items.at(-1);
    expect(cut?.unheard).toBeTruthy();
    expect(now().levels.speaker).toBe(-96);
    await vi.advanceTimersByTimeAsync(1000);
    expect(now().call?.items.find(({ id }) => id === cut?.id)).toEqual(cut);
    expect(now().levels.speaker, 'what the recording still plays is not heard').toBe(-96);
  });

  test('answers what is typed', async () => {
    const { fake, now } = await open('?fake=call&at=2200&speed=0');
    await fake.sendText('Hello?');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(now().call?.items.map(({ role, partial }) => [role, partial])).toEqual([
      ['you', false],
      ['agent', false],
    ]);
    expect(now().call?.status.word).toBe('listening');
  });
});

test('a profile is saved where the keychain is, called, and deleted', async () => {
  const { fake, now } = await open('?fake=no-keychain');
  const { profile } = await import('./states');
  const draft = { profile: profile({ name: 'B', caller: { kind: 'bearer' } }), secret: 's', proxyPassword: null };
  const id = await fake.saveProfile(draft);
  expect(now().profiles).toMatchObject([{ profile: { id, name: 'B' }, secret: 'thisRun' }]);
  expect(JSON.stringify(now()), 'a secret never comes back').not.toContain('"s"');
  await expect(fake.saveSecret(id)).rejects.toMatchObject({ code: 'keychain' });
  await fake.giveUpKeychain();
  await fake.saveSecret(id);
  expect(now().profiles[0]?.secret).toBe('keychain');
  await fake.startCall({ kind: 'profile', id });
  expect(now().call?.with).toBe('B');
  await fake.clearCall();
  await fake.deleteProfile(id);
  expect(now()).toMatchObject({ profiles: [], active: null });
});
