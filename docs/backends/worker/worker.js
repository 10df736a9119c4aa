// A token backend: hands out short-lived tokens for xAI's realtime voice and keeps the API key to itself.
//
//     npx wrangler deploy worker.js --name sidetone-backend --compatibility-date 2026-04-01
//     npx wrangler secret put XAI_API_KEY --name sidetone-backend
//     npx wrangler secret put SIDETONE_CALLERS --name sidetone-backend     (anna SECRET, ben SECRET)
//
// SIDETONE_TOKEN_SECONDS (300) is the longest life of a token, SIDETONE_UPSTREAM where tokens are minted.
// It has no rate limit: give its route one.

const LARGEST_BODY = 16 * 1024
const LARGEST_REPLY = 64 * 1024
const PATIENCE_MS = 10_000
const LONGEST_PAUSE_S = 3600

/** An answer that is no token; `fault` is caller, backend, network or xai. */
class Refusal extends Error {
  constructor(status, fault, message, headers = {}) {
    super(message)
    Object.assign(this, { status, fault, headers })
  }
}

const unfit = (setting) =>
  new Refusal(500, 'backend', `This backend is not set up: whoever runs it must look at ${setting}.`)

function answer(status, body, headers = {}) {
  return Response.json(body, { status, headers: { 'Cache-Control': 'no-store', ...headers } })
}

/** The settings, read at each request: a Worker has no moment of its own to start in. */
function settings(env) {
  const key = env.XAI_API_KEY?.trim()
  if (!key) throw unfit('XAI_API_KEY')
  const entries = (env.SIDETONE_CALLERS ?? '').split(',').filter((entry) => entry.trim())
  const callers = entries.map((entry) => {
    const [name, secret, ...rest] = entry.trim().split(/\s+/)
    if (!secret || secret.length < 16 || rest.length) throw unfit('SIDETONE_CALLERS')
    return { name, secret }
  })
  if (!callers.length) throw unfit('SIDETONE_CALLERS')
  const upstream = new URL(env.SIDETONE_UPSTREAM ?? 'https://api.x.ai/v1/realtime/client_secrets')
  if (upstream.protocol !== 'https:' && !['127.0.0.1', 'localhost', '[::1]'].includes(upstream.hostname))
    throw unfit('SIDETONE_UPSTREAM')
  return { key, callers, upstream, longestLife: Number(env.SIDETONE_TOKEN_SECONDS ?? 300) }
}

/** Of one length whatever the secret's, so that comparing tells nothing of it. */
const digest = (secret) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret))

/** The name of the one who asks. Every secret is compared, so that none is told from the time taken. */
async function admit(request, callers) {
  const [scheme, ...rest] = (request.headers.get('authorization') ?? '').split(' ')
  const shown = await digest(rest.join(' ').trim())
  const found = []
  for (const { name, secret } of callers)
    if (crypto.subtle.timingSafeEqual(await digest(secret), shown)) found.push(name)
  if (scheme.toLowerCase() === 'bearer' && found.length) return found[0]
  const message = 'The Authorization header shows no bearer secret that this backend knows.'
  throw new Refusal(401, 'caller', message, { 'WWW-Authenticate': 'Bearer' })
}

/** At most `largest` bytes of a body as text; `null` if there are more. */
async function read(body, largest) {
  const text = new TextDecoder()
  let [length, read] = [0, '']
  for await (const chunk of body ?? []) {
    length += chunk.length
    if (length > largest) return null
    read += text.decode(chunk, { stream: true })
  }
  return read + text.decode()
}

/** The wish for a life in seconds, within what is allowed; an empty body wishes nothing. */
async function lifetime(request, longestLife) {
  const body = await read(request.body, LARGEST_BODY)
  if (body === null)
    throw new Refusal(413, 'caller', `The request is too large: ${LARGEST_BODY} bytes are allowed.`)
  const refusal = () =>
    new Refusal(400, 'caller', 'The body must be empty or JSON: {"expires_after": {"seconds": 300}}.')
  const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
  let wish = {}
  try {
    if (body.trim()) wish = JSON.parse(body)
  } catch {
    throw refusal()
  }
  const expiry = isObject(wish) ? (wish.expires_after ?? {}) : null
  if (!isObject(expiry)) throw refusal()
  const seconds = expiry.seconds ?? longestLife
  if (!Number.isInteger(seconds) || seconds < 1) throw refusal()
  return Math.min(seconds, longestLife)
}

/** Redirects are not followed: the key goes nowhere else. */
async function askXai({ key, upstream }, seconds) {
  try {
    const reply = await fetch(upstream, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ expires_after: { seconds } }),
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    return {
      status: reply.status,
      body: await read(reply.body, LARGEST_REPLY),
      pause: reply.headers.get('retry-after'),
    }
  } catch (error) {
    if (error.name === 'TimeoutError')
      throw new Refusal(504, 'xai', `xAI did not answer this backend within ${PATIENCE_MS / 1000} seconds.`)
    throw new Refusal(502, 'network', 'This backend could not reach xAI.')
  }
}

/** A Retry-After in seconds, which may be a date. */
function secondsOf(pause) {
  const seconds = /^\d+$/.test(pause) ? Number(pause) : Math.ceil((Date.parse(pause) - Date.now()) / 1000)
  return Number.isNaN(seconds) ? 10 : Math.min(Math.max(seconds, 1), LONGEST_PAUSE_S)
}

/** The token in xAI's answer. What xAI says in an error is not passed on: it may quote the key. */
function token({ status, body, pause }, key) {
  if (status === 429) {
    const seconds = secondsOf(pause ?? '')
    throw new Refusal(429, 'xai', "xAI's limit for this backend's key is reached.", { 'Retry-After': `${seconds}` })
  }
  if ([400, 401, 402, 403].includes(status))
    throw new Refusal(502, 'backend', "xAI refused this backend's API key. Whoever runs the backend must look at it.")
  if (status >= 300 && status < 500)
    throw new Refusal(502, 'backend', `There is no token endpoint where this backend asks for tokens (${status}).`)
  let reply
  try {
    reply = status === 200 ? JSON.parse(body) : undefined
  } catch {
    reply = undefined
  }
  if (typeof reply?.value !== 'string' || !reply.value)
    throw new Refusal(502, 'xai', 'xAI answered this backend without a token.')
  if (JSON.stringify(reply).includes(key)) throw new Refusal(502, 'xai', "xAI's answer was not fit to be passed on.")
  return reply
}

async function session(request, env) {
  const { callers, longestLife, ...xai } = settings(env)
  const caller = await admit(request, callers)
  const reply = await askXai(xai, await lifetime(request, longestLife))
  if (reply.status !== 200) console.warn(`no token for ${caller}: xAI answered ${reply.status}`)
  return answer(200, token(reply, xai.key))
}

const ROUTES = {
  '/session': { method: 'POST', run: session },
  '/health': { method: 'GET', run: () => answer(200, { status: 'ok' }) },
}

export default {
  async fetch(request, env) {
    try {
      const route = ROUTES[new URL(request.url).pathname]
      if (!route) throw new Refusal(404, 'caller', 'There are only POST /session and GET /health here.')
      if (request.method !== route.method)
        throw new Refusal(405, 'caller', `Only ${route.method} is possible at this path.`, { Allow: route.method })
      return await route.run(request, env)
    } catch (error) {
      if (!(error instanceof Refusal)) {
        console.error('this backend failed:', error.name)
        return answer(500, { error: 'This backend failed.', fault: 'backend' })
      }
      return answer(error.status, { error: error.message, fault: error.fault }, error.headers)
    }
  },
}
