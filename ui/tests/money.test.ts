// The settings of money and the price of a backend, driven the way a person drives them.

import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';

import App from '../src/App.svelte';
import type { AppSnapshot } from '../src/lib/bindings';
import { defaults } from '../src/lib/settings';
import { words } from '../src/lib/words';
import { problem, profile, state } from './states';
import { Stub } from './stub';

async function open(more: Partial<AppSnapshot> = {}) {
  const { levels: _, ...start } = state(null);
  const stub = new Stub({ ...start, ...more });
  render(App, { props: { backend: stub } });
  await screen.findByRole('heading', { level: 1 });
  const user = userEvent.setup();
  return { stub, user };
}

async function settings(more: Partial<AppSnapshot> = {}) {
  const opened = await open(more);
  await opened.user.click(screen.getByTestId('place-settings'));
  return opened;
}

const field = (id: string) => screen.getByTestId(`field-${id}`) as HTMLInputElement;
const text = (id: string) => screen.getByTestId(id).textContent?.trim();
const saved = (stub: Stub) => stub.asked.map(([, given]) => (given as typeof defaults).money);

async function type(user: Awaited<ReturnType<typeof open>>['user'], id: string, said: string) {
  await user.clear(field(id));
  await user.type(field(id), said);
}

test('the sums of the day and the month are there, and follow', async () => {
  const { stub } = await settings({ spending: { today: 1.204, month: 14 } });
  expect([text('spent-today'), text('spent-month')]).toEqual(['≈ $1.20', '≈ $14.00']);
  stub.tell({ type: 'spending', spending: { today: 2, month: 15 } });
  await waitFor(() => expect(text('spent-today')).toBe('≈ $2.00'));
  stub.tell({ type: 'spending', spending: null });
  await waitFor(() => expect(text('spent-unknown')).toBe(words.settings.unknown));
});

test('the currency is kept when its field is left, and stands with every amount', async () => {
  const { stub, user } = await settings({ spending: { today: 1, month: 1 } });
  await type(user, 'currency', ' CHF ');
  expect(stub.asked).toEqual([]);
  await user.tab();
  expect(saved(stub)).toEqual([{ currency: 'CHF', dailyCap: null }]);
  await waitFor(() => expect(text('spent-today')).toBe('≈ 1.00 CHF'));
});

test('what is no currency stays in the field, is not kept, and is said to be wrong', async () => {
  const { stub, user } = await settings();
  await type(user, 'currency', '$5{Enter}');
  expect(text('field-currency-fault')).toBe(words.faultsOf.currencyBroken);
  expect(field('currency').value).toBe('$5');
  expect(stub.asked).toEqual([]);
  await user.type(field('currency'), '{Backspace}{Enter}');
  expect(screen.queryByTestId('field-currency-fault')).toBeNull();
  expect(stub.asked, 'it is what was kept before').toEqual([]);
});

test('the cap is off, is turned on with an amount, and is changed and turned off again', async () => {
  const { stub, user } = await settings();
  expect(screen.queryByTestId('field-dailyCap')).toBeNull();
  await user.click(field('cap-on'));
  await waitFor(() => expect(field('dailyCap').value).toBe('5'));
  await type(user, 'dailyCap', '2,50{Enter}');
  await waitFor(() => expect(saved(stub)).toHaveLength(2));
  await type(user, 'dailyCap', '0{Enter}');
  expect(text('field-dailyCap-fault')).toBe(words.faultsOf.capBroken);
  expect(field('dailyCap').value).toBe('0');
  await type(user, 'dailyCap', '2.50');
  await user.tab();
  await user.click(field('cap-on'));
  await waitFor(() => expect(saved(stub).map(({ dailyCap }) => dailyCap)).toEqual([5, 2.5, null]));
});

test('a cap that the engine refuses stays typed, and the page says why', async () => {
  const { stub, user } = await settings({ settings: { ...defaults, money: { currency: '$', dailyCap: 5 } } });
  stub.refuse = problem('storage', 'The disk is full.');
  await type(user, 'dailyCap', '7{Enter}');
  expect((await screen.findByTestId('problem')).textContent).toContain('The disk is full.');
  expect(field('dailyCap').value).toBe('7');
});

test('a backend has its own price, and what is none is said to be wrong where it is', async () => {
  const mine = { profile: profile({ id: 'a' }), secret: 'none' as const, proxyPassword: 'none' as const };
  const { stub, user } = await open({ profiles: [mine], active: 'a' });
  await user.click(screen.getByTestId('edit-backend'));
  expect([field('perMinute').value, field('perText').value]).toEqual(['0.08', '0.004']);
  await type(user, 'perMinute', 'cheap');
  await user.click(screen.getByTestId('save-profile'));
  expect(text('field-perMinute-fault')).toBe(words.faultsOf.priceBroken);
  await waitFor(() => expect(document.activeElement).toBe(field('perMinute')));
  expect(stub.asked).toEqual([]);
  await type(user, 'perMinute', '0,05');
  await type(user, 'perText', '0');
  await user.click(screen.getByTestId('save-profile'));
  const [, draft] = stub.asked[0] ?? [];
  expect((draft as { profile: unknown }).profile).toMatchObject({ price: { perMinute: 0.05, perText: 0 } });
});
