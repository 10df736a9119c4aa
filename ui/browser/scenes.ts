// Every state of the window that is looked at, and how to get there.

import type { Page } from 'playwright-core';

export interface PageState {
  name: string;
  query: string;
  /** What must be on screen. */
  shows: string;
  reach?: (page: Page) => Promise<void>;
}

const at = (ms: number) => `fake=call&speed=0&at=${ms}`;
const id = (name: string) => `[data-testid="${name}"]`;
const word = (name: string) => `[data-word="${name}"]`;

async function fillForm(page: Page): Promise<void> {
  await page.locator(id('connect-backend')).click();
  await page.locator(id('field-name')).fill('My backend');
  await page.locator(id('field-tokenUrl')).fill('https://voice.example.com/session');
  await page.locator(id('field-caller')).selectOption('bearer');
  await page.locator(id('field-secret')).fill('a-long-caller-secret');
}

export const STATES: PageState[] = [
  { name: 'first-run', query: 'fake=first-run', shows: id('try-now') },
  {
    name: 'form-empty',
    query: 'fake=first-run',
    shows: id('field-tokenUrl'),
    reach: (page) => page.locator(id('connect-backend')).click(),
  },
  {
    name: 'form-faults',
    query: 'fake=no-keychain',
    shows: id('field-tokenUrl-fault'),
    reach: async (page) => {
      await fillForm(page);
      await page.locator(id('field-name')).fill('');
      await page.locator(id('field-tokenUrl')).fill('http://voice.example.com/session');
      await page.locator(id('save-profile')).click();
    },
  },
  {
    name: 'form-passed',
    query: 'fake=first-run',
    shows: '[data-outcome="passed"]',
    reach: async (page) => {
      await fillForm(page);
      await page.locator(id('test-profile')).click();
    },
  },
  {
    name: 'form-failed',
    query: 'fake=first-run',
    shows: '[data-outcome="failed"]',
    reach: async (page) => {
      await fillForm(page);
      await page.locator(id('field-tokenUrl')).fill('https://broken.example.com/session');
      await page.locator(id('test-profile')).click();
    },
  },
  {
    name: 'form-edit-advanced',
    query: 'fake=ready',
    shows: id('delete-confirm'),
    reach: async (page) => {
      await page.locator(id('edit-backend')).click();
      await page.locator(`${id('advanced')} summary`).click();
      await page.locator(id('delete-profile')).click();
    },
  },
  { name: 'keychain-locked', query: 'fake=keychain-locked', shows: '[data-why="locked"]' },
  {
    name: 'keychain-locked-refused',
    query: 'fake=keychain-locked',
    shows: '[data-code="keychain"]',
    reach: (page) => page.locator(id('save-secret')).click(),
  },
  { name: 'keychain-back', query: 'fake=keychain-back', shows: '[data-back="true"]' },
  { name: 'keychain-waiting', query: 'fake=keychain-waiting', shows: id('give-up-keychain') },
  {
    name: 'keychain-waiting-in-form',
    query: 'fake=keychain-waiting',
    shows: id('give-up-keychain'),
    reach: (page) => page.locator(id('edit-backend')).click(),
  },
  {
    name: 'keychain-back-in-settings',
    query: 'fake=keychain-back',
    shows: id('save-secret'),
    reach: (page) => page.locator(id('place-settings')).click(),
  },
  {
    name: 'form-proxy',
    query: 'fake=ready',
    shows: id('field-proxyPassword'),
    reach: async (page) => {
      await page.locator(id('edit-backend')).click();
      await page.locator(`${id('advanced')} summary`).click();
      await page.locator(id('field-proxy')).fill('http://proxy.example.com:3128');
      await page.locator(id('field-proxyUser')).fill('me');
    },
  },
  { name: 'ready', query: 'fake=ready', shows: word('ready') },
  { name: 'connecting', query: at(900), shows: word('connecting') },
  { name: 'listening', query: at(2200), shows: word('listening') },
  { name: 'hearing-you', query: at(4350), shows: word('hearingYou') },
  { name: 'thinking', query: at(5800), shows: word('thinking') },
  { name: 'speaking', query: at(9100), shows: word('speaking') },
  {
    name: 'interrupted',
    query: at(16800),
    shows: id('unheard'),
    reach: (page) => page.locator(id('cut')).click(),
  },
  { name: 'using-tool', query: at(26000), shows: word('usingTool') },
  { name: 'long', query: at(33000), shows: word('speaking') },
  { name: 'muted', query: at(37000), shows: word('muted') },
  { name: 'released', query: at(40000), shows: word('muted') },
  { name: 'notice', query: at(44500), shows: '[data-code="microphone"]' },
  {
    name: 'typing',
    query: at(34700),
    shows: id('type-input'),
    reach: async (page) => {
      await page.keyboard.press('Enter');
      await page.locator(id('type-input')).fill('And how much is it for two?');
    },
  },
  {
    name: 'details',
    query: at(16800),
    shows: id('figure-answer'),
    reach: (page) => page.keyboard.press('d'),
  },
  { name: 'false-start', query: at(44000), shows: id('continue') },
  { name: 'quiet', query: at(53500), shows: id('stay') },
  {
    name: 'quiet-in-settings',
    query: at(53500),
    shows: id('stay'),
    reach: async (page) => {
      await page.keyboard.press('Control+,');
      await page.locator(id('settings-idle')).scrollIntoViewIfNeeded();
    },
  },
  { name: 'cap-near', query: at(69900), shows: id('raise-cap') },
  { name: 'reconnecting', query: at(57500), shows: word('reconnecting') },
  { name: 'device-problem', query: at(64000), shows: '[data-code="speaker"]' },
  { name: 'ended', query: 'fake=ended', shows: id('export-call') },
  {
    name: 'ended-exported',
    query: 'fake=ended',
    shows: id('exported'),
    reach: (page) => page.locator(id('export-call')).click(),
  },
  {
    name: 'ended-delete',
    query: 'fake=ended',
    shows: id('delete-call-confirm'),
    reach: (page) => page.locator(id('delete-call')).click(),
  },
  {
    name: 'ended-deleted',
    query: 'fake=ended',
    shows: '[data-keeping="deleted"]',
    reach: async (page) => {
      await page.locator(id('delete-call')).click();
      await page.locator(id('delete-call-confirm')).click();
    },
  },
  {
    name: 'sound-check',
    query: 'fake=first-run',
    shows: '[data-grade]',
    reach: async (page) => {
      await page.locator(id('place-check')).click();
      await page.locator(id('try-echo')).click();
    },
  },
  {
    name: 'sound-check-running',
    query: 'fake=first-run',
    shows: id('trial-step'),
    reach: async (page) => {
      await page.locator(id('place-check')).click();
      await page.locator(id('try-voice')).click();
    },
  },
  {
    name: 'settings',
    query: 'fake=ready',
    shows: id('settings-turns'),
    reach: (page) => page.locator(id('place-settings')).click(),
  },
  {
    name: 'settings-money',
    query: 'fake=ready',
    shows: id('field-dailyCap-fault'),
    reach: async (page) => {
      await page.locator(id('place-settings')).click();
      await page.locator(id('field-cap-on')).click();
      await page.locator(id('field-dailyCap')).fill('a lot');
      await page.keyboard.press('Enter');
      await page.locator(id('settings-money')).scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'cap-reached',
    query: 'fake=ready',
    shows: id('raise-cap'),
    reach: async (page) => {
      await page.locator(id('place-settings')).click();
      await page.locator(id('field-cap-on')).click();
      await page.locator(id('field-dailyCap')).fill('1');
      await page.keyboard.press('Enter');
      await page.locator(id('place-call')).click();
      await page.locator(id('start-call')).click();
    },
  },
  {
    name: 'form-price',
    query: 'fake=ready',
    shows: id('field-perMinute-fault'),
    reach: async (page) => {
      await page.locator(id('edit-backend')).click();
      await page.locator(`${id('advanced')} summary`).click();
      await page.locator(id('field-perMinute')).fill('cheap');
      await page.locator(id('field-perText')).focus();
    },
  },
  {
    name: 'backends',
    query: 'fake=ready',
    shows: '[data-said="copied"]',
    reach: async (page) => {
      await page.locator(id('place-settings')).click();
      await page.locator(id('duplicate-profile')).first().click();
    },
  },
  {
    name: 'backends-checked',
    query: 'fake=ready',
    shows: '[data-outcome="passed"]',
    reach: async (page) => {
      await page.locator(id('place-settings')).click();
      await page.locator(id('check-profile')).first().click();
    },
  },
  {
    name: 'backends-delete',
    query: 'fake=ready',
    shows: id('delete-confirm'),
    reach: async (page) => {
      await page.locator(id('place-settings')).click();
      await page.locator(id('delete-profile')).first().click();
    },
  },
  {
    name: 'backends-old-secret',
    query: 'fake=keychain-locked',
    shows: '[data-code="keychain"]',
    reach: async (page) => {
      await page.locator(id('place-settings')).click();
      await page.locator(id('delete-profile')).first().click();
      await page.locator(id('delete-confirm')).click();
    },
  },
  {
    name: 'settings-in-call',
    query: at(16800),
    shows: id('state-small'),
    reach: (page) => page.keyboard.press('Control+,'),
  },
  { name: 'failed', query: 'fake=failed&at=900', shows: id('ended-edit') },
  { name: 'practice', query: 'fake=practice&speed=0&at=15500', shows: word('speaking') },
  {
    name: 'keys',
    query: at(16800),
    shows: id('keys'),
    reach: (page) => page.keyboard.press('?'),
  },
  {
    name: 'sound',
    query: at(16800),
    shows: id('microphone-name'),
    reach: async (page) => {
      const fold = page.locator(id('sound'));
      if (await fold.isVisible()) await fold.click();
    },
  },
];
