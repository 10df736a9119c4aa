"""The cases of the bench, one a row. Levels are active speech levels (speech.py)."""

from dataclasses import dataclass, replace

FAR, NEAR, BOTH, OPENING = "far-only", "near-only", "double talk", "first words"

# Seconds: where the near end starts to speak in double talk and over the far end's first words, and
# where an echo path jumps.
STARTS = {NEAR: 0.0, BOTH: 12.0, OPENING: 0.3}
JUMPS = 12.0
SECONDS = {FAR: 24.0, NEAR: 14.0, BOTH: 24.0, OPENING: 8.0}


@dataclass(frozen=True)
class Case:
    name: str
    talk: str
    rt60: float = 0.35
    """Reverberation time of the room, in seconds."""
    delay_ms: float = 60.0
    """From the reference to the direct sound at the microphone."""
    rate: int = 48_000
    """Of both recordings, in Hz."""
    echo_db: float | None = -6.0
    """Level of the echo at the microphone over the level of the far end; None: headphones, no echo."""
    near_db: float = 0.0
    """Level of the near end over the echo."""
    drive: float = 0.0
    """How hard the loudspeaker clips: 0 not at all, 1 a little, 4 badly."""
    drift_ppm: float = 0.0
    """How much faster the microphone's clock runs than the loudspeaker's."""
    jump_ms: float = 0.0
    """How much later the echo comes from JUMPS on."""
    fan_dbfs: float | None = None
    """A fan beside the microphone; without one the room's noise is -69 dBFS."""
    hum_dbfs: float | None = None
    """Hum of the mains at 50 Hz and its odd harmonics."""
    room: str = "office"
    """Which of scene.ROOMS."""
    far: str = "far"
    """Whose voice is played: one of speech.SPEAKERS, or "music"."""
    near: str = "near"
    """Who speaks at the microphone: one of speech.SPEAKERS."""
    quick: bool = False
    """Whether `--quick` keeps it."""
    unseen: bool = False
    """Nothing of the canceller was ever tuned on it; it is reported apart."""

    @property
    def seconds(self) -> float:
        return SECONDS[self.talk]


# fmt: off
CASES = (
    Case("far, room 0.2 s",                FAR,  rt60=0.2, quick=True),
    Case("far, room 0.35 s",               FAR),
    Case("far, room 0.5 s",                FAR,  rt60=0.5),
    Case("far, room 0.8 s",                FAR,  rt60=0.8, quick=True),
    Case("far, delay 10 ms",               FAR,  delay_ms=10),
    Case("far, delay 150 ms",              FAR,  delay_ms=150),
    Case("far, delay 300 ms",              FAR,  delay_ms=300, quick=True),
    Case("far, 16 kHz",                    FAR,  rate=16_000, quick=True),
    Case("far, 16 kHz, room 0.8 s",        FAR,  rate=16_000, rt60=0.8),
    Case("far, drift +100 ppm",            FAR,  drift_ppm=100, quick=True),
    Case("far, drift -100 ppm, room 0.5",  FAR,  drift_ppm=-100, rt60=0.5),
    Case("far, jump +80 ms",               FAR,  jump_ms=80, quick=True),
    Case("far, jump -40 ms, delay 120",    FAR,  jump_ms=-40, delay_ms=120),
    Case("far, loudspeaker clips",         FAR,  drive=1.0),
    Case("far, loudspeaker overdriven",    FAR,  drive=4.0, quick=True),
    Case("far, fan -50 dBFS",              FAR,  fan_dbfs=-50, quick=True),
    Case("far, loud echo +6 dB",           FAR,  echo_db=6),
    Case("far, all at once",               FAR,  rt60=0.5, delay_ms=120, drive=1.0, drift_ppm=50, fan_dbfs=-55),

    Case("near, room 0.35 s",              NEAR, quick=True),
    Case("near, room 0.8 s",               NEAR, rt60=0.8),
    Case("near, 16 kHz, fan -50 dBFS",     NEAR, rate=16_000, fan_dbfs=-50),

    Case("both equal, room 0.2 s",         BOTH, rt60=0.2),
    Case("both equal, room 0.35 s",        BOTH, quick=True),
    Case("both equal, room 0.5 s",         BOTH, rt60=0.5, delay_ms=120),
    Case("both equal, 16 kHz",             BOTH, rate=16_000),
    Case("both equal, clips, fan",         BOTH, drive=1.0, fan_dbfs=-55),
    Case("both equal, drift +100 ppm",     BOTH, drift_ppm=100),
    Case("near +10 dB, room 0.2 s",        BOTH, rt60=0.2, near_db=10),
    Case("near +10 dB, room 0.35 s",       BOTH, near_db=10, quick=True),
    Case("near +10 dB, room 0.8 s",        BOTH, rt60=0.8, near_db=10),
    Case("near +10 dB, 16 kHz, clips",     BOTH, rate=16_000, drive=1.0, near_db=10, quick=True),

    Case("hello, equal, room 0.35 s",      OPENING, quick=True),
    Case("hello, +6 dB, delay 150 ms",     OPENING, delay_ms=150, near_db=6),
    Case("hello, headphones",              OPENING, echo_db=None, quick=True),
)

# Written before the canceller was ever run on them, and never tuned on: to see what tuning is worth.
UNSEEN = tuple(
    replace(case, unseen=True)
    for case in (
        Case("far, hall 1.2 s",                FAR,  room="hall", rt60=1.2),
        Case("far, strangers, booth 0.12 s",   FAR,  room="booth", rt60=0.12, delay_ms=35, far="far stranger"),
        Case("far, music",                     FAR,  far="music"),
        Case("far, music, drift -60 ppm",      FAR,  rt60=0.5, far="music", drift_ppm=-60),
        Case("far, strangers, hum -45 dBFS",   FAR,  far="far stranger", hum_dbfs=-45),
        Case("far, strangers, clips, drift",   FAR,  rt60=0.3, delay_ms=220, far="far stranger", drive=0.7, drift_ppm=35),

        Case("near, stranger, hum -50 dBFS",   NEAR, near="near stranger", hum_dbfs=-50),
        Case("near, stranger, hall 1.2 s",     NEAR, room="hall", rt60=1.2, near="near stranger"),

        Case("both equal, strangers, hall",    BOTH, room="hall", rt60=0.6, far="far stranger", near="near stranger"),
        Case("both equal, music",              BOTH, far="music", near="near stranger"),
        Case("both equal, strangers, hum",     BOTH, delay_ms=95, drift_ppm=-60, hum_dbfs=-50, far="far stranger", near="near stranger"),
        Case("near +10 dB, hall 1.2 s",        BOTH, room="hall", rt60=1.2, near_db=10, near="near stranger"),
        Case("near +10 dB, strangers, booth",  BOTH, room="booth", rt60=0.12, delay_ms=35, near_db=10, far="far stranger", near="near stranger"),

        Case("hello, equal, strangers",        OPENING, rt60=0.5, delay_ms=100, far="far stranger", near="near stranger"),
        Case("hello, headphones, strangers",   OPENING, echo_db=None, far="far stranger", near="near stranger", hum_dbfs=-55),
    )
)
# fmt: on
