"""What has to be reached: libwebrtc everywhere, and more than libwebrtc in double talk."""

from dataclasses import dataclass

import numpy as np

import measures
from cancellers import NOISE, WAYS
from cases import BOTH, FAR, NEAR, OPENING

# How much worse than libwebrtc a single case may be, by figure.
SLACK = {"early": 1.0, "settled": 1.0, "jump": 1.0, "kept": 1.0}
DEGRADATION, ECHO = 3.0, 4.3
# Of the near end's level, in dB, when it speaks over the far end's first words.
HELLO = -6.0


@dataclass(frozen=True)
class Line:
    what: str
    ours: float
    libwebrtc: float | None
    """The same figure for libwebrtc, where it has one."""
    at_least: float
    note: str = ""

    @property
    def reached(self) -> bool:
        return round(self.ours, 2) >= round(self.at_least, 2)


def lines(rows: list[dict]) -> list[Line]:
    """Judges the rows of a report that holds both cancellers."""
    found = []
    for way in WAYS:
        for talk, figure, unit in (
            (FAR, "early", "ERLE s 1-4, dB"),
            (FAR, "settled", "ERLE from s 15, dB"),
            (FAR, "jump", "ERLE after a jump, dB"),
            (NEAR, "kept", "near alone, level dB"),
        ):
            found += _beside(rows, way, talk, figure, f"{unit} ({way})")
    for group, title in (("both equal", "equal loudness"), ("near +10 dB", "near 10 dB louder")):
        # What a call runs with has noise suppression on.
        for figure, bar in (("degradation", DEGRADATION), ("echo", ECHO)):
            pairs = [pair for pair in _pairs(rows, NOISE, BOTH, figure) if pair[0].startswith(group)]
            if pairs:
                ours, theirs = (measures.mean(pair[side] for pair in pairs) for side in (1, 2))
                worst = min(pairs, key=lambda pair: pair[1])
                what = f"double talk, {title}, {figure} (AECMOS, {NOISE})"
                note = f"lowest {worst[1]:.2f} in {worst[0]}"
                found.append(Line(what, ours, theirs, bar, note))
    return found + _opening(rows)


def _opening(rows: list[dict]) -> list[Line]:
    """The first words of a call: nothing of them is taken for a voice, and who speaks over them is heard."""
    found = []
    pairs = _pairs(rows, NOISE, FAR, "false_early")
    if pairs:
        ours, theirs = (-max(pair[side] for pair in pairs) for side in (1, 2))
        worst = max(pairs, key=lambda pair: pair[1])
        found.append(Line(f"echo taken for a voice, s 0.3-4, worst, -% ({NOISE})", ours, theirs, 0.0, f"in {worst[0]}"))
    pairs = _pairs(rows, NOISE, OPENING, "kept")
    if pairs:
        ours, theirs = (min(pair[side] for pair in pairs) for side in (1, 2))
        worst = min(pairs, key=lambda pair: pair[1])
        found.append(Line(f"first words, near level dB, worst ({NOISE})", ours, theirs, HELLO, f"in {worst[0]}"))
    return found


def _beside(rows: list[dict], way: str, talk: str, figure: str, what: str) -> list[Line]:
    pairs = _pairs(rows, way, talk, figure)
    if not pairs:
        return []
    ours, theirs = (measures.mean(pair[side] for pair in pairs) for side in (1, 2))
    worst = min(pairs, key=lambda pair: pair[1] - pair[2])
    lost = worst[1] - worst[2]
    slack = SLACK[figure]
    return [
        Line(f"mean {what}", ours, theirs, theirs),
        Line(f"worst case beside libwebrtc, {what}", lost, None, -slack, f"in {worst[0]}"),
    ]


def _pairs(rows: list[dict], way: str, talk: str, figure: str) -> list[tuple[str, float, float]]:
    """Name, our figure, libwebrtc's, of each case that has both."""
    pairs = []
    for row in rows:
        if row["way"] == way and row["talk"] == talk and "ours" in row:
            pair = (row["case"], row["ours"].get(figure, np.nan), row["libwebrtc"].get(figure, np.nan))
            if np.isfinite(pair[1]) and np.isfinite(pair[2]):
                pairs.append(pair)
    return pairs
