// The whole window in a made-up document, driven the way a person drives it.

import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import App from '../src/App.svelte';
import type { AppSnapshot, CheckLine, CheckState, CheckStep, CheckTarget, ProfileDraft, Snapshot } from '../src/lib/bindings';
import { found } from '../src/lib/rehearsal';
import { defaults } from '../src/lib/settings';
import { words } from '../src/lib/words';
import { call, item, problem, profile } from './states';
import { Stub } from './stub';

const bare = (more: Partial<AppSnapshot> = {}): AppSnapshot => ({
  version: '0.1.0',
  call: null,
  keeping: null,
  profiles: [],
  active: null,
  keychain: { state: 'available' },
  settings: defaults,
  spending: null,
  trials: [],
  troubles: [],
  ...more,
});

async function open(start: AppSnapshot): Promise<{ stub: Stub; user: ReturnType<typeof userEvent.setup> }> {
  const stub = new Stub(start);
  render(App, { props: { backend: stub } });
  await screen.findByRole('heading', { level: 1 });
  return { stub, user: userEvent.setup() };
}

const inCall = (more: Partial<Snapshot> = {}) => open(bare({ call: call(more) }));
const text = (id: string) => screen.getByTestId(id).textContent?.trim();

describe('before a call', () => {
  test('two doors and one promise', async () => {
    const { stub, user } = await open(bare());
    expect(screen.getAllByTestId(/try-now|connect-backend/)).toHaveLength(2);
    expect(screen.getByText(words.first.promise)).toBeTruthy();
    await user.click(screen.getByTestId('try-now'));
    expect(stub.asked).toEqual([['startCall', { kind: 'practice' }]]);
  });

  test('Start calls the active profile, and another can be chosen', async () => {
    const none = { secret: 'none', proxyPassword: 'none' } as const;
    const profiles = ['a', 'b'].map((id) => ({ profile: profile({ id, name: id }), ...none }));
    const { stub, user } = await open(bare({ profiles, active: 'a' }));
    await user.click(screen.getByTestId('start-call'));
    await user.selectOptions(screen.getByTestId('profile-picker'), 'b');
    expect(stub.asked).toEqual([
      ['startCall', { kind: 'profile', id: 'a' }],
      ['setActive', 'b'],
    ]);
  });

  test('a refused start says whose fault it is, and can be put away', async () => {
    const { stub, user } = await open(bare());
    stub.refuse = { ...problem('backend', 'It is closed.'), fault: 'backend' };
    await user.click(screen.getByTestId('try-now'));
    const card = await screen.findByTestId('problem');
    expect(card.textContent).toContain(words.faults.backend);
    expect(card.textContent).toContain('It is closed.');
    await user.click(screen.getByTestId('dismiss'));
    expect(screen.queryByTestId('problem')).toBeNull();
  });

  test('a rejection that is no problem is told as one', async () => {
    const { stub, user } = await open(bare());
    stub.refuse = 'command start_call not found';
    await user.click(screen.getByTestId('try-now'));
    expect((await screen.findByTestId('problem')).textContent).toContain('command start_call not found');
  });

  test('a secret that is gone is asked for before the call', async () => {
    const mine = { profile: profile({ id: 'a', caller: { kind: 'bearer' } }), secret: 'none' as const, proxyPassword: 'none' as const };
    await open(bare({ profiles: [mine], active: 'a' }));
    expect(screen.queryByTestId('start-call')).toBeNull();
    expect(screen.getByTestId('enter-secret')).toBeTruthy();
  });

  test('an engine that does not answer is a card, not an empty window', async () => {
    render(App, { props: { backend: new Stub(Promise.reject(new Error('gone'))) } });
    expect((await screen.findByTestId('problem')).textContent).toContain(words.unreachable.message);
  });

  test('events that are faster than the snapshot are not lost', async () => {
    let answer: (snapshot: AppSnapshot) => void = () => {};
    const stub = new Stub(new Promise((resolve) => (answer = resolve)));
    render(App, { props: { backend: stub } });
    await waitFor(() => stub.say({ type: 'status', status: { word: 'thinking' } }));
    answer(bare({ call: call() }));
    await waitFor(() => expect(text('state-word')).toBe('Thinking'));
  });
});

describe('a call', () => {
  test('the live region holds the word and its step, and no countdown', async () => {
    const { stub } = await inCall({ status: { word: 'connecting', step: 'askingBackend' } });
    const region = screen.getByTestId('state-word').closest('[role="status"]');
    expect(region?.textContent).toContain('Connecting');
    expect(region?.textContent).toContain('asking your backend');
    stub.say({ type: 'status', status: { word: 'reconnecting', attempt: 2, retryInMs: 4000 } });
    await waitFor(() => expect(text('state-word')).toBe('Reconnecting'));
    expect(text('retry-in')).toBe(words.call.retryIn(4));
    expect(region?.contains(screen.getByTestId('retry-in'))).toBe(false);
  });

  test('captions: labels, order, lighter while partial, announced once final', async () => {
    const { stub } = await inCall({ items: [item('b', 'It is n', { partial: true })] });
    stub.say({ type: 'item', index: 0, item: item('a', 'What time is it?', { role: 'you' }) });
    await waitFor(() => expect(screen.getAllByTestId('caption')).toHaveLength(2));
    const captions = screen.getAllByTestId('caption');
    expect(captions.map((one) => one.dataset['role'])).toEqual(['you', 'agent']);
    expect(captions[1]?.dataset['partial']).toBe('true');
    expect(text('announcer')).toBe('you: What time is it?');
    stub.say({ type: 'item', index: 1, item: item('b', 'It is nine.') });
    await waitFor(() => expect(text('announcer')).toContain('Grok: It is nine.'));
    expect(screen.getByTestId('captions').getAttribute('aria-live')).toBe('off');
  });

  test('an item is drawn with its first words, or with what was not heard of it', async () => {
    const { stub } = await inCall({ items: [item('a', '', { partial: true })] });
    expect(screen.queryByTestId('caption')).toBeNull();
    expect(screen.getByText(words.captions.empty)).toBeTruthy();
    stub.say({ type: 'item', index: 0, item: item('a', 'It', { partial: true }) });
    await waitFor(() => expect(text('caption-text')).toBe('It'));
    stub.say({ type: 'item', index: 1, item: item('b', '', { unheard: 'never heard' }) });
    await waitFor(() => expect(screen.getAllByTestId('caption')).toHaveLength(2));
  });

  test('what was not heard is shown on demand, struck, and never announced', async () => {
    const { user } = await inCall({ items: [item('a', 'On Sundays', { unheard: ' at ten past eight' })] });
    expect(screen.queryByTestId('unheard')).toBeNull();
    const cut = screen.getByTestId('cut');
    expect(cut.getAttribute('aria-expanded')).toBe('false');
    await user.click(cut);
    expect(screen.getByTestId('unheard').tagName).toBe('S');
    expect(text('unheard')).toBe('at ten past eight');
    expect(text('announcer')).not.toContain('ten past');
  });

  test('a practice call is free and its agent is not called Grok', async () => {
    const { user } = await inCall({ practice: true, items: [item('a', 'Hello')], clock: { elapsedMs: 61_000 } });
    expect([text('timer'), text('cost')]).toEqual(['01:01', 'free']);
    await user.keyboard('d');
    expect(text('cost-basis')).toBe(words.cost.practice);
    expect(screen.getByTestId('caption').textContent).not.toContain('Grok');
  });

  test('an estimate is called one, and says what it rests on', async () => {
    const cost = { estimate: 0.338, billedMs: 252_000, texts: 1, reported: { audioS: 63, tokens: 120 } };
    const { stub, user } = await inCall({ clock: { elapsedMs: 260_000, cost } });
    expect(text('cost')).toBe('≈ $0.34');
    expect(screen.getByTestId('cost').parentElement?.textContent).toContain(words.cost.word);
    await user.keyboard('d');
    expect(text('cost-basis')).toContain('04:12 at $0.08 a minute and 1 text at $0.004');
    expect(text('cost-basis')).toContain('63 s of sound and 120 tokens');
    stub.say({ type: 'status', status: { word: 'ended', ending: { reason: 'byYou' } } });
    await screen.findByTestId('ending');
    expect(text('ended-cost')).toBe('≈ $0.34');
    expect(screen.getByTestId('ended-cost').previousElementSibling?.textContent).toBe(words.ended.estimate);
    expect(text('cost-basis')).toContain('04:12');
  });

  test('the cap is told of in the call, and leads to where it is raised', async () => {
    const settings = { ...defaults, money: { currency: '$', dailyCap: 5 } };
    const stub = new Stub(bare({ call: call(), settings }));
    render(App, { props: { backend: stub } });
    const user = userEvent.setup();
    await screen.findByTestId('state-word');
    stub.say({ type: 'notice', problem: problem('dailyCap', 'About $4.01 has been spent.') });
    const card = await screen.findByTestId('problem');
    expect(card.closest('[aria-live="polite"]')?.textContent).toContain('About $4.01');
    await user.click(screen.getByTestId('raise-cap'));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('field-dailyCap')));
    expect(screen.queryByTestId('raise-cap'), 'one is there already').toBeNull();
  });

  test('mute, release and unmute', async () => {
    const { stub, user } = await inCall();
    await user.keyboard('m');
    stub.say({ type: 'controls', controls: { mute: 'soft', turns: 'auto', hushed: false, talking: false, voiceFromDbfs: -37.25, canContinue: false } });
    stub.say({ type: 'status', status: { word: 'muted', released: false } });
    await user.click(await screen.findByTestId('release-microphone'));
    stub.say({ type: 'controls', controls: { mute: 'hard', turns: 'auto', hushed: false, talking: false, voiceFromDbfs: -37.25, canContinue: false } });
    stub.say({ type: 'status', status: { word: 'muted', released: true } });
    await screen.findByText(words.call.released);
    await user.click(screen.getByTestId('mute'));
    expect(stub.asked).toEqual([
      ['setMute', 'soft'],
      ['setMute', 'hard'],
      ['setMute', 'open'],
    ]);
  });

  test('the speaker is silenced apart from the microphone, and the window says so in words', async () => {
    const { stub, user } = await inCall();
    expect(screen.queryByTestId('hushed')).toBeNull();
    await user.keyboard('{Shift>}S{/Shift}');
    stub.say({ type: 'controls', controls: { ...call().controls, hushed: true } });
    expect((await screen.findByTestId('hushed')).textContent).toContain(words.call.hushed);
    expect(screen.getByTestId('hush').getAttribute('aria-pressed')).toBe('true');
    expect(text('state-word'), 'the microphone is another matter').toBe('Listening');
    await user.click(screen.getByTestId('hush'));
    expect(stub.asked).toEqual([
      ['hushSpeaker', true],
      ['hushSpeaker', false],
    ]);
  });

  test('Space talks while it is held, by itself and on the button, and not in a text field', async () => {
    const { stub, user } = await inCall();
    await user.keyboard('[Space>3/]');
    expect(stub.asked).toEqual([
      ['talk', true],
      ['talk', false],
    ]);
    screen.getByTestId('talk').focus();
    await user.keyboard('[Space>]');
    screen.getByTestId('mute').focus();
    expect(stub.asked.slice(2), 'leaving the button lets go').toEqual([
      ['talk', true],
      ['talk', false],
    ]);
    await user.keyboard('[/Space]');
    const before = stub.asked.filter(([name]) => name === 'talk').length;
    await user.click(screen.getByTestId('type'));
    await user.keyboard('a b');
    expect((screen.getByTestId('type-input') as HTMLInputElement).value).toBe('a b');
    expect(stub.asked.filter(([name]) => name === 'talk')).toHaveLength(before);
  });

  test('the window losing focus lets go', async () => {
    const { stub, user } = await inCall();
    await user.keyboard('[Space>]');
    window.dispatchEvent(new Event('blur'));
    expect(stub.asked.at(-1)).toEqual(['talk', false]);
  });

  test('typing: Enter opens and sends, a refused text comes back, Esc closes', async () => {
    const { stub, user } = await inCall();
    await user.keyboard('{Enter}');
    const input = (await screen.findByTestId('type-input')) as HTMLInputElement;
    expect(document.activeElement).toBe(input);
    await user.keyboard('  Hello {Enter}');
    expect(stub.asked).toEqual([['sendText', 'Hello']]);
    expect(input.value).toBe('');
    stub.refuse = problem('internal');
    await user.keyboard('Again{Enter}');
    await waitFor(() => expect(input.value).toBe('Again'));
    await user.keyboard('{Escape}');
    expect(screen.queryByTestId('type-input')).toBeNull();
  });

  test('a quiet line is counted down on every page, and stays by button, key or typing', async () => {
    const { stub, user } = await inCall();
    await user.keyboard('s');
    expect(stub.asked, 'nothing is in doubt').toEqual([]);
    stub.say({ type: 'quiet', quiet: { afterMs: 90_000, hangUpInMs: 30_000 } });
    const message = await screen.findByTestId('quiet-message');
    expect([message.textContent, text('quiet-left')]).toEqual([
      'Nobody has said anything for 1 min 30 s.',
      words.quiet.left(30),
    ]);
    expect(message.getAttribute('role')).toBe('alert');
    await user.keyboard('{Control>},{/Control}');
    stub.say({ type: 'quiet', quiet: { afterMs: 90_000, hangUpInMs: 29_000 } });
    await waitFor(() => expect(text('quiet-left')).toBe(words.quiet.left(29)));
    expect(message.textContent, 'what is read out does not count').not.toContain('29');
    await user.click(screen.getByTestId('stay'));
    (document.activeElement as HTMLElement).blur();
    await user.keyboard('s{Enter}');
    await user.type(await screen.findByTestId('type-input'), 'o');
    expect(stub.asked).toEqual([['stay'], ['stay'], ['stay']]);
    stub.say({ type: 'quiet', quiet: null });
    await waitFor(() => expect(screen.queryByTestId('quiet')).toBeNull());
    stub.say({ type: 'status', status: { word: 'ended', ending: { reason: 'quiet', forMs: 330_000 } } });
    await waitFor(() => expect(text('ending')).toBe('The call was ended because it was quiet for 5 min 30 s.'));
  });

  test('Esc stops the agent first and closes second', async () => {
    const { stub, user } = await inCall({ status: { word: 'speaking' } });
    await user.keyboard('?');
    expect(screen.getByTestId('keys')).toBeTruthy();
    await user.keyboard('{Escape}');
    expect(stub.asked).toEqual([['interrupt']]);
    expect(screen.getByTestId('keys')).toBeTruthy();
    stub.say({ type: 'status', status: { word: 'listening' } });
    await waitFor(() => expect(text('state-word')).toBe('Listening'));
    await user.keyboard('{Escape}');
    expect(screen.queryByTestId('keys')).toBeNull();
  });

  test('devices: names while open, a notice and a device in one card, dismissed until it changes', async () => {
    const { stub, user } = await inCall({ speaker: { name: 'Phones', open: true } });
    expect([text('microphone-name'), text('speaker-name')]).toEqual(['Mic', 'Phones']);
    const gone = (message: string) =>
      stub.say({ type: 'device', direction: 'speaker', device: { open: false, problem: problem('speaker', message) } });
    gone('Unplugged.');
    await screen.findByText('Unplugged.');
    stub.say({ type: 'notice', problem: problem('speaker', 'Unplugged.') });
    await waitFor(() => expect(screen.getAllByTestId('problem')).toHaveLength(1));
    stub.say({ type: 'noticeGone', code: 'speaker' });
    await user.click(screen.getByTestId('dismiss'));
    expect(screen.queryByTestId('problem')).toBeNull();
    gone('Busy.');
    expect(await screen.findByText('Busy.')).toBeTruthy();
  });

  test('dismissing a notice asks the engine', async () => {
    const { stub, user } = await inCall({ notices: [problem('network')] });
    await user.click(screen.getByTestId('dismiss'));
    expect(stub.asked).toEqual([['dismissNotice', 'network']]);
  });

  test('the end takes the controls away, and leaves the focus at the heading', async () => {
    const { stub, user } = await inCall();
    screen.getByTestId('end').focus();
    await user.keyboard('{Enter}');
    stub.say({ type: 'status', status: { word: 'ended', ending: { reason: 'byYou' } } });
    await waitFor(() => expect(document.activeElement?.tagName).toBe('H1'));
  });

  test('the end: reason, duration, cost, and the same again', async () => {
    const { stub, user } = await inCall({ practice: true, clock: { elapsedMs: 5000 } });
    await user.keyboard('{Control>}e{/Control}');
    expect(stub.asked).toEqual([['endCall']]);
    stub.say({ type: 'status', status: { word: 'ended', ending: { reason: 'byYou' } } });
    await screen.findByTestId('ending');
    expect([text('ending'), text('ended-duration'), text('ended-cost')]).toEqual(['You ended the call.', '00:05', 'free']);
    expect(screen.queryByTestId('mute'), 'no control of a line that is closed').toBeNull();
    await user.click(screen.getByTestId('new-call'));
    await user.click(screen.getByTestId('close-call'));
    expect(stub.asked.slice(1)).toEqual([['startCall', { kind: 'practice' }], ['clearCall']]);
  });
});

describe('the words of a call that is over', () => {
  async function ended(more: Partial<Snapshot> = {}) {
    const opened = await inCall({
      status: { word: 'ended', ending: { reason: 'byYou' } },
      items: [item('a', 'On Sundays')],
      ...more,
    });
    opened.stub.tell({ type: 'keeping', keeping: { state: 'kept' } });
    await waitFor(() => expect(screen.getByTestId('keeping').dataset['keeping']).toBe('kept'));
    return opened;
  }

  test('are kept, and the window says so; a call without words says nothing', async () => {
    await ended();
    expect(text('keeping')).toBe(words.ended.keeping.kept);
    document.body.innerHTML = '';
    await inCall({ status: { word: 'ended', ending: { reason: 'byYou' } }, items: [item('a', '')] });
    expect(screen.queryByTestId('keeping')).toBeNull();
  });

  test('are said to be under way until they are safe, and offer nothing before', async () => {
    await open(
      bare({
        call: call({ status: { word: 'ended', ending: { reason: 'byYou' } }, items: [item('a', 'Hello')] }),
        keeping: { state: 'writing' },
      }),
    );
    expect(text('keeping')).toBe(words.ended.keeping.writing);
    expect(screen.queryByTestId('export-call')).toBeNull();
    expect(screen.queryByTestId('delete-call')).toBeNull();
  });

  test('are exported, and the place is named; choosing none says nothing', async () => {
    const { stub, user } = await ended();
    await user.click(screen.getByTestId('export-call'));
    expect(screen.queryByTestId('exported')).toBeNull();
    stub.exported = '/home/you/call.txt';
    await user.click(screen.getByTestId('export-call'));
    await waitFor(() => expect(text('exported')).toBe(words.ended.exported('/home/you/call.txt')));
    expect(stub.asked).toEqual([['exportCall'], ['exportCall']]);
    stub.refuse = problem('storage', 'The disk is full.');
    await user.click(screen.getByTestId('export-call'));
    expect((await screen.findByTestId('problem')).textContent).toContain('The disk is full.');
  });

  test('are deleted only when asked twice, and then leave the page', async () => {
    const { stub, user } = await ended();
    await user.click(screen.getByTestId('delete-call'));
    expect(document.activeElement).toBe(screen.getByTestId('delete-call-keep'));
    await user.keyboard('{Enter}');
    expect(document.activeElement).toBe(screen.getByTestId('delete-call'));
    expect(stub.asked).toEqual([]);
    await user.click(screen.getByTestId('delete-call'));
    await user.click(screen.getByTestId('delete-call-confirm'));
    expect(stub.asked).toEqual([['deleteCall']]);
    stub.tell({ type: 'keeping', keeping: { state: 'deleted' } });
    await waitFor(() => expect(text('keeping')).toBe(words.ended.keeping.deleted));
    expect(screen.queryByTestId('caption')).toBeNull();
    expect(screen.queryByTestId('copy-text')).toBeNull();
    expect(document.activeElement).toBe(screen.getByTestId('keeping'));
  });

  test('that the disk refuses are a card already in the call', async () => {
    const { stub, user } = await inCall();
    stub.tell({ type: 'keeping', keeping: { state: 'unkept', problem: problem('storage', 'No room.') } });
    await screen.findByText('No room.');
    await user.click(screen.getByTestId('dismiss'));
    expect(screen.queryByTestId('problem')).toBeNull();
  });
});

describe('the profile form', () => {
  async function form(start: AppSnapshot = bare()) {
    const opened = await open(start);
    await opened.user.click(screen.getByTestId(start.profiles.length > 0 ? 'edit-backend' : 'connect-backend'));
    return opened;
  }
  const field = (name: string) => screen.getByTestId(`field-${name}`) as HTMLInputElement;

  test('says what is wrong while you type, in words, and tells no half-typed address off', async () => {
    const { user } = await form();
    await user.type(field('tokenUrl'), 'http://voi');
    expect(screen.queryByTestId('field-tokenUrl-fault')).toBeNull();
    await user.type(field('tokenUrl'), 'ce.example.com');
    expect(text('field-tokenUrl-fault')).toContain(words.faultsOf.urlPlain);
    expect(field('tokenUrl').getAttribute('aria-invalid')).toBe('true');
    await user.clear(field('tokenUrl'));
    await user.type(field('tokenUrl'), 'http://localhost:1/x');
    expect(screen.queryByTestId('field-tokenUrl-fault')).toBeNull();
  });

  test('saves nothing that is wrong, and goes to the first fault', async () => {
    const { stub, user } = await form();
    await user.click(screen.getByTestId('save-profile'));
    expect(text('field-name-fault')).toBe(words.faultsOf.nameMissing);
    expect(document.activeElement).toBe(field('name'));
    expect(stub.asked).toEqual([]);
  });

  test('saves, makes it the active one, and leaves', async () => {
    const { stub, user } = await form();
    await user.type(field('name'), 'Mine');
    await user.type(field('tokenUrl'), 'https://voice.example.com/session');
    await user.selectOptions(field('caller'), 'bearer');
    expect(text('field-secret-hint')).toBe(words.form.secretKeychain);
    await user.type(field('secret'), 'quiet');
    await user.click(screen.getByTestId('save-profile'));
    expect(stub.asked).toMatchObject([
      ['saveProfile', { profile: { id: '', name: 'Mine', caller: { kind: 'bearer' } }, secret: 'quiet' }],
      ['setActive', 'saved-id'],
    ]);
    await screen.findByTestId('connect-backend');
  });

  test('an xAI key is refused when pasted, and explained', async () => {
    const { user } = await form();
    await user.selectOptions(field('caller'), 'bearer');
    field('secret').focus();
    await user.paste(`xai-${'aB3'.repeat(27)}`);
    expect(field('secret').value).toBe('');
    expect(text('field-secret-fault')).toBe(words.faultsOf.xaiKey);
  });

  test('a stored secret stays when the field is left empty', async () => {
    const mine = { profile: profile({ id: 'a', caller: { kind: 'bearer' } }), secret: 'keychain' as const, proxyPassword: 'none' as const };
    const { stub, user } = await form(bare({ profiles: [mine], active: 'a' }));
    expect(text('field-secret-hint')).toBe(words.form.secretStored.keychain);
    await user.click(screen.getByTestId('save-profile'));
    expect(stub.asked[0]).toMatchObject(['saveProfile', { profile: { id: 'a' }, secret: null }]);
  });

  test('a keychain that keeps one waiting can be done without', async () => {
    const { stub, user } = await form();
    await user.type(field('name'), 'Mine');
    await user.type(field('tokenUrl'), 'https://voice.example.com/session');
    await user.selectOptions(field('caller'), 'bearer');
    await user.type(field('secret'), 'quiet');
    let answer = () => {};
    stub.busy = new Promise((done) => (answer = done));
    await user.click(screen.getByTestId('save-profile'));
    expect(screen.queryByTestId('keychain-wait')).toBeNull();
    stub.tell({ type: 'keychain', keychain: { state: 'waiting' } });
    const give = await screen.findByTestId('give-up-keychain');
    expect(give.textContent).toContain(words.keychain.thisRunOnly);
    expect(screen.getByTestId('keychain-wait').closest('[role="status"]')).not.toBeNull();
    await user.click(give);
    expect(stub.asked.at(-1)).toEqual(['giveUpKeychain']);
    stub.tell({ type: 'keychain', keychain: { state: 'unavailable', why: 'locked', problem: problem('keychain') } });
    await waitFor(() => expect(screen.queryByTestId('keychain-wait')).toBeNull());
    answer();
    await screen.findByTestId('connect-backend');
  });

  test('a secret for this run is offered to the keychain, again, and when it is back', async () => {
    const mine = { profile: profile({ id: 'a', caller: { kind: 'bearer' } }), secret: 'thisRun' as const, proxyPassword: 'none' as const };
    const trouble = problem('keychain', 'It is locked.');
    const locked = { state: 'unavailable', why: 'locked', problem: trouble } as const;
    const { stub, user } = await open(bare({ profiles: [mine], active: 'a', keychain: locked }));
    expect(text('secret-state')).toBe(words.ready.secret.thisRun);
    expect(text('keychain-trouble')).toBe('It is locked.');
    const save = screen.getByTestId('save-secret');
    expect(save.textContent?.trim()).toBe(words.keychain.save(false));
    stub.refuse = trouble;
    await user.click(save);
    expect(stub.asked).toEqual([['saveSecret', 'a']]);
    expect(text('problem-message')).toBe('It is locked.');
    stub.tell({ type: 'keychain', keychain: { state: 'available' } });
    await waitFor(() => expect(save.textContent?.trim()).toBe(words.keychain.save(true)));
    await user.click(save);
    stub.tell({ type: 'profiles', profiles: [{ ...mine, secret: 'keychain' }], active: 'a' });
    await waitFor(() => expect(text('secret-state')).toBe(words.ready.secret.keychain));
    expect(screen.queryByTestId('save-secret')).toBeNull();
    expect(screen.queryByTestId('problem')).toBeNull();
  });

  test('a call that waits for the keychain can be had back', async () => {
    const mine = { profile: profile({ id: 'a', caller: { kind: 'bearer' } }), secret: 'keychain' as const, proxyPassword: 'none' as const };
    const { stub, user } = await open(bare({ profiles: [mine], active: 'a', keychain: { state: 'waiting' } }));
    const give = screen.getByTestId('give-up-keychain');
    expect(give.textContent).toContain(words.keychain.doNotWait);
    await user.click(give);
    expect(stub.asked).toEqual([['giveUpKeychain']]);
  });

  test('says so when there is no keychain', async () => {
    const trouble = problem('keychain', 'No keychain here.');
    const { user } = await form(bare({ keychain: { state: 'unavailable', why: 'missing', problem: trouble } }));
    await user.selectOptions(field('caller'), 'bearer');
    expect(text('field-secret-hint')).toContain('No keychain here.');
  });

  const line = (step: CheckStep, state: CheckState): CheckLine => ({ step, state });
  const passed = line('profile', { state: 'passed', found: 'POST', tookMs: 2 });
  const failed = line('backendName', { state: 'failed', problem: problem('network', 'Not found.'), tookMs: 5 });
  const waiting = line('backendReached', { state: 'notTried' });
  const steps = () => screen.getAllByTestId('check-step').map((step) => step.dataset['state']);

  test('a check of what is being typed is told in a live region, and a change puts it away', async () => {
    const { stub, user } = await form();
    await user.type(field('name'), 'Mine');
    await user.type(field('tokenUrl'), 'https://voice.example.com/session');
    stub.checkups = [{ lines: [passed], report: 'All is well.' }];
    await user.click(screen.getByTestId('test-profile'));
    const [asked, target] = stub.asked.at(-1) as [string, CheckTarget];
    expect(asked).toBe('check');
    expect(target.kind === 'profile' && target.draft.profile.name).toBe('Mine');
    const result = screen.getByTestId('test-result');
    expect(result.getAttribute('role')).toBe('status');
    await within(result).findByText('It works.');
    expect(steps()).toEqual(['passed']);
    await user.type(field('name'), '!');
    expect(result.dataset['outcome']).toBe('none');
    expect(screen.queryByTestId('check-steps')).toBeNull();
    stub.checkups = [{ lines: [passed, failed, waiting], report: 'It failed.' }];
    await user.click(screen.getByTestId('test-profile'));
    await within(result).findByText('Not found.');
    expect(steps()).toEqual(['passed', 'failed', 'notTried']);
  });

  test('a check says which step it is at, and can be stopped', async () => {
    const { stub, user } = await form();
    await user.type(field('name'), 'Mine');
    await user.type(field('tokenUrl'), 'https://voice.example.com/session');
    stub.checkups = [{ lines: [passed, line('backendName', { state: 'trying' }), waiting] }];
    stub.checkOver = new Promise(() => {});
    await user.click(screen.getByTestId('test-profile'));
    const result = screen.getByTestId('test-result');
    await within(result).findByText('Checking step 2 of 3: Backend: name…');
    expect(text('test-profile')).toContain('Stop');
    await user.click(screen.getByTestId('test-profile'));
    expect(stub.asked.at(-1)).toEqual(['stopCheck']);
    expect(result.dataset['outcome']).toBe('stopped');
    expect(steps()).toEqual(['passed', 'notTried', 'notTried']);
    expect(screen.queryByTestId('copy-check')).toBeNull();
  });

  test('the report of a check can be saved as text', async () => {
    const { stub, user } = await form();
    await user.type(field('name'), 'Mine');
    await user.type(field('tokenUrl'), 'https://voice.example.com/session');
    stub.checkups = [{ lines: [passed], report: 'All is well.' }];
    stub.exported = '/home/you/check.txt';
    await user.click(screen.getByTestId('test-profile'));
    await user.click(await screen.findByTestId('save-check'));
    expect(stub.asked.at(-1)).toEqual(['saveText', 'Sidetone backend check.txt', 'All is well.']);
    expect(text('check-said')).toContain('/home/you/check.txt');
  });

  test('a note does not stop a backend from working', async () => {
    const { stub, user } = await form();
    await user.type(field('name'), 'Mine');
    await user.type(field('tokenUrl'), 'https://voice.example.com/session');
    const note = line('sessionCreated', { state: 'noted', problem: problem('wrongModel', 'Another.'), tookMs: 1 });
    stub.checkups = [{ lines: [passed, note], report: 'A note.' }];
    await user.click(screen.getByTestId('test-profile'));
    const result = screen.getByTestId('test-result');
    await within(result).findByText('It works.');
    expect(result.dataset['outcome']).toBe('passed');
    within(result).getByText('Another.');
  });

  test('a proxy of its own has a user name and a password that is never shown again', async () => {
    const { stub, user } = await form();
    await user.type(field('name'), 'Mine');
    await user.type(field('tokenUrl'), 'https://voice.example.com/session');
    expect(screen.queryByTestId('field-proxyUser')).toBeNull();
    await user.type(field('proxy'), 'http://proxy.example.com:3128');
    await user.type(field('proxyPassword'), 'word');
    await user.click(screen.getByTestId('save-profile'));
    expect(text('field-proxyUser-fault')).toBe(words.faultsOf.proxyUserMissing);
    await user.type(field('proxyUser'), 'me');
    await user.click(screen.getByTestId('save-profile'));
    const [, draft] = stub.asked.find(([what]) => what === 'saveProfile') as [string, ProfileDraft];
    expect([draft.profile.proxyUser, draft.proxyPassword]).toEqual(['me', 'word']);
  });

  test('deleting asks once more, in place', async () => {
    const mine = { profile: profile({ id: 'a' }), secret: 'none' as const, proxyPassword: 'none' as const };
    const { stub, user } = await form(bare({ profiles: [mine], active: 'a' }));
    await user.click(screen.getByTestId('delete-profile'));
    expect(stub.asked).toEqual([]);
    await user.click(screen.getByTestId('delete-confirm'));
    expect(stub.asked).toEqual([['deleteProfile', 'a']]);
  });
});

describe('the sound check', () => {
  const check = async (more: Partial<AppSnapshot> = {}) => {
    const opened = await open(bare(more));
    await opened.user.click(screen.getByTestId('place-check'));
    return { ...opened, part: within(screen.getByTestId('trial-echo')) };
  };
  const progress = { step: 'measuringEcho', microphoneDbfs: -40, speakerDbfs: -20 } as const;

  test('runs without a call, says how it goes and what it found', async () => {
    const { stub, user, part } = await check();
    await user.click(part.getByTestId('try-echo'));
    expect(stub.asked).toEqual([['tryOut', 'echo']]);
    stub.tell({ type: 'trial', trial: 'echo', state: { state: 'running', progress } });
    expect((await part.findByTestId('trial-step')).textContent).toBe(words.check.steps.measuringEcho);
    await user.click(part.getByTestId('try-echo'));
    expect(stub.asked.at(-1)).toEqual(['stopTrial']);
    stub.tell({ type: 'trial', trial: 'echo', state: { state: 'done', findings: found('echo') } });
    expect((await part.findByTestId('verdict')).dataset.grade).toBe('fair');
    expect(part.getByText('62 ms')).toBeTruthy();
    expect(part.getByTestId('try-echo').textContent).toContain(words.check.again);
  });

  test('a device that does not work is said where it was tried', async () => {
    const { stub, part } = await check();
    const problemOfMine = problem('speaker', 'There is no loudspeaker.');
    stub.tell({ type: 'trial', trial: 'echo', state: { state: 'failed', problem: problemOfMine } });
    expect((await part.findByTestId('problem')).textContent).toContain('There is no loudspeaker.');
  });

  test('waits for the end of a call', async () => {
    const { stub, user, part } = await check({ call: call() });
    expect(screen.getByTestId('check-busy')).toBeTruthy();
    await user.click(part.getByTestId('try-echo'));
    expect(stub.asked).toEqual([]);
  });

  test('leaving the page closes the microphone, and the report can be saved', async () => {
    const { stub, user } = await check();
    stub.exported = '/home/you/check.txt';
    await user.click(screen.getByTestId('save-report'));
    expect(await screen.findByText(words.check.saved('/home/you/check.txt'))).toBeTruthy();
    expect(stub.asked.at(-1)).toEqual(['saveText', 'Sidetone sound check.txt', expect.stringContaining('Echo: not tried')]);
    stub.tell({ type: 'trial', trial: 'echo', state: { state: 'running', progress } });
    await screen.findByTestId('trial-step');
    await user.click(screen.getByTestId('place-call'));
    expect(stub.asked.at(-1)).toEqual(['stopTrial']);
  });
});

describe('the backends in the settings', () => {
  const profiles = ['a', 'b'].map((id) => ({
    profile: profile({ id, name: `Backend ${id}`, caller: { kind: 'bearer' } }),
    secret: 'none' as const,
    proxyPassword: 'none' as const,
  }));
  const settings = async () => {
    const opened = await open(bare({ profiles, active: 'a' }));
    await opened.user.click(screen.getByTestId('place-settings'));
    return opened;
  };

  test('one is chosen, and another is duplicated without its secret', async () => {
    const { stub, user } = await settings();
    const uses = screen.getAllByTestId<HTMLInputElement>('use-profile');
    expect(uses.map((one) => one.checked)).toEqual([true, false]);
    await user.click(uses[1]!);
    await user.click(screen.getAllByTestId('duplicate-profile')[1]!);
    expect(stub.asked).toEqual([
      ['setActive', 'b'],
      ['duplicateProfile', 'b'],
    ]);
    await waitFor(() => expect(text('backends-said')).toBe(words.backends.copied(true)));
  });

  test('deleting asks first', async () => {
    const { stub, user } = await settings();
    await user.click(screen.getAllByTestId('delete-profile')[0]!);
    expect(stub.asked).toEqual([]);
    await user.click(screen.getByTestId('delete-confirm'));
    expect(stub.asked).toEqual([['deleteProfile', 'a']]);
  });

  test('editing shows the form here, and comes back here', async () => {
    const { user } = await settings();
    await user.click(screen.getAllByTestId('edit-profile')[1]!);
    expect(screen.getByRole('heading', { level: 1 }).textContent).toBe(words.form.titleEdit('Backend b'));
    await user.click(screen.getByTestId('cancel-profile'));
    expect(screen.getByTestId('settings-backends')).toBeTruthy();
  });

  test('a file is imported or refused in words, and an export says where it went', async () => {
    const { stub, user } = await settings();
    stub.imported = { names: ['Team'], secretsMissing: 1 };
    await user.click(screen.getByTestId('import-profiles'));
    await waitFor(() => expect(text('backends-said')).toBe(words.backends.imported(['Team'], 1)));
    stub.exported = '/somewhere/backends.json';
    await user.click(screen.getByTestId('export-profiles'));
    await waitFor(() => expect(text('backends-said')).toContain('/somewhere/backends.json'));
    stub.refuse = problem('profile', 'Nothing was imported.');
    await user.click(screen.getByTestId('import-profiles'));
    expect((await screen.findByTestId('problem')).textContent).toContain('Nothing was imported.');
    expect(text('backends-said')).toBe('');
  });
});
