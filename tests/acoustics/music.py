"""A far end that is no voice: plucked chords over a bass and brushes, made from fixed seeds."""

from functools import lru_cache

import numpy as np
from scipy.signal import lfilter

# Seconds of one beat, and the chords, four beats each, in semitones over A2 (110 Hz).
BEAT = 0.42
CHORDS = ((0, 7, 12, 16), (5, 9, 12, 17), (-2, 5, 10, 14), (7, 11, 14, 19))


@lru_cache
def song(rate: int) -> np.ndarray:
    """One round of the chords at `rate` Hz, mono, to be played over and over."""
    random = np.random.default_rng(77)
    beat = int(BEAT * rate)
    count = 4 * len(CHORDS) * beat
    sound = np.zeros(count)
    for number in range(4 * len(CHORDS)):
        chord = CHORDS[number // 4]
        for turn, note in enumerate(chord):
            # A broken chord: its notes follow each other within the beat.
            begin = number * beat + turn * beat // 4
            _add(sound, begin, _plucked(110 * 2 ** (note / 12), 3 * beat, rate, random))
        if number % 2 == 0:
            _add(sound, number * beat, 1.5 * _plucked(55 * 2 ** (chord[0] / 12), 3 * beat, rate, random))
        _add(sound, number * beat + beat // 2, _brush(beat // 3, rate, random))
    return sound


def _plucked(hz: float, count: int, rate: int, random: np.random.Generator) -> np.ndarray:
    """A string of Karplus and Strong: a burst of noise that goes round and loses its highs."""
    length = max(2, round(rate / hz))
    burst = np.zeros(count)
    burst[:length] = random.uniform(-1, 1, length)
    loop = np.zeros(length + 2)
    loop[0], loop[length], loop[length + 1] = 1, -0.498, -0.498
    return lfilter([1.0], loop, burst)


def _brush(count: int, rate: int, random: np.random.Generator) -> np.ndarray:
    fall = np.exp(-np.arange(count) / (0.03 * rate))
    return 0.25 * np.diff(random.standard_normal(count + 1)) * fall


def _add(sound: np.ndarray, begin: int, note: np.ndarray) -> None:
    """What sounds beyond the end is heard at the beginning of the next round."""
    places = (begin + np.arange(len(note))) % len(sound)
    np.add.at(sound, places, note)
