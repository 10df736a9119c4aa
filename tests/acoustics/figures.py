"""Which figures a case gives, and for which seconds of it."""

import numpy as np

import measures
import scores
import speech
from cases import BOTH, FAR, JUMPS, NEAR, OPENING, STARTS, Case
from scene import Scene

# An echo this far below its loudest 20 ms does not count as one.
ECHO_ACTIVE_DB = -35.0

# Seconds of the far end in which nothing need have been heard of the path, and end of its first words.
UNHEARD, OPENED = 0.3, 1.0
# Seconds of a near end that speaks over the far end's first words.
HELLO = 2.0

TITLES = {
    "opening": "ERLE s 0.3-1",
    "early": "ERLE s 1-4",
    "settled": "ERLE from s 15",
    "jump": "ERLE after jump",
    "echo": "AECMOS echo",
    "degradation": "AECMOS degr.",
    "kept": "near level dB",
    "stoi": "STOI",
    "pesq": "PESQ",
    "false": "false voice %",
    "false_early": "same s 0.3-4",
    "missed": "missed voice %",
}
COLUMNS = {
    FAR: ("opening", "early", "settled", "jump", "echo", "false", "false_early"),
    NEAR: ("kept", "stoi", "pesq", "degradation", "missed"),
    BOTH: ("early", "kept", "stoi", "pesq", "echo", "degradation", "missed"),
    OPENING: ("kept", "stoi", "missed"),
}


def of(case: Case, scene: Scene, out: np.ndarray) -> dict[str, float]:
    """The figures of COLUMNS for a recording `out` as long as the scene."""
    rate = scene.rate
    far, mic, out_16k = (scores.at_16k(signal, rate) for signal in (scene.far, scene.mic, out))
    found: dict[str, float] = {}
    echoes = speech.activity(scene.echo, rate, ECHO_ACTIVE_DB)
    if case.talk in (FAR, BOTH):
        found["early"] = measures.erle(scene.mic, out, echoes, rate, 1, 4)
    if case.talk == FAR:
        found["opening"] = measures.erle(scene.mic, out, echoes, rate, UNHEARD, OPENED)
        found["settled"] = measures.erle(scene.mic, out, echoes, rate, 15, case.seconds)
        if case.jump_ms:
            found["jump"] = measures.erle(scene.mic, out, echoes, rate, JUMPS + 0.3, JUMPS + 3)
        found["echo"], _ = scores.echo_and_degradation("st", far, mic, out_16k)
        active = _by_10_ms(echoes, rate)
        for name, begin, end in (("false", 1, case.seconds), ("false_early", UNHEARD, 4)):
            here = np.zeros_like(active)
            here[int(begin * 100) : int(end * 100)] = True
            found[name] = _share(measures.false_share, out_16k, active & here)
        return found
    if case.talk == OPENING:
        return found | _hello(scene, out)
    # In double talk the first second belongs to the canceller.
    begin = STARTS[BOTH] if case.talk == BOTH else 1.0
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


def _hello(scene: Scene, out: np.ndarray) -> dict[str, float]:
    rate = scene.rate
    near = np.roll(scene.near, measures.lag(scene.near, out, rate))
    first = slice(int(STARTS[OPENING] * rate), int((STARTS[OPENING] + HELLO) * rate))
    near, out = near[first], out[first]
    near_16k, out_16k = (scores.at_16k(signal, rate) for signal in (near, out))
    active = _by_10_ms(speech.activity(near, rate, -25), rate)
    return {
        "kept": measures.kept(near, out, rate),
        "stoi": scores.stoi(near_16k, out_16k),
        "missed": _share(measures.missed_share, out_16k, active),
    }


def _share(measure, out_16k: np.ndarray, active: np.ndarray) -> float:
    voiced = scores.voiced(out_16k)
    count = min(len(voiced), len(active))
    return measure(voiced[:count], active[:count])


def _by_10_ms(marks: np.ndarray, rate: int) -> np.ndarray:
    step = rate // 100
    return marks[: len(marks) // step * step].reshape(-1, step).any(axis=1)
