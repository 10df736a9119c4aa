"""Pydantic AI's client of xAI's voice, which was written against the real service."""

import asyncio
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


async def main(way: str) -> None:
    key = API_KEY if way == "key-bearer" else await asyncio.to_thread(mint)
    model = XaiRealtimeModel("grok-voice-latest", provider=Here(api_key=key))
    agent = Agent(instructions="You are brief.")
    async with agent.realtime(model).session() as session:
        audio = b""

        async def listen() -> None:
            nonlocal audio
            async for chunk in session.stream_audio():
                audio += chunk

        listening = asyncio.create_task(listen())
        await session.send(TEXT)
        transcript, done = "", False
        async for event in session:
            match event:
                case PartEndEvent(part=SpeechPart(speaker="assistant", transcript=str(text))):
                    transcript = text
                case RealtimeTurnCompleteEvent():
                    done = True
                    break
                case RealtimeSessionErrorEvent():
                    sys.exit(f"{event}")
    await listening
    report(audio, transcript, done)


asyncio.run(main(sys.argv[1]))
