"""Who speaks: synthesised voices and the recorded one that alsa-utils brings."""

import subprocess
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
import soxr

SENTENCES = (
    "The boats come back to the harbour shortly after sunrise, and the whole market waits for them.",
    "You can take the early train, but then you would have to change twice and walk from the station.",
    "I have looked at the figures again, and the third column does not add up to what we expected.",
    "Put the onions in first, let them turn golden, and only then pour the stock over the rice.",
    "She wrote a long letter to her brother, folded it three times, and left it under the clock.",
    "It will be cloudy in the morning with some rain from the west, and clear again by the evening.",
)
RECORDED = Path("/usr/share/sounds/alsa")
# Quieter than this within 20 ms frames, relative to the loudest frame, counts as a pause.
PAUSE_DB = -35.0


def _flite(voice: str, words: str, path: Path) -> None:
    subprocess.run(["flite", "-voice", voice, "-t", words, "-o", path], check=True, capture_output=True)


def _espeak(voice: str, words: str, path: Path) -> None:
    subprocess.run(["espeak-ng", "-v", voice, "-s", "160", "-w", path, words], check=True, capture_output=True)


# The two ends never share a voice. One turn of each in a row.
FAR_VOICES = ((_flite, "slt"), (_espeak, "en-gb"), (_flite, "awb"))
NEAR_VOICES = ((_flite, "rms"), (_espeak, "en-us+f3"))


def level(signal: np.ndarray, rate: int) -> float:
    """Power while somebody speaks, in dBFS (a full-scale square wave is 0 dBFS)."""
    active = signal[activity(signal, rate, PAUSE_DB)]
    return 10 * np.log10(np.mean(active**2)) if active.size else -np.inf


def activity(signal: np.ndarray, rate: int, below_db: float) -> np.ndarray:
    """A mark per sample: whether its 20 ms frame is above `below_db` relative to the loudest frame."""
    step = rate // 50
    frames = np.mean(signal[: len(signal) // step * step].reshape(-1, step) ** 2, axis=1)
    marks = frames > frames.max(initial=0) * 10 ** (below_db / 10)
    whole = np.repeat(marks, step)
    return np.append(whole, np.zeros(len(signal) - len(whole), bool))


def talk(who: str, rate: int, seconds: float, start: float, dbfs: float, folder: Path) -> np.ndarray:
    """`seconds` of speech at `dbfs`, from `start` seconds into what this end has to say, over and over."""
    said = _said(who, rate, folder)
    first = int(start * rate) % len(said)
    count = int(seconds * rate)
    signal = np.resize(np.roll(said, -first), count)
    signal *= 10 ** ((dbfs - level(signal, rate)) / 20)
    # A clipped reference would be another case than the one that is named.
    return np.clip(signal, -0.999, 0.999)


@lru_cache
def _said(who: str, rate: int, folder: Path) -> np.ndarray:
    """Everything that one end says, each utterance equally loud."""
    pieces = []
    for number, words in enumerate(SENTENCES):
        voices = FAR_VOICES if who == "far" else NEAR_VOICES
        speak, voice = voices[number % len(voices)]
        path = folder / f"{who}-{number}.wav"
        if not path.is_file():
            speak(voice, words, path)
        pieces.append(path)
    if who == "far":
        recorded = sorted(RECORDED.glob("[FRS]*.wav"))
        if not recorded:
            raise FileNotFoundError(f"no recorded speech in {RECORDED}: install alsa-utils")
        pieces[1:1] = recorded[::2]
    gap = np.zeros(int(0.25 * rate))
    return np.concatenate([part for path in pieces for part in (_even(path, rate), gap)])


def _even(path: Path, rate: int) -> np.ndarray:
    samples, own = soundfile.read(path, always_2d=True)
    samples = soxr.resample(samples[:, 0], own, rate, quality="HQ")
    return samples * 10 ** ((-26 - level(samples, rate)) / 20)
