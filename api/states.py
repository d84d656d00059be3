"""How sensors and wings stand, judged from what was last heard of them. Pure; the time is passed in.

Quiet is a claim, made only while somebody listens: a wing whose sensors are silent is stale or blind, never quiet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from detector.wire import Batch, Heartbeat

__all__ = ["SensorState", "SensorStatus", "WingCounts", "WingState", "heard", "sensor_state", "wing_state"]


class SensorState(StrEnum):
    """Whether a sensor listens."""

    FRESH = "fresh"
    STALE = "stale"
    NEVER = "never"


class WingState(StrEnum):
    """What is known of a wing at this moment."""

    QUIET = "quiet"
    ALERT = "alert"
    BLIND = "blind"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorStatus:
    """The last that a sensor said of itself.

    Parameters
    ----------
    seen_us
        When its latest heartbeat was made or came, whichever is earlier, microseconds since 1970: neither a clock that is
        ahead nor a wait in a queue makes a sensor look fresh.
    flowed_us
        ``seen_us`` of the latest heartbeat in which samples had grown; None if there was none.
    """

    name: str
    boot: str
    seen_us: int
    flowed_us: int | None
    heartbeat: Heartbeat


@dataclass(frozen=True, slots=True, kw_only=True)
class WingCounts:
    """Alerts of a wing."""

    active: int = 0
    unacknowledged: int = 0
    last_us: int | None = None


def heard(batch: Batch, known: SensorStatus | None, *, sent_us: int, now_us: int) -> SensorStatus | None:
    """What is known of a sensor after one more batch; None if it brought nothing newer.

    Parameters
    ----------
    sent_us
        When the batch was made, by the sensor's clock.
    now_us
        When it came.
    """
    beat = batch.heartbeat
    if beat is None or (known is not None and sent_us < known.seen_us):
        return None
    seen_us = min(sent_us, now_us)
    same_boot = known is not None and known.boot == batch.boot
    flows = beat.samples > (known.heartbeat.samples if known is not None and same_boot else 0)
    before_us = known.flowed_us if known is not None else None
    return SensorStatus(
        name=batch.sensor,
        boot=batch.boot,
        seen_us=seen_us,
        flowed_us=seen_us if flows else before_us,
        heartbeat=beat,
    )


def sensor_state(status: SensorStatus | None, *, now_us: int, stale_after_us: int) -> SensorState:
    """Whether a sensor listens: it spoke, and samples flowed, within the last ``stale_after_us``."""
    if status is None:
        return SensorState.NEVER
    flows = status.flowed_us is not None and now_us - status.flowed_us <= stale_after_us
    return SensorState.FRESH if flows else SensorState.STALE


def wing_state(sensors: Mapping[str, SensorState], counts: WingCounts) -> tuple[WingState, str]:
    """How a wing stands, and why in one plain sentence.

    Parameters
    ----------
    sensors
        State of each sensor that stands in the wing, by its name.
    """
    fresh = [name for name, state in sensors.items() if state is SensorState.FRESH]
    silent = [name for name, state in sensors.items() if state is not SensorState.FRESH]
    listening = f"{len(fresh)} of {len(sensors)} sensors listening"
    if silent:
        listening += f", nothing from {' and '.join(silent)}"
    if counts.active:
        phones = "A phone is" if counts.active == 1 else f"{counts.active} phones are"
        return WingState.ALERT, f"{phones} heard; {listening}."
    if not sensors:
        return WingState.BLIND, "No sensor stands in this wing."
    if all(state is SensorState.NEVER for state in sensors.values()):
        return WingState.BLIND, "No sensor of this wing was ever heard."
    if not fresh:
        return WingState.STALE, f"Nobody listens: {listening}."
    waiting = f" {counts.unacknowledged} past alerts wait for a person." if counts.unacknowledged else ""
    return WingState.QUIET, f"No phone is heard; {listening}.{waiting}"
