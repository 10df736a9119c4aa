"""Which figures a case gives, and for which seconds of it."""

import numpy as np

import measures
import scores
import speech
from cases import BOTH, FAR, JUMPS, NEAR, NEAR_STARTS, Case
from scene import Scene

# An echo this far below its loudest 20 ms does not count as one.
ECHO_ACTIVE_DB = -35.0

TITLES = {
    "early": "ERLE s 1-4",
    "settled": "ERLE from s 15",
    "jump": "ERLE after jump",
    "echo": "AECMOS echo",
    "degradation": "AECMOS degr.",
    "kept": "near level dB",
    "stoi": "STOI",
    "pesq": "PESQ",
    "false": "false voice %",
    "missed": "missed voice %",
}
COLUMNS = {
    FAR: ("early", "settled", "jump", "echo", "false"),
    NEAR: ("kept", "stoi", "pesq", "degradation", "missed"),
    BOTH: ("early", "kept", "stoi", "pesq", "echo", "degradation", "missed"),
}


def of(case: Case, scene: Scene, out: np.ndarray) -> dict[str, float]:
    """The figures of COLUMNS for a recording `out` as long as the scene."""
    rate = scene.rate
    far, mic, out_16k = (scores.at_16k(signal, rate) for signal in (scene.far, scene.mic, out))
    found: dict[str, float] = {}
    echoes = speech.activity(scene.echo, rate, ECHO_ACTIVE_DB)
    if case.talk != NEAR:
        found["early"] = measures.erle(scene.mic, out, echoes, rate, 1, 4)
    if case.talk == FAR:
        found["settled"] = measures.erle(scene.mic, out, echoes, rate, 15, case.seconds)
        if case.jump_ms:
            found["jump"] = measures.erle(scene.mic, out, echoes, rate, JUMPS + 0.3, JUMPS + 3)
        found["echo"], _ = scores.echo_and_degradation("st", far, mic, out_16k)
        active = _by_10_ms(echoes, rate)
        active[:100] = False
        found["false"] = _share(measures.false_share, out_16k, active)
        return found
    # In double talk the first second belongs to the canceller.
    begin = NEAR_STARTS if case.talk == BOTH else 1.0
    part, part_16k = slice(int(begin * rate), None), slice(int(begin * scores.RATE), None)
    late = measures.lag(scene.near[part], out[part], rate)
    near = np.roll(scene.near, late)
    found["kept"] = measures.kept(near[part], out[part], rate)
    near_16k = scores.at_16k(near, rate)[part_16k]
    found["stoi"] = scores.stoi(near_16k, out_16k[part_16k])
    found["pesq"] = scores.wideband_pesq(near_16k, out_16k[part_16k])
    talk = "dt" if case.talk == BOTH else "nst"
    echo, found["degradation"] = scores.echo_and_degradation(
        talk, far[part_16k], mic[part_16k], out_16k[part_16k]
    )
    if case.talk == BOTH:
        found["echo"] = echo
    active = _by_10_ms(speech.activity(near, rate, -25), rate)
    found["missed"] = _share(measures.missed_share, out_16k, active)
    return found


def _share(measure, out_16k: np.ndarray, active: np.ndarray) -> float:
    voiced = scores.voiced(out_16k)
    count = min(len(voiced), len(active))
    return measure(voiced[:count], active[:count])


def _by_10_ms(marks: np.ndarray, rate: int) -> np.ndarray:
    step = rate // 100
    return marks[: len(marks) // step * step].reshape(-1, step).any(axis=1)
