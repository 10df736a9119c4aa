// Every state, light and dark, wide and narrow: it shows what it should, axe finds nothing, nothing
// breaks the policy, nothing sticks out, and a picture is kept.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Harness, SHOTS } from './harness';
import { STATES } from './scenes';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

/** Axe's findings, one line each. Injected past the policy, which is for pages and not for tests. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (options: object) => Promise<{ violations: Found[] }> } };
    interface Found {
      id: string;
      nodes: { html: string; failureSummary?: string }[];
    }
    const found = await axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`),
    );
  });
}

/** Elements that stick out of the window to the right, or controls smaller than a fingertip. */
function misfits(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wrong: string[] = [];
    const named = (element: Element) => element.outerHTML.slice(0, 90);
    if (document.documentElement.scrollWidth > innerWidth) wrong.push('the page scrolls sideways');
    for (const button of document.querySelectorAll('button, input, select, textarea')) {
      const { left, right, width, height } = button.getBoundingClientRect();
      if (width === 0) continue;
      if (left < 0 || right > innerWidth) wrong.push(`sticks out: ${named(button)}`);
      const small = innerWidth < 640 && button.closest('.controls') !== null && Math.min(width, height) < 44;
      if (small || Math.min(width, height) < 20) wrong.push(`too small: ${named(button)}`);
    }
    return wrong;
  });
}

/** Endless movement never ends; all other has an end, and the picture waits for it. */
async function settle(page: Page): Promise<void> {
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((one) => one.effect?.getComputedTiming().iterations !== Infinity)
        .map((one) => one.finished.catch(() => undefined)),
    ),
  );
  // The eased levels arrive within half a second.
  await page.waitForTimeout(500);
}

describe.each(['wide', 'narrow'] as const)('%s', (size) => {
  test.each(STATES)('$name', async ({ name, query, shows, reach }) => {
    const { page, context, trouble } = await harness.open(query, size);
    await reach?.(page);
    await page.locator(shows).first().waitFor({ state: 'visible' });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await settle(page);
      await page.screenshot({ path: `${SHOTS}${name}-${size}-${colorScheme}.png` });
      expect(await violations(page), colorScheme).toEqual([]);
    }
    expect(await misfits(page)).toEqual([]);
    expect(trouble).toEqual([]);
    await context.close();
  });
});
