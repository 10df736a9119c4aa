// The AI SDK's client of xAI's voice. It leaves opening the socket to its caller, and says how and with
// what; with `own-token` it also mints for itself, as it does at xAI.

import { createXai } from '@ai-sdk/xai'
import WebSocket from 'ws'
import { API_KEY, REALTIME_URL, TEXT, fail, mint, report } from './common.js'

const xai = createXai({ apiKey: API_KEY, baseURL: process.env.API_URL })
const model = xai.experimental_realtime('grok-voice-latest')
const token = process.argv[2] === 'own-token' ? (await model.doCreateClientSecret({})).token : await mint()
const { url, protocols } = model.getWebSocketConfig({ token, url: REALTIME_URL })
const socket = new WebSocket(url, protocols)
const send = (event) => socket.send(JSON.stringify(model.serializeClientEvent(event)))
let audio = 0
let transcript = ''

socket.on('open', () => send({ type: 'session-update', config: { voice: 'eve', instructions: 'You are brief.' } }))
socket.on('error', (error) => fail(error.message))
socket.on('close', (code) => fail(`closed with ${code} before the reply was done`))
socket.on('message', (data) => {
  const event = model.parseServerEvent(JSON.parse(data))
  switch (event.type) {
    case 'session-updated':
      send({ type: 'conversation-item-create', item: { type: 'text-message', role: 'user', text: TEXT } })
      send({ type: 'response-create' })
      break
    case 'audio-delta':
      audio += Buffer.from(event.delta, 'base64').length
      break
    case 'audio-transcript-delta':
      transcript += event.delta
      break
    case 'response-done':
      report(audio, transcript, event.status === 'completed')
      socket.removeAllListeners('close')
      socket.close()
      break
    case 'error':
      fail(event.message)
  }
})
