"""What every client here is told, and what it reports: one JSON object on its standard output."""

import json
import os
import urllib.request

TEXT = "Say something, please."

API_URL = os.environ["API_URL"]
"""Without the path of the service: http://127.0.0.1:1234/v1"""

API_KEY = os.environ["API_KEY"]
REALTIME_URL = API_URL.replace("http", "ws", 1) + "/realtime"


def mint() -> str:
    """A token of sidetone-backend."""
    request = urllib.request.Request(os.environ["SESSION_URL"], data=b"", method="POST")
    request.add_header("Authorization", f"Bearer {os.environ['CALLER_SECRET']}")
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)["value"]


def report(audio: bytes, transcript: str, done: bool, heard: str = "") -> None:
    print(json.dumps({"audio_bytes": len(audio), "transcript": transcript, "done": done, "heard": heard}))
