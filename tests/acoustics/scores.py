"""Measures of speech that come from packages. Signals are mono, full scale 1, at any rate in Hz."""

import warnings

import numpy as np
import pesq
import soxr
import webrtcvad
from pystoi import stoi as pystoi
from speechmos import aecmos

RATE = 16_000
# AECMOS looks at less than 20 s. In samples.
CLIP = 20 * RATE - 1


def at_16k(signal: np.ndarray, rate: int) -> np.ndarray:
    return soxr.resample(signal, rate, RATE, quality="HQ") if rate != RATE else signal


def stoi(near: np.ndarray, out: np.ndarray) -> float:
    """Intelligibility (0-1) of `out`, whose clean speech is `near`, both at 16 kHz."""
    return float(pystoi(near, out, RATE))


def wideband_pesq(near: np.ndarray, out: np.ndarray) -> float:
    """Quality (1-4.6, ITU-T P.862.2), both at 16 kHz. NaN where it finds no utterance."""
    try:
        return float(pesq.pesq(RATE, near, out, "wb"))
    except pesq.NoUtterancesError:
        return float("nan")


def echo_and_degradation(talk: str, far: np.ndarray, mic: np.ndarray, out: np.ndarray) -> tuple[float, float]:
    """AECMOS (1-5 each), all at 16 kHz, of the last 20 s. `talk`: st = far end only, nst = near end only,
    dt = double talk."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clip = {
            name: np.clip(signal[-CLIP:], -1, 1)
            for name, signal in (("lpb", far), ("mic", mic), ("enh", out))
        }
        scores = aecmos.run(clip, RATE, talk)
    return scores["echo_mos"], scores["deg_mos"]


def voiced(signal: np.ndarray) -> np.ndarray:
    """A mark per 10 ms of a signal at 16 kHz: whether webrtcvad, at its second strictest, hears a voice."""
    detector = webrtcvad.Vad(2)
    step = RATE // 100
    pcm = (np.clip(signal, -1, 1) * 32767).astype("<i2")
    frames = pcm[: len(pcm) // step * step].reshape(-1, step)
    return np.array([detector.is_speech(frame.tobytes(), RATE) for frame in frames])
