"""The acoustic bench: our canceller beside real libwebrtc, on the same recordings.

    python bench.py [--cancel BIN] [--quick] [--unseen] [--case WORDS] [--starts N] [--out report.json] [--keep FOLDER]

Figures, never a test: what misses the bar is marked, and the exit code is 0. Every recording is made from
fixed seeds, so the same programs give the same figures.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

try:
    import numpy as np
    import soundfile

    import bar
    import figures
    import measures
    import scene
    from cancellers import WAYS, Failed, Libwebrtc, Ours
    from cases import BOTH, CASES, FAR, NEAR, OPENING, UNSEEN, Case
except ImportError as missing:
    sys.exit(f"error: {missing}. Its packages are installed by: cargo xtask bench --only acoustics")

STARTS = 3


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Our echo canceller beside real libwebrtc.")
    parser.add_argument("--cancel", type=Path, metavar="BIN", help="our canceller's offline tool; without it libwebrtc alone")
    parser.add_argument("--quick", action="store_true", help="a dozen cases, one start each")
    parser.add_argument("--unseen", action="store_true", help="only the cases that nothing was tuned on")
    parser.add_argument("--case", default="", metavar="WORDS", help="only cases whose name holds these words")
    parser.add_argument("--starts", type=int, metavar="N", help=f"averaged places where the speech begins ({STARTS}; 1 with --quick)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write every figure as JSON")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the recordings to listen to")
    return parser.parse_args(words)


def main() -> None:
    asked = arguments()
    every = UNSEEN if asked.unseen else CASES + UNSEEN
    chosen = [case for case in every if asked.case in case.name and (case.quick or not asked.quick)]
    starts = asked.starts or (1 if asked.quick else STARTS)
    for program in ("flite", "espeak-ng"):
        if not shutil.which(program):
            sys.exit(f"error: {program} is missing. It is installed by: cargo xtask bench --only acoustics")
    if not chosen:
        sys.exit(f"error: no case's name holds {asked.case!r}")
    try:
        cancellers = [Libwebrtc()] + ([Ours(asked.cancel)] if asked.cancel else [])
        begun = time.monotonic()
        rows = measure(chosen, starts, cancellers, asked.keep)
    except (Failed, OSError) as error:
        sys.exit(f"error: {error}")
    both = len(cancellers) == 2
    judged = []
    for unseen, title in ((False, ""), (True, "unseen: ")):
        part = [row for row in rows if row["unseen"] == unseen]
        if not part:
            continue
        print(tables(part, both, title))
        if both:
            lines = [replace(line, what=title + line.what) for line in bar.lines(part)]
            print(verdicts(lines))
            judged += lines
    print(f"{len(chosen)} cases, {starts} start(s) each, in {time.monotonic() - begun:.0f} s")
    if asked.out:
        report = {"starts": starts, "rows": rows, "bar": [vars(line) for line in judged]}
        asked.out.write_text(json.dumps(without_nan(report), indent=1, allow_nan=False))


def measure(chosen: list[Case], starts: int, cancellers: list, keep: Path | None) -> list[dict]:
    """One row per case and way: the figures of each canceller, averaged over the starts."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(chosen):
            print(f"[{number + 1}/{len(chosen)}] {case.name}", file=sys.stderr, flush=True)
            scenes = [scene.build(case, start, Path(folder)) for start in range(starts)]
            for way in WAYS:
                row = {"case": case.name, "talk": case.talk, "way": way, "unseen": case.unseen}
                row["microphone"] = average([figures.of(case, one, one.mic) for one in scenes])
                for canceller in cancellers:
                    outs = [canceller.run(one, way) for one in scenes]
                    row[canceller.name] = average([figures.of(case, *pair) for pair in zip(scenes, outs)])
                    if keep:
                        save(keep / case.name.replace(" ", "-"), scenes[0], outs[0], f"{canceller.name}-{way}")
                rows.append(row)
    return rows


def without_nan(value):
    """JSON knows no NaN: what was not measured is null."""
    if isinstance(value, dict):
        return {name: without_nan(one) for name, one in value.items()}
    if isinstance(value, list):
        return [without_nan(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def average(found: list[dict[str, float]]) -> dict[str, float]:
    return {name: measures.mean(one[name] for one in found) for name in found[0]}


def save(folder: Path, one: scene.Scene, out: np.ndarray, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    signals = {"far": one.far, "mic": one.mic, "near": one.near, name.replace(" ", ""): out}
    for name, signal in signals.items():
        soundfile.write(folder / f"{name}.wav", np.clip(signal, -1, 1), one.rate)


def tables(rows: list[dict], both: bool, title: str) -> str:
    """Of each kind of talk and each way a table; a cell is `ours / libwebrtc`."""
    text = []
    for talk in (FAR, NEAR, BOTH, OPENING):
        for way in WAYS:
            here = [row for row in rows if row["talk"] == talk and row["way"] == way]
            if not here:
                continue
            names = [name for name in figures.COLUMNS[talk] if any(name in row["libwebrtc"] for row in here)]
            heard = "ours / libwebrtc" if both else "libwebrtc"
            if talk != FAR:
                heard += " (microphone)"
            lines = [[f"{title}{talk}, {way}: {heard}"] + [figures.TITLES[name] for name in names]]
            for row in here + ([mean_of(here)] if len(here) > 1 else []):
                lines.append([row["case"]] + [cell(row, name, talk) for name in names])
            text += [columns(lines), ""]
    return "\n".join(text)


def mean_of(rows: list[dict]) -> dict:
    sides = [side for side in ("microphone", "libwebrtc", "ours") if side in rows[0]]
    names = {name for row in rows for name in row["libwebrtc"]}
    means = {side: {name: measures.mean(row[side].get(name) for row in rows) for name in names} for side in sides}
    return {"case": "mean", **means}


def cell(row: dict, name: str, talk: str) -> str:
    digits = 1 if name in ("opening", "early", "settled", "jump", "kept", "false", "false_early", "missed") else 2
    sides = [row[side].get(name, np.nan) for side in ("ours", "libwebrtc") if side in row]
    if not any(np.isfinite(sides)):
        return ""
    text = " / ".join(f"{value:.{digits}f}" for value in sides)
    return text if talk == FAR else f"{text} ({row['microphone'].get(name, np.nan):.{digits}f})"


def verdicts(judged: list[bar.Line]) -> str:
    lines = [["bar", "ours", "libwebrtc", "to reach", "", ""]]
    for line in judged:
        theirs = "" if line.libwebrtc is None else f"{line.libwebrtc:.2f}"
        reached = "ok" if line.reached else "MISSED"
        lines.append([line.what, f"{line.ours:.2f}", theirs, f">= {line.at_least:.2f}", reached, line.note])
    return columns(lines) + "\n"


def columns(lines: list[list[str]]) -> str:
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip() for line in lines)


if __name__ == "__main__":
    main()
