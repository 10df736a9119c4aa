"""Who is heard: synthesised voices, the recorded one that alsa-utils brings, and music."""

import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
import soxr

import music

SENTENCES = (
    "The boats come back to the harbour shortly after sunrise, and the whole market waits for them.",
    "You can take the early train, but then you would have to change twice and walk from the station.",
    "I have looked at the figures again, and the third column does not add up to what we expected.",
    "Put the onions in first, let them turn golden, and only then pour the stock over the rice.",
    "She wrote a long letter to her brother, folded it three times, and left it under the clock.",
    "It will be cloudy in the morning with some rain from the west, and clear again by the evening.",
)
# What strangers say: nothing of it is in the sentences above.
OTHER_SENTENCES = (
    "Jedes Mal, wenn der Zug durch den Tunnel fährt, klappern oben im Regal die Gläser.",
    "Turn left at the second roundabout, keep the river on your right, and stop when you see the mill.",
    "Le marché ferme à midi, alors prenez plutôt le chemin qui passe derrière la vieille gare.",
    "Forty seven, nineteen, three hundred and six: please read those numbers back to me, slowly.",
)
RECORDED = Path("/usr/share/sounds/alsa")
# Quieter than this within 20 ms frames, relative to the loudest frame, counts as a pause.
PAUSE_DB = -35.0


def _flite(voice: str, words: str, path: Path) -> None:
    subprocess.run(["flite", "-voice", voice, "-t", words, "-o", path], check=True, capture_output=True)


def _espeak(voice: str, words: str, path: Path) -> None:
    subprocess.run(["espeak-ng", "-v", voice, "-s", "160", "-w", path, words], check=True, capture_output=True)


@dataclass(frozen=True)
class Speaker:
    voices: tuple
    """How each sentence is spoken and by which voice, in turn."""
    sentences: tuple[str, ...]
    recorded: bool = False
    """Whether the recorded voice speaks between them."""


# The two ends never share a voice, and strangers share none with anybody.
SPEAKERS = {
    "far": Speaker(((_flite, "slt"), (_espeak, "en-gb"), (_flite, "awb")), SENTENCES, recorded=True),
    "near": Speaker(((_flite, "rms"), (_espeak, "en-us+f3")), SENTENCES),
    "far stranger": Speaker(((_espeak, "de+f2"), (_flite, "kal16"), (_espeak, "fr+m4")), OTHER_SENTENCES),
    "near stranger": Speaker(((_espeak, "de+m7"), (_espeak, "en-us+f5"), (_espeak, "fr+m3")), OTHER_SENTENCES[::-1]),
}


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
    """`seconds` of what one of SPEAKERS or the music plays at `dbfs`, from `start` seconds into it, over and over."""
    said = music.song(rate) if who == "music" else _said(who, rate, folder)
    first = int(start * rate) % len(said)
    count = int(seconds * rate)
    signal = np.resize(np.roll(said, -first), count)
    signal *= 10 ** ((dbfs - level(signal, rate)) / 20)
    # A clipped reference would be another case than the one that is named.
    return np.clip(signal, -0.999, 0.999)


@lru_cache
def _said(who: str, rate: int, folder: Path) -> np.ndarray:
    """Everything that one speaker says, each utterance equally loud."""
    speaker = SPEAKERS[who]
    pieces = []
    for number, words in enumerate(speaker.sentences):
        speak, voice = speaker.voices[number % len(speaker.voices)]
        path = folder / f"{who.replace(' ', '-')}-{number}.wav"
        if not path.is_file():
            speak(voice, words, path)
        pieces.append(path)
    if speaker.recorded:
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
