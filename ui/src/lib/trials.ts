// What a sound check has found, as a verdict in words and as figures.

import type { Findings, Line, Outcome, Trial, TrialView } from './bindings';
import { words } from './words';

export const TRIALS = ['voice', 'tone', 'echo'] as const satisfies readonly Trial[];

export type Grade = 'fine' | 'fair' | 'poor';

export interface Verdict {
  grade: Grade;
  text: string;
}

/** A voice below this is faint, in dBFS; closer than this to the room it is hard to tell apart, in dB. */
const FAINT = -45;
const CLEAR_OF_NOISE = 15;
/** More samples at the ceiling than now and then. */
const TORN = 20;
const TONE_MS = 1_400;
/** Enough for no echo to be heard, and for little; in dB taken off. */
const FINE_REDUCTION = 25;
const FAIR_REDUCTION = 15;
/** An echo so far below what is played is no trouble even without a canceller, in dB. */
const HARMLESS_ECHO = -45;

export function verdict(outcome: Outcome): Verdict {
  switch (outcome.kind) {
    case 'voice':
      return voice(outcome);
    case 'tone':
      return outcome.playedMs >= TONE_MS
        ? { grade: 'fine', text: words.check.tone.fine }
        : { grade: 'poor', text: words.check.tone.short };
    case 'echo':
      return echo(outcome);
  }
}

function voice(found: Extract<Outcome, { kind: 'voice' }>): Verdict {
  const say = words.check.voice;
  if (found.zeros) return { grade: 'poor', text: say.zeros };
  if (!found.heard) return { grade: 'poor', text: say.nothing };
  if (found.clipped > TORN) return { grade: 'poor', text: say.clipped };
  if (found.speechDbfs < FAINT) return { grade: 'fair', text: say.faint };
  if (found.speechDbfs - found.noiseDbfs < CLEAR_OF_NOISE) return { grade: 'fair', text: say.noisy };
  return { grade: 'fine', text: say.fine };
}

function echo(found: Extract<Outcome, { kind: 'echo' }>): Verdict {
  const say = words.check.echo;
  if (found.echoDb === null || found.reductionDb === null) return { grade: 'fine', text: say.none };
  if (found.reductionDb >= FINE_REDUCTION || found.echoDb < HARMLESS_ECHO) {
    return { grade: 'fine', text: say.fine };
  }
  return found.reductionDb >= FAIR_REDUCTION
    ? { grade: 'fair', text: say.fair }
    : { grade: 'poor', text: say.poor };
}

export type Figure = readonly [name: string, value: string];

const decibels = (value: number, unit: string) => `${value.toFixed(0).replace('-', '−')} ${unit}`;

/** What was found, apart from the devices it was found on. */
export function measured(outcome: Outcome): Figure[] {
  const name = words.check.figures;
  const { unknown } = words.check;
  switch (outcome.kind) {
    case 'voice':
      return [
        [name.speech, decibels(outcome.speechDbfs, 'dBFS')],
        [name.noise, decibels(outcome.noiseDbfs, 'dBFS')],
        [name.clipped, String(outcome.clipped)],
      ];
    case 'tone':
      return [[name.played, `${outcome.playedMs} ms`]];
    case 'echo':
      return [
        [name.loop, outcome.loopMs === null ? unknown : `${outcome.loopMs.toFixed(0)} ms`],
        [name.echo, outcome.echoDb === null ? unknown : decibels(outcome.echoDb, 'dB')],
        [name.reduction, outcome.reductionDb === null ? unknown : decibels(outcome.reductionDb, 'dB')],
        [name.noise, decibels(outcome.noiseDbfs, 'dBFS')],
      ];
  }
}

/** The devices and how they ran. */
export function lines(findings: Findings): Figure[] {
  const { figures: name } = words.check;
  const device = (side: string, line: Line | null): Figure[] =>
    line === null
      ? []
      : [
          [side, line.device.name],
          [
            `${side}: ${name.format}`,
            `${line.device.rateHz} Hz, ${words.check.channels(line.device.channels)}, ${line.device.format}`,
          ],
          [`${side}: ${name.callback}`, `${line.largestCallback} samples`],
        ];
  return [
    ...device(words.check.you, findings.microphone),
    ...device(words.check.speaker, findings.speaker),
    [name.overruns, String(findings.overruns)],
    [name.underruns, String(findings.underruns)],
    [name.dropped, String(findings.droppedFrames)],
  ];
}

/** The whole check as plain text, for a report. */
export function report(trials: TrialView[], version: string): string {
  const parts = TRIALS.map((trial) => {
    const head = words.check.names[trial];
    const state = trials.find((view) => view.trial === trial)?.state;
    switch (state?.state) {
      case 'done': {
        const { grade, text } = verdict(state.findings.outcome);
        const rows = [...measured(state.findings.outcome), ...lines(state.findings)].map(([name, value]) => `  ${name}: ${value}`);
        return [`${head}: ${words.check.verdicts[grade]}. ${text}`, ...rows].join('\n');
      }
      case 'failed': {
        const { message, detail } = state.problem;
        return `${head}: ${message}${detail === undefined ? '' : `\n  ${detail}`}`;
      }
      default:
        return `${head}: ${words.check.untried}`;
    }
  });
  return [`${words.app} ${version}, ${words.check.title}`, ...parts].join('\n\n') + '\n';
}
