// What the sound check makes of its findings.

import { describe, expect, test } from 'vitest';

import type { Findings, Outcome } from '../src/lib/bindings';
import { found } from '../src/lib/rehearsal';
import { lines, measured, report, verdict } from '../src/lib/trials';
import { words } from '../src/lib/words';
import { problem } from './states';

const voice = { kind: 'voice', heard: true, speechDbfs: -25, noiseDbfs: -60, clipped: 0, zeros: false } as const;
const echo = { kind: 'echo', loopMs: 60, echoDb: -12, reductionDb: 30, noiseDbfs: -60 } as const;

describe('verdicts', () => {
  test.each<[Outcome, string, string]>([
    [voice, 'fine', words.check.voice.fine],
    [{ ...voice, zeros: true, heard: false }, 'poor', words.check.voice.zeros],
    [{ ...voice, heard: false }, 'poor', words.check.voice.nothing],
    [{ ...voice, clipped: 400 }, 'poor', words.check.voice.clipped],
    [{ ...voice, speechDbfs: -50, noiseDbfs: -80 }, 'fair', words.check.voice.faint],
    [{ ...voice, noiseDbfs: -35 }, 'fair', words.check.voice.noisy],
    [{ kind: 'tone', playedMs: 1500 }, 'fine', words.check.tone.fine],
    [{ kind: 'tone', playedMs: 300 }, 'poor', words.check.tone.short],
    [echo, 'fine', words.check.echo.fine],
    [{ ...echo, reductionDb: 18 }, 'fair', words.check.echo.fair],
    [{ ...echo, reductionDb: 4 }, 'poor', words.check.echo.poor],
    [{ ...echo, echoDb: -50, reductionDb: 4 }, 'fine', words.check.echo.fine],
    [{ ...echo, loopMs: null, echoDb: null, reductionDb: null }, 'fine', words.check.echo.none],
  ])('%o', (outcome, grade, text) => expect(verdict(outcome)).toEqual({ grade, text }));
});

const figures = (findings: Findings) => [...measured(findings.outcome), ...lines(findings)];

test('no figure is named twice, so that none hides another', () => {
  for (const trial of ['voice', 'tone', 'echo'] as const) {
    const names = figures(found(trial)).map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
  }
});

test('the report holds every verdict, every figure and what failed', () => {
  const failed = problem('microphone', 'There is no microphone.');
  const text = report(
    [
      { trial: 'echo', state: { state: 'done', findings: found('echo') } },
      { trial: 'voice', state: { state: 'failed', problem: { ...failed, detail: 'raw words' } } },
    ],
    '0.1.0',
  );
  expect(text).toContain('Sidetone 0.1.0');
  expect(text).toContain('There is no microphone.\n  raw words');
  expect(text).toContain(`${words.check.names.tone}: not tried`);
  for (const [name, value] of figures(found('echo'))) expect(text).toContain(`  ${name}: ${value}\n`);
});
