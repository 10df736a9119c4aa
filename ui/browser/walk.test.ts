// From the first run to the end of a call without a mouse, and what only a real browser can show.

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { Harness } from './harness';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

const id = (name: string) => `[data-testid="${name}"]`;
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? null);

/** Goes on with Tab until the named element has the focus, and sees that it shows. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let steps = 0; steps < 40; steps += 1) {
    if ((await focused(page)) === name) {
      const outline = await page.locator(id(name)).evaluate((element) => getComputedStyle(element).outlineStyle);
      expect(outline, `${name} shows its focus`).not.toBe('none');
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never reaches ${name}; it stands at ${await focused(page)}`);
}

const word = (page: Page, text: string) =>
  page.locator(id('state-word')).filter({ hasText: new RegExp(`^${text}$`) }).waitFor();

test.each(['wide', 'narrow'] as const)('a first call by keyboard alone, %s', async (size) => {
  const { page, context, trouble } = await harness.open('fake=first-run', size);
  await tabTo(page, 'connect-backend');
  await page.keyboard.press('Enter');
  await page.locator('h1').filter({ hasText: 'Connect my backend' }).waitFor();

  await tabTo(page, 'field-name');
  await page.keyboard.type('My backend');
  await tabTo(page, 'field-tokenUrl');
  await page.keyboard.type('https://voice.example.com/session');
  await tabTo(page, 'field-caller');
  await page.keyboard.press('ArrowDown');
  await tabTo(page, 'field-secret');
  await page.keyboard.type('a-caller-secret');
  await tabTo(page, 'test-profile');
  await page.keyboard.press('Enter');
  await page.locator('[data-outcome="passed"]').waitFor();
  await tabTo(page, 'save-profile');
  await page.keyboard.press('Enter');

  await word(page, 'Ready');
  expect(await page.locator(id('secret-state')).textContent()).toContain('keychain');
  await tabTo(page, 'start-call');
  await page.keyboard.press('Enter');

  await word(page, 'Connecting');
  await word(page, 'Listening');
  await page.keyboard.press('m');
  await word(page, 'Muted');
  await page.keyboard.press('Shift+M');
  await page.getByText('microphone released').waitFor();
  await page.keyboard.press('m');
  await page.locator(id('state-word')).filter({ hasNotText: 'Muted' }).waitFor();

  await page.keyboard.down('Space');
  await word(page, 'Hearing you');
  await page.keyboard.up('Space');
  await word(page, 'Speaking');
  await page.locator(id('caption')).filter({ hasText: 'You let go of' }).first().waitFor();
  await page.keyboard.press('Escape');
  await word(page, 'Listening');
  await page.locator(id('cut')).last().waitFor();

  await page.keyboard.press('Enter');
  expect(await focused(page)).toBe('type-input');
  await page.keyboard.type('Mind the m in Space, please');
  await page.keyboard.press('Enter');
  await page.locator(id('caption')).filter({ hasText: 'Mind the m in Space' }).first().waitFor();
  await word(page, 'Speaking');
  await page.keyboard.press('Escape');
  await word(page, 'Listening');
  await page.keyboard.press('Escape');
  await page.locator(id('type-input')).waitFor({ state: 'detached' });

  await page.keyboard.press('?');
  await page.locator(id('keys')).waitFor();
  await page.keyboard.press('Escape');
  await page.locator(id('keys')).waitFor({ state: 'detached' });

  await page.keyboard.press('Control+e');
  await word(page, 'Ended');
  await tabTo(page, 'copy-text');
  await tabTo(page, 'close-call');
  await page.keyboard.press('Enter');
  await word(page, 'Ready');
  expect(trouble).toEqual([]);
  await context.close();
});

test('holding the button with the mouse talks until it is let go, wherever that is', async () => {
  const { page, context } = await harness.open('fake=call&at=2200&speed=0', 'wide');
  await page.locator(id('talk')).hover();
  await page.mouse.down();
  await word(page, 'Hearing you');
  await page.mouse.move(10, 10);
  await word(page, 'Hearing you');
  await page.mouse.up();
  await word(page, 'Thinking');
  await context.close();
});

test('captions stay at the newest line until the reader scrolls up', async () => {
  const { page, context } = await harness.open('fake=call&at=54000&speed=0', 'narrow');
  const captions = page.locator(id('captions'));
  const away = () => captions.evaluate((view) => view.scrollHeight - view.scrollTop - view.clientHeight);
  await expect.poll(away).toBeLessThan(2);
  await captions.hover();
  await page.mouse.wheel(0, -200);
  await page.locator(id('to-now')).waitFor();
  const before = await captions.evaluate((view) => view.scrollTop);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Enter');
  await page.keyboard.type('One more line');
  await page.keyboard.press('Enter');
  await page.locator(id('caption')).filter({ hasText: 'One more line' }).first().waitFor({ state: 'attached' });
  expect(await captions.evaluate((view) => view.scrollTop), 'the reader stays where they read').toBe(before);
  await page.locator(id('to-now')).click();
  await expect.poll(away).toBeLessThan(2);
  await page.locator(id('to-now')).waitFor({ state: 'detached' });
  await context.close();
});

test('the ring follows the level, and rests when nothing changes', async () => {
  const { page, context } = await harness.open('fake=call&at=9100&speed=0', 'wide');
  const level = () =>
    page
      .locator(`${id('presence')} .theirs`)
      .evaluate((node) => Number((node as SVGElement).style.opacity));
  await expect.poll(level).toBeGreaterThan(0.05);
  await page.waitForTimeout(600);
  const frames = await page.evaluate(async () => {
    let asked = 0;
    const real = window.requestAnimationFrame;
    window.requestAnimationFrame = (frame) => {
      asked += 1;
      return real(frame);
    };
    await new Promise((done) => setTimeout(done, 500));
    return asked;
  });
  expect(frames, 'no frame is asked for while nothing changes').toBe(0);
  await context.close();
});

test('under reduced motion nothing moves, and bars show the levels', async () => {
  for (const at of [5800, 9100, 57_500]) {
    const { page, context } = await harness.open(`fake=call&at=${at}&speed=0`, 'wide', 'reduce');
    await page.locator(id('level-bars')).waitFor();
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    const turned = await page.locator(`${id('presence')} circle.inner`).evaluate((ring) => getComputedStyle(ring).transform);
    expect(turned).toBe('none');
    await context.close();
  }
});

test('text twice as large still fits', async () => {
  for (const query of ['fake=first-run', 'fake=ready', 'fake=call&at=33000&speed=0', 'fake=ended']) {
    const { page, context } = await harness.open(query, 'wide');
    await page.evaluate(() => {
      // What a reader's own text size does.
      document.documentElement.style.fontSize = '187.5%';
    });
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(sideways, query).toBeLessThanOrEqual(0);
    const controls = page.locator(`${id('end')}, ${id('start-call')}, ${id('new-call')}, ${id('try-now')}`).first();
    await controls.scrollIntoViewIfNeeded();
    const box = await controls.boundingBox();
    expect(box !== null && box.x >= 0 && box.x + box.width <= 1280 && box.y + box.height <= 800, query).toBe(true);
    await context.close();
  }
});

test('forced colours keep the shapes apart', async () => {
  const { page, context } = await harness.open('fake=call&at=37000&speed=0', 'wide');
  await page.emulateMedia({ forcedColors: 'active' });
  const stroke = (ring: string) =>
    page.locator(`${id('presence')} ${ring}`).evaluate((element) => getComputedStyle(element).stroke);
  expect(await stroke('circle.outer')).toContain('hatch');
  await context.close();
});

test('the policy bites: what it forbids would be seen', async () => {
  const { page, context, trouble } = await harness.open('fake=first-run', 'wide');
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.slipped = true';
    document.body.append(script);
    document.body.insertAdjacentHTML('beforeend', '<p style="color: red">styled in place</p>');
  });
  await expect.poll(() => trouble.length).toBeGreaterThanOrEqual(2);
  expect(await page.evaluate(() => 'slipped' in window)).toBe(false);
  await context.close();
});
