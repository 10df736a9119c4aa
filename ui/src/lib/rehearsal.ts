// A made-up sound check for the fake engine.

import type { Findings, Line, Outcome, Trial, TrialProgress, TrialStep } from './bindings';

const STEPS: Record<Trial, TrialStep[]> = {
  voice: ['openingDevices', 'recording', 'playingBack'],
  tone: ['openingDevices', 'playingTone'],
  echo: ['openingDevices', 'measuringEcho', 'measuringRest'],
};

/** What is told of a trial on its way, one every 100 ms. */
export function rehearsal(trial: Trial): TrialProgress[] {
  return STEPS[trial].flatMap((step) =>
    Array.from({ length: step === 'openingDevices' ? 2 : 10 }, (_, number) => ({
      step,
      microphoneDbfs: -34 + (number % 4) * 3,
      speakerDbfs: step === 'recording' ? -96 : -24 - (number % 3) * 2,
    })),
  );
}

const OUTCOMES: Record<Trial, Outcome> = {
  voice: { kind: 'voice', heard: true, speechDbfs: -27.4, noiseDbfs: -61.2, clipped: 0, zeros: false },
  tone: { kind: 'tone', playedMs: 1500 },
  echo: { kind: 'echo', loopMs: 62.4, echoDb: -17.8, reductionDb: 19.6, noiseDbfs: -60.9 },
};

const line = (id: string, name: string): Line => ({
  device: { id, name, rateHz: 48_000, channels: 2, format: 'f32' },
  largestCallback: 480,
});

export function found(trial: Trial): Findings {
  return {
    outcome: OUTCOMES[trial],
    microphone: trial === 'tone' ? null : line('mic', 'Built-in microphone'),
    speaker: line('speaker', 'Built-in loudspeakers'),
    overruns: 0,
    underruns: 0,
    droppedFrames: 0,
  };
}
