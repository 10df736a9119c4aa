"""Pydantic AI's client of xAI's voice, which was written against the real service."""

import asyncio
import math
import struct
import sys

from pydantic_ai import Agent, PartEndEvent, SpeechPart
from pydantic_ai.providers.xai import XaiProvider
from pydantic_ai.realtime import RealtimeSessionErrorEvent, RealtimeTurnCompleteEvent
from pydantic_ai.realtime.xai import XaiRealtimeModel

from common import API_KEY, API_URL, TEXT, mint, report


class Here(XaiProvider):
    """The service at another address; the class has no setting for it."""

    @property
    def base_url(self) -> str:
        return API_URL


def speech() -> bytes:
    """A second and a half of something like a voice, and then silence, which ends the turn. 24 kHz."""

    def sample(n: int) -> float:
        t = n / 24_000
        swell = 0.6 + 0.4 * math.sin(math.tau * 4 * t)
        return 6000 * swell * sum(math.sin(math.tau * 220 * k * t) / k for k in range(1, 5))

    voice = [round(sample(n)) for n in range(36_000)]
    return struct.pack("<36000h", *voice) + bytes(2 * 24_000)


async def main(way: str) -> None:
    key = API_KEY if way == "key-bearer" else await asyncio.to_thread(mint)
    model = XaiRealtimeModel("grok-voice-latest", provider=Here(api_key=key))
    agent = Agent(instructions="You are brief.")
    async with agent.realtime(model).session() as session:
        audio, sounds = b"", session.stream_audio()

        async def listen() -> None:
            nonlocal audio
            async for chunk in sounds:
                audio += chunk

        listening = asyncio.create_task(listen())
        if way == "spoken-token":
            await session.send_audio(speech())
        else:
            await session.send(TEXT)
        heard, transcript, done = "", "", False
        async for event in session:
            match event:
                case PartEndEvent(part=SpeechPart(speaker="assistant", transcript=str(text))):
                    transcript = text
                case PartEndEvent(part=SpeechPart(speaker="user", transcript=str(text))):
                    heard = text
                case RealtimeTurnCompleteEvent():
                    done = True
                    break
                case RealtimeSessionErrorEvent():
                    sys.exit(f"{event}")
        await session.wait_for_playback()
    await listening
    report(audio, transcript, done, heard)


asyncio.run(main(sys.argv[1]))
