// What every client here is told, and what it reports: one JSON object on its standard output.

export const TEXT = 'Say something, please.'
export const { API_KEY } = process.env
export const REALTIME_URL = `${process.env.API_URL.replace(/^http/, 'ws')}/realtime?model=grok-voice-latest`

/** A token of sidetone-backend. */
export async function mint() {
  const headers = { Authorization: `Bearer ${process.env.CALLER_SECRET}` }
  const reply = await fetch(process.env.SESSION_URL, { method: 'POST', headers })
  if (!reply.ok) fail(`${reply.status} instead of a token`)
  return (await reply.json()).value
}

export function fail(why) {
  console.error(why)
  process.exit(1)
}

export function report(audioBytes, transcript, done) {
  console.log(JSON.stringify({ audio_bytes: audioBytes, transcript, done }))
}
