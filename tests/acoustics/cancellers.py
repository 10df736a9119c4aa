"""What is compared: our canceller, through its offline tool, and real libwebrtc."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from scene import Scene

# Names of the two ways in which both are run; gain control is off, for a level that moves hides what was
# done to the echo.
ECHO, NOISE = "echo", "echo + noise"
WAYS = (ECHO, NOISE)


class Failed(Exception):
    """A canceller that could not be run; the message is for a person."""


class Libwebrtc:
    """The audio processing of the LiveKit SDK: AEC3, high-pass filter, noise suppression."""

    name = "libwebrtc"

    def run(self, scene: Scene, way: str) -> np.ndarray:
        from livekit import rtc

        module = rtc.AudioProcessingModule(
            echo_cancellation=True, noise_suppression=way == NOISE, high_pass_filter=True
        )
        step = scene.rate // 100
        far, mic = _pcm(scene.far), _pcm(scene.mic)
        out = np.zeros(len(mic) // step * step, np.int16)
        for begin in range(0, len(out), step):
            frames = [
                rtc.AudioFrame(bytearray(side[begin : begin + step].tobytes()), scene.rate, 1, step)
                for side in (far, mic)
            ]
            module.process_reverse_stream(frames[0])
            # The delay is for each canceller to find: neither is told.
            module.set_stream_delay_ms(0)
            module.process_stream(frames[1])
            out[begin : begin + step] = np.frombuffer(frames[1].data, np.int16)
        return _whole(out / 32768, len(mic))


class Ours:
    """`BIN --far F --mic M --out O [--no-ns] [--no-agc]`, which prints one JSON object."""

    name = "ours"

    def __init__(self, program: Path):
        if not program.is_file() or not os.access(program, os.X_OK):
            raise Failed(f"{program} is not a program. Build it: cargo build --release -p audio --example cancel")
        self.program = program.resolve()

    def run(self, scene: Scene, way: str) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            far, mic, out = (Path(folder) / f"{name}.wav" for name in ("far", "mic", "out"))
            soundfile.write(far, _pcm(scene.far), scene.rate)
            soundfile.write(mic, _pcm(scene.mic), scene.rate)
            words = [self.program, "--far", far, "--mic", mic, "--out", out, "--no-agc"]
            words += [] if way == NOISE else ["--no-ns"]
            ended = subprocess.run(words, capture_output=True, text=True, timeout=300)
            if ended.returncode:
                raise Failed(f"{self.program.name} ended with {ended.returncode}: {ended.stderr.strip()}")
            try:
                json.loads(ended.stdout)
            except ValueError as error:
                raise Failed(f"{self.program.name} printed no JSON object: {error}") from error
            if not out.is_file():
                raise Failed(f"{self.program.name} wrote no recording")
            samples, rate = soundfile.read(out, always_2d=True)
            if rate != scene.rate:
                raise Failed(f"{self.program.name} was given {scene.rate} Hz and wrote {rate} Hz")
            return _whole(samples[:, 0], len(scene.mic))


def _pcm(signal: np.ndarray) -> np.ndarray:
    return np.clip(np.round(signal * 32768), -32768, 32767).astype(np.int16)


def _whole(signal: np.ndarray, count: int) -> np.ndarray:
    """Silence after what ended early, so that all signals of a scene have one length."""
    return np.append(signal[:count], np.zeros(max(0, count - len(signal))))
