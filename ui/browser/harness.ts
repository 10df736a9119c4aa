// A real Chromium on the built pages, served with the policy that the app itself sets.

import { existsSync, mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { preview, type PreviewServer } from 'vite';

/** The app's own policy; `connect-src` stands in for the bridge, which a plain browser has not. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const SHOTS = fileURLToPath(new URL('../../artefacts/ui/', import.meta.url));

const PLACES = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export type Size = 'wide' | 'narrow';

const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 480, height: 640 } };

export interface Opened {
  page: Page;
  context: BrowserContext;
  /** What a sound page never does: errors, warnings, breaches of the policy, going out. */
  trouble: string[];
}

export class Harness {
  readonly origin: string;
  #server: PreviewServer;
  #browser: Browser;

  private constructor(server: PreviewServer, browser: Browser) {
    this.#server = server;
    this.#browser = browser;
    const { port } = server.httpServer.address() as AddressInfo;
    this.origin = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<Harness> {
    const executablePath = PLACES.find((place) => place !== undefined && existsSync(place));
    if (executablePath === undefined) {
      throw new Error('no Chromium was found: install it (Debian: apt install chromium) or name it in $CHROMIUM');
    }
    mkdirSync(SHOTS, { recursive: true });
    const server = await preview({
      root: ROOT,
      preview: { host: '127.0.0.1', port: 0, headers: { 'Content-Security-Policy': POLICY } },
    });
    return new Harness(server, await chromium.launch({ executablePath, args: ARGS }));
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await this.#server.close();
  }

  /** A fresh window on a scene of the fake engine. */
  async open(query: string, size: Size, reducedMotion: 'reduce' | 'no-preference' = 'no-preference'): Promise<Opened> {
    const context = await this.#browser.newContext({ viewport: SIZES[size], colorScheme: 'light', reducedMotion });
    const page = await context.newPage();
    const trouble: string[] = [];
    page.on('console', (said) => {
      if (said.type() === 'error' || said.type() === 'warning') trouble.push(`console: ${said.text()}`);
    });
    page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
    page.on('request', (request) => {
      if (!request.url().startsWith(this.origin)) trouble.push(`went out to ${request.url()}`);
    });
    // The app freezes the prototype, too.
    await page.addInitScript('Object.freeze(Object.prototype)');
    await page.goto(`${this.origin}/?${query}`);
    await page.locator('h1').waitFor({ state: 'attached' });
    return { page, context, trouble };
  }
}
