"""What reaches a microphone: the far end through loudspeaker and room, the near end, the noise."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyroomacoustics
from scipy.ndimage import map_coordinates
from scipy.signal import butter, fftconvolve, sosfilt
import soxr

import speech
from cases import FAR, JUMPS, NEAR, STARTS, Case

FAR_DBFS = -22.0
NEAR_ONLY_DBFS = -28.0
ROOM_NOISE_DBFS = -69.0

# Where an echo would be that headphones do not let out, for the level of the near end, in dB over the far end.
USUAL_ECHO_DB = -6.0


@dataclass(frozen=True)
class Room:
    """Places in metres."""

    size: tuple[float, float, float]
    microphone: tuple[float, float, float]
    loudspeaker: tuple[float, float, float]
    person: tuple[float, float, float]


ROOMS = {
    "office": Room((5.1, 4.2, 2.7), (2.3, 1.9, 0.9), (2.7, 2.1, 0.9), (2.1, 1.4, 1.2)),
    "hall": Room((8.7, 6.3, 3.4), (4.1, 2.6, 1.0), (4.9, 3.3, 0.8), (3.5, 2.1, 1.3)),
    "booth": Room((2.1, 1.7, 2.2), (1.1, 0.7, 1.0), (1.3, 0.5, 1.1), (0.7, 1.1, 1.4)),
}


@dataclass(frozen=True)
class Scene:
    """Mono recordings of one length, full scale 1."""

    rate: int
    far: np.ndarray
    """The reference: what the loudspeaker was given."""
    echo: np.ndarray
    """The far end alone, at the microphone."""
    near: np.ndarray
    """The near end alone, at the microphone."""
    mic: np.ndarray
    """Everything at the microphone."""


def build(case: Case, start: int, folder: Path) -> Scene:
    """The case with its speech begun at another place, and the echo a few milliseconds off, per `start`."""
    rate, count = case.rate, int(case.seconds * case.rate)
    random = np.random.default_rng(1_000 + start)
    far = np.zeros(count)
    if case.talk != NEAR:
        far = speech.talk(case.far, rate, case.seconds, 7.3 * start, FAR_DBFS, folder)
    echo_dbfs = FAR_DBFS + (USUAL_ECHO_DB if case.echo_db is None else case.echo_db)
    # The reference is what a device is given: 16 bit.
    far = np.round(far * 32768) / 32768
    echo = np.zeros(count)
    if case.talk != NEAR and case.echo_db is not None:
        echo = _echo(case, far, 3.7 * start)
        echo *= 10 ** ((echo_dbfs - speech.level(echo, rate)) / 20)
    near = np.zeros(count)
    if case.talk != FAR:
        spoken = speech.talk(case.near, rate, case.seconds, 4.1 * start, -26, folder)
        spoken[: int(STARTS[case.talk] * rate)] = 0
        near = fftconvolve(spoken, _response(case, ROOMS[case.room].person))[:count]
        wanted = NEAR_ONLY_DBFS if case.talk == NEAR else echo_dbfs + case.near_db
        near *= 10 ** ((wanted - speech.level(near, rate)) / 20)
    noise = random.standard_normal(count) * 10 ** (ROOM_NOISE_DBFS / 20)
    if case.fan_dbfs is not None:
        noise += _fan(count, rate, random) * 10 ** (case.fan_dbfs / 20)
    if case.hum_dbfs is not None:
        noise += _hum(count, rate) * 10 ** (case.hum_dbfs / 20)
    return Scene(rate, far, echo, near, np.clip(echo + near + noise, -1, 1))


def _echo(case: Case, far: np.ndarray, later_ms: float) -> np.ndarray:
    played = far
    if case.drive:
        # Soft clipping at a level that speech reaches, not quite alike in both directions.
        reach = 10 ** (FAR_DBFS / 20) * 4 / case.drive
        played = reach * np.tanh((played + 0.15 * played * np.abs(played) / reach) / reach)
    heard = fftconvolve(played, _response(case, ROOMS[case.room].loudspeaker))[: len(far)]
    late = _delayed(heard, case, case.delay_ms + later_ms)
    if not case.jump_ms:
        return late
    jump = int(JUMPS * case.rate)
    return np.append(late[:jump], _delayed(heard, case, case.delay_ms + later_ms + case.jump_ms)[jump:])


def _delayed(signal: np.ndarray, case: Case, delay_ms: float) -> np.ndarray:
    delay = delay_ms * case.rate / 1_000
    if not case.drift_ppm:
        whole = round(delay)
        return np.append(np.zeros(whole), signal[: len(signal) - whole])
    # At twice the rate the cubic spline's error is far below the room's noise.
    finer = soxr.resample(signal, case.rate, 2 * case.rate, quality="VHQ")
    # A faster clock counts more samples in the same time.
    places = (np.arange(len(signal)) - delay) / (1 + case.drift_ppm * 1e-6)
    return map_coordinates(finer, [2 * places], order=3, mode="constant")


def _response(case: Case, source: tuple[float, float, float]) -> np.ndarray:
    return _image_sources(ROOMS[case.room], case.rt60, case.rate, source)


@lru_cache
def _image_sources(place: Room, rt60: float, rate: int, source: tuple[float, float, float]) -> np.ndarray:
    """The way of the direct sound is taken out, so that a delay is what its case says."""
    absorption, order = pyroomacoustics.inverse_sabine(rt60, place.size)
    room = pyroomacoustics.ShoeBox(
        place.size, fs=rate, materials=pyroomacoustics.Material(absorption), max_order=min(order, 60)
    )
    room.add_source(source)
    room.add_microphone(place.microphone)
    room.compute_rir()
    response = room.rir[0][0]
    direct = int(np.argmax(np.abs(response) > 0.5 * np.abs(response).max()))
    return response[max(direct - rate // 2_000, 0) :]


def _fan(count: int, rate: int, random: np.random.Generator) -> np.ndarray:
    """Rushing air and the hum of the blades, at 0 dBFS."""
    air = sosfilt(butter(1, 300, fs=rate, output="sos"), random.standard_normal(count))
    time = np.arange(count) / rate
    hum = sum(np.sin(2 * np.pi * 118 * n * time + n) / n for n in (1, 2, 3))
    fan = air / np.std(air) + 0.4 * hum / np.std(hum)
    return fan / np.std(fan)


def _hum(count: int, rate: int) -> np.ndarray:
    """At 0 dBFS."""
    time = np.arange(count) / rate
    hum = sum(np.sin(2 * np.pi * 50 * n * time + n) / n for n in (1, 3, 5, 7, 9))
    return hum / np.std(hum)
