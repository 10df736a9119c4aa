"""OpenAI's own Python package, pointed at another address, with the API key or a token as its key."""

import asyncio
import base64
import sys

from openai import AsyncOpenAI

from common import API_KEY, API_URL, REALTIME_URL, TEXT, mint, report


async def main(way: str) -> None:
    key = API_KEY if way == "key-bearer" else await asyncio.to_thread(mint)
    websocket_base_url = REALTIME_URL.removesuffix("/realtime")
    client = AsyncOpenAI(api_key=key, base_url=API_URL, websocket_base_url=websocket_base_url)
    audio, transcript = b"", ""
    async with client.realtime.connect(model="grok-voice-latest") as connection:
        await connection.session.update(
            session={
                "type": "realtime",
                "output_modalities": ["audio"],
                "audio": {
                    "input": {"format": {"type": "audio/pcm", "rate": 24000}, "turn_detection": None},
                    "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "eve"},
                },
            }
        )
        async for event in connection:
            match event.type:
                case "session.updated":
                    content = [{"type": "input_text", "text": TEXT}]
                    item = {"type": "message", "role": "user", "content": content}
                    await connection.conversation.item.create(item=item)
                    await connection.response.create()
                case "response.output_audio.delta":
                    audio += base64.b64decode(event.delta, validate=True)
                case "response.output_audio_transcript.done":
                    transcript = event.transcript
                case "response.done":
                    return report(audio, transcript, event.response.status == "completed")
                case "error":
                    sys.exit(event.error.message)
    sys.exit("the line closed before response.done")


asyncio.run(main(sys.argv[1]))
