"""The cases of the bench, one a row. Levels are active speech levels (speech.py)."""

from dataclasses import dataclass

FAR, NEAR, BOTH = "far-only", "near-only", "double talk"

# Seconds: where the near end starts to speak in double talk, and where an echo path jumps.
NEAR_STARTS = 12.0
JUMPS = 12.0


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
    echo_db: float = -6.0
    """Level of the echo at the microphone over the level of the far end."""
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
    quick: bool = False
    """Whether `--quick` keeps it."""

    @property
    def seconds(self) -> float:
        return 14.0 if self.talk == NEAR else 24.0


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
)
# fmt: on
