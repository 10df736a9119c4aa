// The protocol by hand over npm's `ws`: one exchange for each way to show a token or a key.

import WebSocket from 'ws'
import { API_KEY, REALTIME_URL, TEXT, fail, mint, report } from './common.js'

const WAYS = {
  'key-bearer': () => [[], { Authorization: `Bearer ${API_KEY}` }],
  'token-bearer': async () => [[], { Authorization: `Bearer ${await mint()}` }],
  'token-subprotocol': async () => [[`xai-client-secret.${await mint()}`], {}],
  'openai-token-subprotocols': async () => [
    ['realtime', `openai-insecure-api-key.${await mint()}`, 'openai-beta.realtime-v1'],
    {},
  ],
}

const [protocols, headers] = await WAYS[process.argv[2]]()
const socket = new WebSocket(REALTIME_URL, protocols, { headers })
const send = (event) => socket.send(JSON.stringify(event))
let audio = 0
let transcript = ''

socket.on('open', () => send({ type: 'session.update', session: { voice: 'eve', turn_detection: null } }))
socket.on('error', (error) => fail(error.message))
socket.on('close', (code) => fail(`closed with ${code} before response.done`))
socket.on('message', (data) => {
  const event = JSON.parse(data)
  switch (event.type) {
    case 'session.updated':
      send({
        type: 'conversation.item.create',
        item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: TEXT }] },
      })
      send({ type: 'response.create' })
      break
    case 'response.output_audio.delta':
      audio += Buffer.from(event.delta, 'base64').length
      break
    case 'response.output_audio_transcript.delta':
      transcript += event.delta
      break
    case 'response.done':
      report(audio, transcript, event.response.status === 'completed')
      socket.removeAllListeners('close')
      socket.close()
      break
    case 'error':
      fail(data.toString())
  }
})
