"""Figures of one recording that went through a canceller. Needs nothing but numpy.

The measures that come from packages (STOI, PESQ, AECMOS, webrtcvad) are in scores.py.
"""

import numpy as np

# Power below which nobody hears a difference, added to both sides of a ratio: -90 dBFS.
FLOOR = 1e-9


def erle(mic: np.ndarray, out: np.ndarray, active: np.ndarray, rate: int, begin: float, end: float) -> float:
    """Echo return loss enhancement in dB: power at the microphone over power behind the canceller.

    Between `begin` and `end` (seconds), over the samples that `active` marks. NaN where it marks none.
    """
    part = slice(int(begin * rate), int(end * rate))
    chosen = active[part]
    if not chosen.any():
        return float("nan")
    before, after = np.mean(mic[part][chosen] ** 2), np.mean(out[part][chosen] ** 2)
    return float(10 * np.log10((before + FLOOR) / (after + FLOOR)))


def lag(near: np.ndarray, out: np.ndarray, rate: int, most_ms: float = 60.0) -> int:
    """By how many samples `near` comes later in `out`, between 0 and `most_ms`."""
    length = len(near) + len(out)
    product = np.fft.rfft(out, length) * np.conj(np.fft.rfft(near, length))
    correlation = np.fft.irfft(product, length)[: int(most_ms * rate / 1_000) + 1]
    return int(np.argmax(np.abs(correlation)))


def kept(near: np.ndarray, out: np.ndarray, rate: int, frames: int = 24) -> float:
    """Level of the near end that is still in `out`, over its level before, in dB.

    What echo and noise left over does not count: of each band (32 ms window, 16 ms steps) the part of
    `out` that follows `near` over `frames` windows is taken. Both must be aligned. Of anything that does
    not follow `near` a share of 1/frames is taken too, so results below -10 dB mean "hardly anything".
    """
    window = int(0.032 * rate)
    before, after = _spectra(near, window), _spectra(out, window)
    whole = len(before) // frames * frames
    if not whole:
        return float("nan")
    before = before[:whole].reshape(-1, frames, before.shape[1])
    after = after[:whole].reshape(-1, frames, after.shape[1])
    own = np.sum(np.abs(before) ** 2, axis=1)
    shared = np.abs(np.sum(after * np.conj(before), axis=1)) ** 2
    follows = np.sum(shared[own > 0] / own[own > 0])
    return float(10 * np.log10((follows + FLOOR) / (np.sum(own) + FLOOR)))


def _spectra(signal: np.ndarray, window: int) -> np.ndarray:
    step = window // 2
    count = max(0, (len(signal) - window) // step + 1)
    places = np.arange(count)[:, None] * step + np.arange(window)
    return np.fft.rfft(signal[places] * np.hanning(window), axis=1)


def false_share(voiced: np.ndarray, active: np.ndarray) -> float:
    """Of the 10 ms frames that `active` marks (nobody near speaks), those taken for a voice, in percent."""
    return float(100 * np.mean(voiced[active])) if active.any() else float("nan")


def missed_share(voiced: np.ndarray, active: np.ndarray) -> float:
    """Of the 10 ms frames that `active` marks (somebody near speaks), those not noticed, in percent."""
    return 100 - false_share(voiced, active)


def mean(values) -> float:
    """Mean of what is a number; NaN where nothing is."""
    values = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(values)) if values else float("nan")
