// The settings page, driven the way a person drives it.

import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';

import App from '../src/App.svelte';
import type { AppSnapshot } from '../src/lib/bindings';
import { height } from '../src/lib/levels';
import { rooms } from '../src/lib/patience';
import { defaults } from '../src/lib/settings';
import { points } from '../src/lib/sparkline';
import { words } from '../src/lib/words';
import { call, problem, state } from './states';
import { Stub } from './stub';

async function open(more: Partial<AppSnapshot> = {}) {
  const { levels: _, ...start } = state(null);
  const stub = new Stub({ ...start, ...more });
  render(App, { props: { backend: stub } });
  await screen.findByRole('heading', { level: 1 });
  return { stub, user: userEvent.setup() };
}

const heading = () => screen.getByRole('heading', { level: 1 }).textContent?.trim();
const volume = () => screen.getByTestId('field-volume') as HTMLInputElement;
const slide = (to: number) => fireEvent.input(volume(), { target: { value: String(to) } });

test('the rail leads there and back, and says where one is', async () => {
  const { user } = await open();
  expect(screen.getByTestId('place-call').getAttribute('aria-current')).toBe('page');
  await user.click(screen.getByTestId('place-settings'));
  expect(heading()).toBe(words.settings.title);
  expect(screen.getByTestId('place-settings').getAttribute('aria-current')).toBe('page');
  await waitFor(() => expect(document.activeElement?.tagName).toBe('H1'));
  await user.click(screen.getByTestId('place-call'));
  expect(screen.getByTestId('try-now')).toBeTruthy();
});

test('the key leads there, Esc leads back, and the call goes on meanwhile', async () => {
  const { stub, user } = await open({ call: call() });
  await user.keyboard('{Control>},{/Control}');
  expect(heading()).toBe(words.settings.title);
  stub.say({ type: 'status', status: { word: 'thinking' } });
  await waitFor(() => expect(screen.getByTestId('state-small').textContent).toBe(words.states.thinking));
  await user.keyboard('m');
  expect(stub.asked).toEqual([['setMute', 'soft']]);
  await user.keyboard('{Escape}');
  expect(screen.getByTestId('state-word').textContent).toBe(words.states.thinking);
});

test('a call that begins brings its page', async () => {
  const { stub, user } = await open();
  await user.click(screen.getByTestId('place-settings'));
  stub.tell({ type: 'callSnapshot', call: call() });
  await screen.findByTestId('state-word');
});

test('the volume is saved while it is moved: at once, then only where it came to', async () => {
  const { stub, user } = await open();
  await user.click(screen.getByTestId('place-settings'));
  let answer = () => {};
  stub.busy = new Promise((resolve) => (answer = resolve));
  for (const to of [80, 60, 40]) await slide(to);
  expect(screen.getByTestId('said-volume').textContent).toBe(words.settings.percent(40));
  expect(stub.asked).toHaveLength(1);
  answer();
  await waitFor(() => expect(stub.asked).toHaveLength(2));
  expect(stub.asked).toEqual([
    ['saveSettings', { ...defaults, volume: 0.8 }],
    ['saveSettings', { ...defaults, volume: 0.4 }],
  ]);
});

test('a setting that could not be saved goes back, and the page says why', async () => {
  const { stub, user } = await open();
  await user.click(screen.getByTestId('place-settings'));
  stub.refuse = problem('storage', 'The disk is full.');
  await slide(10);
  expect((await screen.findByTestId('problem')).textContent).toContain('The disk is full.');
  await waitFor(() => expect(volume().value).toBe('100'));
});

test('who ends a turn is chosen', async () => {
  const { stub, user } = await open();
  await user.click(screen.getByTestId('place-settings'));
  expect((screen.getByTestId('field-turns-auto') as HTMLInputElement).checked).toBe(true);
  await user.click(screen.getByTestId('field-turns-manual'));
  expect(stub.asked).toEqual([['saveSettings', { ...defaults, turns: 'manual' }]]);
});

const list = {
  microphones: [
    { id: 'pulseaudio:a', name: 'Built-in', isDefault: true, telephone: false },
    { id: 'pulseaudio:b', name: 'Webcam', isDefault: false, telephone: false },
  ],
  speakers: [],
};
const options = (id: string) => [...screen.getByTestId(id).querySelectorAll('option')].map((one) => one.textContent);

test('a microphone is chosen, those chosen before stay behind it, and the system may choose again', async () => {
  const settings = { ...defaults, microphones: ['pulseaudio:old'] };
  const { stub, user } = await open({ settings });
  stub.list = list;
  await user.click(screen.getByTestId('place-settings'));
  await waitFor(() =>
    expect(options('field-microphone')).toEqual([
      words.devices.system('Built-in'),
      words.devices.absent('old'),
      'Built-in',
      'Webcam',
    ]),
  );
  expect((screen.getByTestId('field-microphone') as HTMLSelectElement).value).toBe('pulseaudio:old');
  await user.selectOptions(screen.getByTestId('field-microphone'), 'Webcam');
  await user.selectOptions(screen.getByTestId('field-microphone'), words.devices.system('Built-in'));
  expect(stub.asked).toEqual([
    ['saveSettings', { ...settings, microphones: ['pulseaudio:b', 'pulseaudio:old'] }],
    ['saveSettings', { ...settings, microphones: [] }],
  ]);
});

test('the list is fresh while somebody looks, and nobody is asked after that', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const { stub } = await open();
  const asks = vi.spyOn(stub, 'devices');
  const click = (id: string) => fireEvent.click(screen.getByTestId(id));
  await click('place-settings');
  await waitFor(() => expect(asks).toHaveBeenCalledTimes(1));
  stub.list = list;
  await vi.advanceTimersByTimeAsync(2_100);
  await waitFor(() => expect(options('field-microphone')).toContain('Webcam'));
  await click('place-call');
  const before = asks.mock.calls.length;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asks).toHaveBeenCalledTimes(before);
  vi.useRealTimers();
});

test('the name in the call is that of the open device, and chooses another', async () => {
  const { stub, user } = await open({ call: call() });
  stub.list = list;
  await user.hover(screen.getByTestId('choose-microphone'));
  await waitFor(() => expect(options('choose-microphone')).toContain('Webcam'));
  expect(screen.getByTestId('microphone-name').textContent).toBe('Mic');
  await user.selectOptions(screen.getByTestId('choose-microphone'), 'Webcam');
  expect(stub.asked).toEqual([['saveSettings', { ...defaults, microphones: ['pulseaudio:b'] }]]);
  expect(screen.getByTestId('microphone-name').textContent, 'until it is really open').toBe('Mic');
});

test('each stage of the processing is switched by itself', async () => {
  const { stub, user } = await open();
  await user.click(screen.getByTestId('place-settings'));
  await user.click(screen.getByTestId('field-processing-noise'));
  expect(stub.asked).toEqual([
    ['saveSettings', { ...defaults, processing: { ...defaults.processing, noise: false } }],
  ]);
});

test('a trouble with a device offers another, in the settings', async () => {
  const { user } = await open({ call: call({ notices: [problem('silentMicrophone', 'Only silence.')] }) });
  await user.click(screen.getByTestId('choose-another'));
  expect(heading()).toBe(words.settings.title);
});

test('a headset in telephone mode offers a microphone that is none', async () => {
  const { stub, user } = await open({ call: call({ notices: [problem('telephone')] }) });
  stub.list = {
    microphones: [
      { id: 'pulseaudio:bluez', name: 'Phones', isDefault: true, telephone: true },
      { id: 'pulseaudio:a', name: 'Built-in', isDefault: false, telephone: false },
    ],
    speakers: [],
  };
  await user.hover(screen.getByTestId('choose-microphone'));
  const use = await screen.findByTestId('use-other');
  expect(use.textContent).toContain('Built-in');
  await user.click(use);
  expect(stub.asked).toEqual([['saveSettings', { ...defaults, microphones: ['pulseaudio:a'] }]]);
});

test('what went wrong at the start is told until it is put away', async () => {
  const { user } = await open({ troubles: [problem('storage', 'Your settings could not be read.')] });
  expect(screen.getByTestId('problem').textContent).toContain('Your settings could not be read.');
  await user.click(screen.getByTestId('dismiss'));
  expect(screen.queryByTestId('problem')).toBeNull();
});

test('a trouble that is put away stays away when it is told again, and another one comes', async () => {
  const old = () => problem('keychain', 'The keychain may still have an old secret.');
  const { stub, user } = await open({ troubles: [old()] });
  await user.click(screen.getByTestId('dismiss'));
  stub.tell({ type: 'troubles', troubles: [old(), problem('keychain', 'The keychain may still have 2.')] });
  await waitFor(() => expect(screen.getByTestId('problem').textContent).toContain('still have 2.'));
  expect(screen.getAllByTestId('problem')).toHaveLength(1);
  stub.tell({ type: 'troubles', troubles: [] });
  await waitFor(() => expect(screen.queryByTestId('problem')).toBeNull());
});

test('a room sets both sliders, and one that is moved leaves the room', async () => {
  const { stub, user } = await open();
  await user.click(screen.getByTestId('place-settings'));
  expect(screen.getByTestId('room-office').getAttribute('aria-pressed')).toBe('true');
  await user.click(screen.getByTestId('room-noisy'));
  await waitFor(() => expect(screen.getByTestId('room-noisy').getAttribute('aria-pressed')).toBe('true'));
  expect((screen.getByTestId('field-silence') as HTMLInputElement).value).toBe('900');
  await fireEvent.input(screen.getByTestId('field-silence'), { target: { value: '1500' } });
  await waitFor(() => expect(screen.getByTestId('room-noisy').getAttribute('aria-pressed')).toBe('false'));
  expect(stub.asked).toEqual([
    ['saveSettings', { ...defaults, patience: rooms.noisy }],
    ['saveSettings', { ...defaults, patience: { ...rooms.noisy, silenceMs: 1500 } }],
  ]);
});

test('during a call the level is drawn with the mark from which it listens', async () => {
  const { stub, user } = await open({ call: call() });
  const from = () => screen.getByTestId('voice-meter').style.getPropertyValue('--from');
  expect(from()).toBe(height(-37.25).toFixed(3));
  await user.click(screen.getByTestId('place-settings'));
  stub.say({ type: 'controls', controls: { ...call().controls, voiceFromDbfs: -48 } });
  await waitFor(() => expect(from()).toBe(height(-48).toFixed(3)));
});

test('the talk key toggles when it is told to', async () => {
  const { stub, user } = await open({ call: call(), settings: { ...defaults, talkKey: 'toggle' } });
  expect(screen.getByTestId('talk').textContent).toContain(words.call.talk.toggle);
  await user.keyboard(' ');
  expect(stub.asked).toEqual([['talk', true]]);
  stub.say({ type: 'controls', controls: { ...call().controls, talking: true } });
  await user.keyboard(' ');
  expect(stub.asked.at(-1)).toEqual(['talk', false]);
});

test('that a voice stops the agent at once can be switched off', async () => {
  const { stub, user } = await open();
  await user.click(screen.getByTestId('place-settings'));
  await user.click(screen.getByTestId('field-bargeIn-quick'));
  expect(stub.asked).toEqual([['saveSettings', { ...defaults, quickBargeIn: false }]]);
});

test('after a false start the agent is let go on, by button and by key', async () => {
  const { stub, user } = await open({ call: call() });
  expect(screen.queryByTestId('continue')).toBeNull();
  await user.keyboard('c');
  expect(stub.asked).toEqual([]);
  stub.say({ type: 'controls', controls: { ...call().controls, canContinue: true } });
  await user.click(await screen.findByTestId('continue'));
  (document.activeElement as HTMLElement).blur();
  await user.keyboard('c');
  expect(stub.asked).toEqual([['continueReply'], ['continueReply']]);
  stub.say({ type: 'controls', controls: call().controls });
  await waitFor(() => expect(screen.queryByTestId('continue')).toBeNull());
});

test('the details show the newest turn, the turns before it as a line, and what is not known', async () => {
  const { stub, user } = await open({ call: call() });
  await user.keyboard('d');
  expect(screen.getByTestId('figure-answer').textContent).toContain(words.details.none);
  const { figures } = call();
  const answerMs = [900, 1200];
  stub.say({ type: 'figures', figures: { ...figures, answerMs, echo: { ...figures.echo, enhancementDb: 31.4 } } });
  await waitFor(() => expect(screen.getByTestId('figure-answer').textContent).toContain('1200 ms'));
  expect(screen.getByTestId('figure-answer').querySelector('polyline')?.getAttribute('points')).toBe(points(answerMs));
  expect(screen.getByTestId('figure-reduced').textContent).toContain('31 dB');
  await user.keyboard('{Escape}');
  expect(screen.queryByTestId('details')).toBeNull();
});

test('a line of figures rises to its largest and never leaves its place', () => {
  expect(points([50, 100])).toBe('0.0,12.0 96.0,0.0');
  expect(points([0, 0])).toBe('0.0,24.0 96.0,24.0');
});

test('how long it may be quiet is set in minutes, and off hides the rest', async () => {
  const { stub, user } = await open();
  await user.click(screen.getByTestId('place-settings'));
  await fireEvent.input(screen.getByTestId('field-idleAfter'), { target: { value: '10' } });
  await waitFor(() => expect(screen.getByTestId('said-idleAfter').textContent).toBe('10 min'));
  await fireEvent.input(screen.getByTestId('field-idleCountdown'), { target: { value: '60' } });
  await user.click(screen.getByTestId('field-idle-hangUp'));
  await waitFor(() => expect(screen.queryByTestId('field-idleAfter')).toBeNull());
  expect(stub.asked.at(-1)).toEqual([
    'saveSettings',
    { ...defaults, idle: { hangUp: false, afterS: 600, countdownS: 60 } },
  ]);
});
