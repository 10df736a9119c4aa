// A made-up check of a backend for the fake engine.

import type { CheckLine, CheckStep, CheckTarget, Checkup, Problem } from './bindings';

const CERTIFICATE =
  'certificate made out to “voice.example.com”, issued by “An authority”, which this computer trusts; valid until 2027-02-01';

const FOUND: [CheckStep, string, number][] = [
  ['profile', 'POST, with a bearer secret', 0],
  ['backendName', '203.0.113.7, 2001:db8::7', 12],
  ['backendReached', '203.0.113.7:443', 9],
  ['backendTls', CERTIFICATE, 21],
  ['backendAnswer', 'HTTP 200', 143],
  ['tokenFound', 'in “client_secret.value” of the reply', 0],
  ['tokenLife', '300 s, and 30 s are the least', 0],
  ['lineName', '203.0.113.9', 8],
  ['lineReached', '203.0.113.9:443', 10],
  ['lineTls', CERTIFICATE.replace('voice.example.com', '*.x.ai'), 24],
  ['lineOpen', 'the token was accepted in a header', 61],
  ['sessionCreated', 'grok-voice-latest answers, as asked', 18],
  ['sessionUpdated', 'agreed, with sound at 24 kHz', 22],
];

const notAToken: Problem = {
  code: 'rateLimited',
  fault: 'backend',
  message: 'The backend asks to wait (HTTP 429): rate limited. It asks for 32 s.',
  cure: 'Wait that long and try again.',
  detail: 'HTTP 429 Too Many Requests\n{"error":"rate limited","details":"10 per minute"}',
};

/** Everything that is told of a check, in order. A backend called *broken* hands out no token. */
export function checked(target: CheckTarget): Checkup[] {
  const broken = target.kind === 'profile' && target.draft.profile.tokenUrl.includes('broken');
  const told: Checkup[] = [];
  for (let at = 0; at <= FOUND.length; at += 1) {
    const fails = broken && FOUND[at]?.[0] === 'backendAnswer';
    told.push({ lines: FOUND.map(([step, found, tookMs], index) => line(step, found, tookMs, index - at)) });
    if (!fails) continue;
    const lines = FOUND.map(([step, found, tookMs], index): CheckLine => {
      if (index === at) return { step, state: { state: 'failed', problem: notAToken, tookMs: 96 } };
      return index < at ? line(step, found, tookMs, -1) : { step, state: { state: 'notTried' } };
    });
    return [...told, { lines, report: 'Sidetone: a made-up check, and it failed.\n' }];
  }
  const last = told.at(-1) as Checkup;
  return [...told, { ...last, report: 'Sidetone: a made-up check, and it passed.\n' }];
}

function line(step: CheckStep, found: string, tookMs: number, from: number): CheckLine {
  if (from < 0) return { step, state: { state: 'passed', found, tookMs } };
  return { step, state: { state: from === 0 ? 'trying' : 'notTried' } };
}
