import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { fetching } from '../src/lib/fetching';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Answers with one batch after the other, then with nothing. */
function source(...batches: (string[] | Error)[]) {
  return vi.fn(async () => {
    const batch = batches.shift() ?? [];
    if (batch instanceof Error) throw batch;
    return batch;
  });
}

test('one ring fetches until there is nothing more', async () => {
  const fetch = source(['a', 'b'], ['c']);
  const heard: string[] = [];
  fetching(fetch, (news) => heard.push(news))();
  await vi.runAllTimersAsync();
  expect(heard).toEqual(['a', 'b', 'c']);
  expect(fetch).toHaveBeenCalledTimes(3);
});

test('a ring during a fetch looks once more, and never fetches twice at a time', async () => {
  let answer: (news: string[]) => void = () => {};
  const fetch = vi.fn(() => new Promise<string[]>((go) => (answer = go)));
  const heard: string[] = [];
  const ring = fetching(fetch, (news) => heard.push(news));
  ring();
  ring();
  expect(fetch).toHaveBeenCalledTimes(1);
  answer([]);
  await vi.runAllTimersAsync();
  expect(fetch).toHaveBeenCalledTimes(2);
  answer(['late']);
  await vi.runAllTimersAsync();
  expect(heard).toEqual(['late']);
});

test('a fetch that fails is tried again, and nothing is lost', async () => {
  const complaint = vi.spyOn(console, 'error').mockImplementation(() => {});
  const heard: string[] = [];
  fetching(source(['a'], new Error('no'), ['b']), (news) => heard.push(news))();
  await vi.runAllTimersAsync();
  expect(heard).toEqual(['a', 'b']);
  expect(complaint).toHaveBeenCalledTimes(1);
  complaint.mockRestore();
});
