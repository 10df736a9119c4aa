"""The protocol by hand over PyPI's `websockets`: one exchange for each way to show a token or a key."""

import asyncio
import base64
import json
import sys

from websockets.asyncio.client import connect

from common import API_KEY, REALTIME_URL, TEXT, mint, report

WAYS = {
    "key-bearer": lambda: {"additional_headers": {"Authorization": f"Bearer {API_KEY}"}},
    "token-bearer": lambda: {"additional_headers": {"Authorization": f"Bearer {mint()}"}},
    "key-subprotocol": lambda: {"subprotocols": [f"xai-client-secret.{API_KEY}"]},
    "token-subprotocol": lambda: {"subprotocols": [f"xai-client-secret.{mint()}"]},
    "openai-token-subprotocols": lambda: {
        "subprotocols": ["realtime", f"openai-insecure-api-key.{mint()}", "openai-beta.realtime-v1"]
    },
}


async def main(way: str) -> None:
    options = await asyncio.to_thread(WAYS[way])
    audio, transcript = b"", ""
    async with connect(f"{REALTIME_URL}?model=grok-voice-latest", **options) as socket:
        if "subprotocols" in options and socket.subprotocol not in options["subprotocols"]:
            sys.exit(f"{socket.subprotocol} was not offered")

        async def send(**event) -> None:
            await socket.send(json.dumps(event))

        await send(type="session.update", session={"voice": "eve", "turn_detection": {"type": None}})
        async for message in socket:
            event = json.loads(message)
            match event["type"]:
                case "session.updated":
                    content = [{"type": "input_text", "text": TEXT}]
                    item = {"type": "message", "role": "user", "content": content}
                    await send(type="conversation.item.create", item=item)
                    await send(type="response.create")
                case "response.output_audio.delta":
                    audio += base64.b64decode(event["delta"], validate=True)
                case "response.output_audio_transcript.delta":
                    transcript += event["delta"]
                case "response.done":
                    return report(audio, transcript, event["response"]["status"] == "completed")
                case "error":
                    sys.exit(message)
    sys.exit("the line closed before response.done")


asyncio.run(main(sys.argv[1]))
