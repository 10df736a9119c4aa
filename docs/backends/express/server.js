// A token backend: hands out short-lived tokens for xAI's realtime voice and keeps the API key to itself.
//
//     npm ci
//     XAI_API_KEY=… SIDETONE_CALLERS="anna SECRET, ben SECRET" npm start
//
// PORT is 8787 if not given, SIDETONE_TOKEN_SECONDS (300) the longest life of a token, SIDETONE_UPSTREAM
// where tokens are minted. It has no rate limit and speaks plain http, on this computer only: put a proxy
// in front that has the one and speaks https.

import { createHash, timingSafeEqual } from 'node:crypto'
import express from 'express'

const LARGEST_BODY = 16 * 1024
const LARGEST_REPLY = 64 * 1024
const PATIENCE_MS = 10_000
const LONGEST_PAUSE_S = 3600

const { XAI_API_KEY, SIDETONE_CALLERS, SIDETONE_TOKEN_SECONDS, SIDETONE_UPSTREAM, PORT } = process.env

/** An answer that is no token; `fault` is caller, backend, network or xai. */
class Refusal extends Error {
  constructor(status, fault, message, headers = {}) {
    super(message)
    Object.assign(this, { status, fault, headers })
  }
}

function unfit(why) {
  console.error(why)
  process.exit(1)
}

/** Of one length whatever the secret's, so that comparing tells nothing of it. */
const digest = (secret) => createHash('sha256').update(secret).digest()

/** From `name secret, name secret`. */
function readCallers(text) {
  const entries = text.split(',').filter((entry) => entry.trim())
  return entries.map((entry) => {
    const [name, secret, ...rest] = entry.trim().split(/\s+/)
    if (!secret || secret.length < 16 || rest.length)
      unfit('SIDETONE_CALLERS: each entry is `name secret`, the secret of 16 characters or more')
    return { name, digest: digest(secret) }
  })
}

const key = XAI_API_KEY?.trim() || unfit('XAI_API_KEY is not set')
const callers = readCallers(SIDETONE_CALLERS ?? '')
if (!callers.length) unfit('SIDETONE_CALLERS names nobody who may ask for tokens')
const longestLife = Number(SIDETONE_TOKEN_SECONDS ?? 300)
const upstream = new URL(SIDETONE_UPSTREAM ?? 'https://api.x.ai/v1/realtime/client_secrets')
if (upstream.protocol !== 'https:' && !['127.0.0.1', 'localhost', '[::1]'].includes(upstream.hostname))
  unfit('SIDETONE_UPSTREAM must be https: the API key would travel in the clear')

/** Every secret is compared, so that none is told from the time taken. */
function admit(request, response, next) {
  const [scheme, ...rest] = (request.get('authorization') ?? '').split(' ')
  const shown = digest(rest.join(' ').trim())
  const found = callers.filter((caller) => timingSafeEqual(caller.digest, shown))
  if (scheme.toLowerCase() !== 'bearer' || !found.length) {
    const message = 'The Authorization header shows no bearer secret that this backend knows.'
    throw new Refusal(401, 'caller', message, { 'WWW-Authenticate': 'Bearer' })
  }
  response.locals.caller = found[0].name
  next()
}

/** The wish for a life in seconds, within what is allowed; an empty body wishes nothing. */
function lifetime(body) {
  const refusal = () =>
    new Refusal(400, 'caller', 'The body must be empty or JSON: {"expires_after": {"seconds": 300}}.')
  const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
  const text = body?.toString().trim()
  let wish = {}
  try {
    if (text) wish = JSON.parse(text)
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
async function askXai(seconds) {
  try {
    const reply = await fetch(upstream, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ expires_after: { seconds } }),
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    const chunks = []
    let length = 0
    for await (const chunk of reply.body ?? []) {
      length += chunk.length
      if (length > LARGEST_REPLY)
        throw new Refusal(502, 'xai', 'xAI answered this backend at too great a length.')
      chunks.push(chunk)
    }
    return { status: reply.status, body: Buffer.concat(chunks).toString(), pause: reply.headers.get('retry-after') }
  } catch (error) {
    if (error instanceof Refusal) throw error
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
function token({ status, body, pause }) {
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

const app = express()
app.disable('x-powered-by')
app.disable('etag')
app.enable('strict routing')
app.use((_, response, next) => {
  response.set('Cache-Control', 'no-store')
  next()
})

app.post('/session', admit, express.raw({ type: () => true, limit: LARGEST_BODY }), async (request, response) => {
  const reply = await askXai(lifetime(Buffer.isBuffer(request.body) ? request.body : undefined))
  if (reply.status !== 200) console.warn(`no token for ${response.locals.caller}: xAI answered ${reply.status}`)
  response.json(token(reply))
})

app.get('/health', (_, response) => response.json({ status: 'ok' }))

for (const [path, method] of [['/session', 'POST'], ['/health', 'GET']])
  app.all(path, () => {
    throw new Refusal(405, 'caller', `Only ${method} is possible at this path.`, { Allow: method })
  })

app.use(() => {
  throw new Refusal(404, 'caller', 'There are only POST /session and GET /health here.')
})

// Express takes a function of four parameters for the one that answers errors.
app.use((error, _request, response, _next) => {
  let refusal = error
  if (!(error instanceof Refusal)) {
    const callers = error.status >= 400 && error.status < 500
    if (!callers) console.error('this backend failed:', error.name)
    refusal =
      error.status === 413
        ? new Refusal(413, 'caller', `The request is too large: ${LARGEST_BODY} bytes are allowed.`)
        : new Refusal(callers ? error.status : 500, callers ? 'caller' : 'backend', 'The request could not be read.')
  }
  response.status(refusal.status).set(refusal.headers).json({ error: refusal.message, fault: refusal.fault })
})

const server = app.listen(Number(PORT ?? 8787), '127.0.0.1', () =>
  console.log(`listening on http://127.0.0.1:${server.address().port}/session`),
)
server.requestTimeout = PATIENCE_MS
