"""How sensors and wings stand, judged from what was last heard of them. Pure; the time is passed in.

Quiet is a claim, made only while somebody listens: a wing whose sensors are silent is stale or blind, never quiet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from api.clocks import ClockMark, clock_offset_us
from detector.wire import Batch, Heartbeat

__all__ = [
    "BandStanding",
    "SensorState",
    "SensorStatus",
    "WingCounts",
    "WingState",
    "heard",
    "sensor_state",
    "wing_state",
]


class SensorState(StrEnum):
    """Whether a sensor listens."""

    FRESH = "fresh"
    STALE = "stale"
    NEVER = "never"
    CLOCK = "clock"  # it listens, but its clock is wrong


class WingState(StrEnum):
    """What is known of a wing at this moment."""

    QUIET = "quiet"
    ALERT = "alert"
    BLIND = "blind"
    DEGRADED = "degraded"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class BandStanding:
    """How one band of a wing stands.

    Parameters
    ----------
    name
        Empty for all that the wing's sensors listen to, where no band can be named.
    why
        A few words, without a full stop.
    heard_share
        How much of the band was listened to within one round of the plan.
    sensors, hearing
        Sensors that are to hear it, and how many of them do.
    """

    name: str
    state: WingState
    why: str
    heard_share: float
    sensors: int
    hearing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorStatus:
    """The last that a sensor said of itself.

    Parameters
    ----------
    boot, sequence
        Of the batch that brought its latest heartbeat.
    seen_us
        When its latest heartbeat was made or came, whichever is earlier, microseconds since 1970: a wait in a queue does
        not make a sensor look fresh. When it came, if its clock is wrong.
    flowed_us
        ``seen_us`` of the latest heartbeat in which samples had grown; None if there was none.
    sent_us, received_us
        When its latest heartbeat was made, by the sensor's clock, and when it came, by the hub's.
    offset_us
        How far its clock is ahead, negative if behind; 0 while it is right, or not known to be wrong.
    """

    name: str
    boot: str
    sequence: int
    seen_us: int
    flowed_us: int | None
    sent_us: int
    received_us: int
    offset_us: int
    heartbeat: Heartbeat

    @property
    def mark(self) -> ClockMark:
        """The latest comparison of its clock with the hub's."""
        return ClockMark(sent_us=self.sent_us, received_us=self.received_us, offset_us=self.offset_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class WingCounts:
    """Alerts of a wing."""

    active: int = 0
    unacknowledged: int = 0
    last_us: int | None = None


def heard(batch: Batch, known: SensorStatus | None, *, mark: ClockMark, clock_limit_us: int) -> SensorStatus | None:
    """What is known of a sensor after one more batch; None if it brought nothing newer.

    Parameters
    ----------
    mark
        When the batch was made and when it came.
    clock_limit_us
        A clock that is off by no more than this is right.
    """
    beat = batch.heartbeat
    if beat is None or (known is not None and is_older(batch, known, mark)):
        return None
    before = known if known is not None and known.boot == batch.boot else None
    offset_us = clock_offset_us(mark, None if before is None else before.mark, limit_us=clock_limit_us)
    seen_us = mark.received_us if offset_us else min(mark.sent_us, mark.received_us)
    flows = beat.samples > (0 if before is None else before.heartbeat.samples)
    before_us = known.flowed_us if known is not None else None
    return SensorStatus(
        name=batch.sensor,
        boot=batch.boot,
        sequence=batch.sequence,
        seen_us=seen_us,
        flowed_us=seen_us if flows else before_us,
        sent_us=mark.sent_us,
        received_us=mark.received_us,
        offset_us=offset_us,
        heartbeat=beat,
    )


def is_older(batch: Batch, known: SensorStatus, mark: ClockMark) -> bool:
    """Whether a batch tells less than what is known: by its number within a boot, by the clock between two of them."""
    if batch.boot == known.boot:
        return batch.sequence < known.sequence
    return mark.sent_us < min(known.sent_us, known.received_us)


def sensor_state(status: SensorStatus | None, *, now_us: int, stale_after_us: int) -> SensorState:
    """Whether a sensor listens: it spoke, and samples flowed, within the last ``stale_after_us``."""
    if status is None:
        return SensorState.NEVER
    if status.flowed_us is None or now_us - status.flowed_us > stale_after_us:
        return SensorState.STALE
    return SensorState.CLOCK if status.offset_us else SensorState.FRESH


def wing_state(
    sensors: Mapping[str, SensorState], counts: WingCounts, bands: Sequence[BandStanding] = ()
) -> tuple[WingState, str]:
    """How a wing stands, and why in one plain sentence.

    Parameters
    ----------
    sensors
        State of each sensor that stands in the wing, by its name.
    bands
        How each of its bands stands; the wing is quiet only where all of them are.
    """
    listening = listening_of(sensors)
    if counts.active:
        phones = "A phone is" if counts.active == 1 else f"{counts.active} phones are"
        return WingState.ALERT, f"{phones} heard; {listening}."
    if not sensors:
        return WingState.BLIND, "No sensor stands in this wing."
    if all(state is SensorState.NEVER for state in sensors.values()):
        return WingState.BLIND, "No sensor of this wing was ever heard."
    if SensorState.FRESH not in sensors.values():
        undated = SensorState.CLOCK in sensors.values()
        return WingState.STALE, f"{'What is heard cannot be dated' if undated else 'Nobody listens'}: {listening}."
    if bands and all(band.state is WingState.BLIND for band in bands):
        return WingState.BLIND, f"Nothing can be heard: {told_of(bands)}."
    if worse := [band for band in bands if band.state not in (WingState.QUIET, WingState.ALERT)]:
        return WingState.DEGRADED, f"Not all is heard: {told_of(worse)}; {listening}."
    if any(state is not SensorState.FRESH for state in sensors.values()):
        return WingState.DEGRADED, f"Not all is heard: {listening}."
    return WingState.QUIET, f"No phone is heard; {listening}.{waiting(counts.unacknowledged)}"


def told_of(bands: Sequence[BandStanding]) -> str:
    """Why bands are not quiet, the same reason once."""
    by_reason: dict[str, list[str]] = {}
    for band in bands:
        by_reason.setdefault(band.why, []).append(band.name)
    return "; ".join(
        f"{' and '.join(name for name in names if name)}: {why}" if any(names) else why
        for why, names in by_reason.items()
    )


def listening_of(sensors: Mapping[str, SensorState]) -> str:
    """How many of a wing's sensors listen, and what is wrong with the others."""
    fresh = sum(state is SensorState.FRESH for state in sensors.values())
    told = f"{fresh} of {len(sensors)} sensors listening"
    if silent := [name for name, state in sensors.items() if state in (SensorState.STALE, SensorState.NEVER)]:
        told += f", nothing from {' and '.join(silent)}"
    if wrong := [name for name, state in sensors.items() if state is SensorState.CLOCK]:
        told += f", wrong clock at {' and '.join(wrong)}"
    return told


def waiting(unacknowledged: int) -> str:
    """What still waits for a person, as a sentence behind another one."""
    if not unacknowledged:
        return ""
    alerts = "1 past alert waits" if unacknowledged == 1 else f"{unacknowledged} past alerts wait"
    return f" {alerts} for a person."
