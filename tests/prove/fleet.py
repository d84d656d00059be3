"""Sensors that are made up, with faults that begin at a moment of their own: what supervision is proved on.

A sensor here is what it says of itself, a heartbeat each two seconds; there are no samples behind it. Everything random
comes from the seed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import pi, sin
from typing import Any, Final

import numpy as np

from api.alarms import AlarmKind
from detector.wire import Batch, Heartbeat, Listened

__all__ = ["BEAT_S", "CONTROL", "FAULTS", "LIMITS_S", "FakeSensor", "site_of"]

BEAT_S: Final = 2.0
VISIT_S: Final = 15.0
"""From one visit of the reference carrier to the next."""

RATE_HZ: Final = 2.4e6
CENTRE_HZ: Final = 897e6
REFERENCE_HZ: Final = 98.2e6
CONTROL: Final = "healthy"

Change = Callable[["FakeSensor", Heartbeat, float], Heartbeat]


def changed(**fields: object) -> Change:
    """A fault that replaces what a heartbeat says."""
    return lambda _sensor, beat, _share: replace(beat, **fields)  # type: ignore[arg-type]


def clipped(_sensor: "FakeSensor", beat: Heartbeat, share: float) -> Heartbeat:
    """Half of the samples are clipped, of those since the fault."""
    return replace(beat, clipped_share=0.5 * share)


def jammed(_sensor: "FakeSensor", beat: Heartbeat, _share: float) -> Heartbeat:
    """The noise floor rises by 12 dB."""
    return replace(beat, noise_floor_dbfs=(beat.noise_floor_dbfs or 0.0) + 12)


def deaf(_sensor: "FakeSensor", beat: Heartbeat, _share: float) -> Heartbeat:
    """The noise floor falls by 15 dB."""
    return replace(beat, noise_floor_dbfs=(beat.noise_floor_dbfs or 0.0) - 15)


def losing(sensor: "FakeSensor", beat: Heartbeat, _share: float) -> Heartbeat:
    """Detections are lost, more with each heartbeat."""
    sensor.lost += 3
    return replace(beat, lost=sensor.lost)


FAULTS: Final[Mapping[str, tuple[AlarmKind, Change | None]]] = {
    "dead": (AlarmKind.DEAD, None),
    "frozen": (AlarmKind.FROZEN, None),
    "slow": (AlarmKind.SLOW, None),
    "antenna": (AlarmKind.ANTENNA, None),
    "saturated": (AlarmKind.SATURATED, clipped),
    "jammed": (AlarmKind.JAMMED, jammed),
    "deaf": (AlarmKind.FELL, deaf),
    "clock-ahead": (AlarmKind.CLOCK, None),
    "clock-behind": (AlarmKind.CLOCK, None),
    "clock-unsure": (AlarmKind.CLOCK, changed(clock_error_s=5.0)),
    "losing": (AlarmKind.LOST, losing),
    "complaining": (AlarmKind.OWN, changed(alarm="receiver-gone")),
}
"""What goes wrong, by the name of the sensor at which it does; those without a change are played by the sensor itself."""

LIMITS_S: Final[Mapping[AlarmKind, float]] = {kind: 30.0 for kind, _ in FAULTS.values()} | {
    AlarmKind.SATURATED: 10.0,
    AlarmKind.FROZEN: 10.0,
}


@dataclass
class FakeSensor:
    """A sensor and what it says; faulty from a time on [s], if at all."""

    name: str
    rng: np.random.Generator
    begins: datetime
    fault_s: float = float("inf")
    samples: int = 0
    lost: int = 0
    sequence: int = 0
    boot: str = "boot-1"
    read_s: float = 0.0
    visit_s: float = field(default=-1.0)
    reference_dbfs: float = -30.0

    def batch(self, at_s: float, *, beat_s: float = BEAT_S) -> Batch | None:
        """What it sends at a time, as of its own clock; None if it is silent."""
        broken = at_s >= self.fault_s
        if broken and self.name == "dead":
            return None
        ahead_s = {"clock-ahead": 30.0, "clock-behind": -30.0}.get(self.name, 0.0) if broken else 0.0
        self.sequence += 1
        return Batch(
            sensor=self.name,
            boot=self.boot,
            sequence=self.sequence,
            sent_utc=self.begins + timedelta(seconds=at_s + ahead_s),
            heartbeat=self.heartbeat(at_s, beat_s=beat_s),
        )

    def heartbeat(self, at_s: float, **fields: Any) -> Heartbeat:
        """How it fares at a time."""
        beat_s = fields.pop("beat_s", BEAT_S)
        share = min(1.0, max(0.0, at_s - self.fault_s) / beat_s)
        self._read(at_s)
        self._visit(at_s)
        told: dict[str, Any] = {
            "samples": self.samples,
            "sample_rate_hz": RATE_HZ,
            "centre_hz": CENTRE_HZ,
            "noise_floor_dbfs": -61.0 + float(self.rng.normal(0, 0.2)),
            "gaps": 0,
            "clipped_share": 0.0,
            "queue": 0,
            "profile": "sha256:0",
            "gain_db": 40.0,
            "clock_error_s": 0.005,
            "reference_hz": REFERENCE_HZ,
            "reference_dbfs": self.reference_dbfs,
            "listened": (Listened(centre_hz=CENTRE_HZ, bandwidth_hz=RATE_HZ, seconds=beat_s),),
        }
        beat = Heartbeat(**told | fields)
        change = FAULTS[self.name][1] if self.name in FAULTS else None
        return change(self, beat, share) if change is not None and at_s >= self.fault_s else beat

    def _read(self, at_s: float) -> None:
        """Read what was received since the last time."""
        rate = {"frozen": 0.0, "slow": 0.5}.get(self.name, 1.0)
        well_s = max(0.0, min(at_s, self.fault_s) - self.read_s)
        ill_s = max(0.0, at_s - max(self.read_s, self.fault_s))
        self.samples += round(RATE_HZ * (well_s + rate * ill_s))
        self.read_s = at_s

    def _visit(self, at_s: float) -> None:
        """Measure the reference carrier, if it is time."""
        if self.visit_s < 0 or at_s - self.visit_s >= VISIT_S:
            lost_db = 20.0 if self.name == "antenna" and at_s >= self.fault_s else 0.0
            fading_db = 2 * sin(2 * pi * at_s / 600)
            self.reference_dbfs = -30.0 + fading_db + float(self.rng.normal(0, 0.5)) - lost_db
            self.visit_s = at_s


def site_of(names: tuple[str, ...], *, more: str = "") -> str:
    """A site of one wing with these sensors, and a reference carrier."""
    sensors = "".join(
        f'[[sensor]]\nname = "{name}"\nwing = "A"\nplace_m = [{x}, 0, 0]\n' for x, name in enumerate(names)
    )
    head = 'name = "Watched"\ncountry = "FR"\ntime_zone = "Europe/Paris"\n[[wing]]\nname = "A"\ntitle = "A"\n'
    return f'{head}{sensors}[[reference]]\nname = "broadcast"\nfrequency_mhz = {REFERENCE_HZ / 1e6}\n{more}'
