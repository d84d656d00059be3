"""What is remembered of a sensor from one heartbeat to the next, so that it can be watched. Pure; the time is passed in.

All of it outlives the hub: it is stored with the heartbeat that it was made of.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from api.levels import Bounds, Level, LevelKind, Side, known_as, learned, merged_into
from api.states import SensorStatus
from detector.wire import Listened

__all__ = ["BEGINNING", "Run", "Sign", "Tuned", "Watch", "WatchRules", "heard_phone", "next_hour", "observed"]

MOST_TUNINGS: Final = 64
STEP_HZ: Final = 1e5


class Sign(StrEnum):
    """Something that each heartbeat shows to be so or not."""

    STILL = "still"  # no sample came since the last one
    SLOW = "slow"
    CLIPPED = "clipped"
    CLOCK = "clock"
    OWN = "own"  # the sensor complains itself
    LOST = "lost"
    UNVISITED = "unvisited"  # no reference carrier was measured


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRules:
    """When something is wrong with a sensor; see the settings of the same names. Times are microseconds."""

    stale_us: int
    dead_us: int
    frozen_us: int
    flow_share: float
    flow_us: int
    clip_share: float
    clip_us: int
    explained_us: int
    phone_us: int
    floor: Bounds
    floor_us: int
    reference: Bounds
    reference_us: int
    unvisited_us: int
    clock_error_s: float
    lost_us: int
    clear_us: int
    scan_us: int
    heard_share: float
    away_us: int
    grace_us: int
    test_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Since when a sign is there, or is not; ``fact`` is the number that says so."""

    sign: Sign
    bad: bool
    since_us: int
    fact: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """A tuning that a sensor listens on: when it last did, and for how long and in how many pieces within this hour."""

    centre_hz: float
    bandwidth_hz: float
    heard_us: int
    seconds: float
    pieces: int

    @property
    def span_hz(self) -> tuple[float, float]:
        """Both edges."""
        return self.centre_hz - self.bandwidth_hz / 2, self.centre_hz + self.bandwidth_hz / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is remembered of a sensor.

    Parameters
    ----------
    steady_us
        Since when its heartbeats come without a hole.
    phone_us
        When it last told of a phone.
    lost, lost_us
        Detections that it lost, as last told, and when that number last grew.
    anchor_samples, anchor_sent_us, anchor_received_us
        What was read when, by the sensor's clock and by the hub's: from there on the rate of samples is measured.
    hour_us, up_s, healthy_s
        The hour of which ``tunings`` tell, for how long heartbeats followed each other in it, and nothing was wrong.
    word
        What the sensor last complained of.
    """

    steady_us: int = 0
    phone_us: int = 0
    lost: int = 0
    lost_us: int = 0
    anchor_samples: int = 0
    anchor_sent_us: int = 0
    anchor_received_us: int = 0
    hour_us: int = 0
    up_s: float = 0.0
    healthy_s: float = 0.0
    word: str = ""
    runs: tuple[Run, ...] = ()
    levels: tuple[Level, ...] = ()
    tunings: tuple[Tuned, ...] = ()

    def run(self, sign: Sign) -> Run | None:
        """How it stands with a sign; None if no heartbeat told."""
        return next((run for run in self.runs if run.sign is sign), None)


BEGINNING: Final = Watch()


def observed(
    watch: Watch,
    status: SensorStatus,
    before: SensorStatus | None,
    *,
    jammed: bool,
    healthy: bool,
    referenced: bool,
    rules: WatchRules,
) -> Watch:
    """What is remembered after one more heartbeat.

    Parameters
    ----------
    status, before
        The sensor with this heartbeat, and with the one before.
    jammed
        Whether a declared jammer of the site is on where the sensor stands.
    healthy
        Whether no alarm of the sensor was open until now.
    referenced
        Whether the site names a reference carrier for the sensor.
    """
    same = before if before is not None and before.boot == status.boot else None
    followed_s = followed_for_s(status, same, rules)
    fresh = replace(
        watch,
        steady_us=steady_since(watch, status, before, rules),
        up_s=watch.up_s + followed_s,
        healthy_s=watch.healthy_s + (followed_s if healthy else 0.0),
    )
    fresh = counted_losses(fresh, status, same)
    fresh = with_rate(fresh, status, same, rules)
    fresh = with_signs(fresh, status, same, referenced=referenced, rules=rules)
    fresh = with_levels(fresh, status, jammed=jammed, rules=rules)
    return with_tunings(fresh, status, passed_s=followed_s)


def heard_phone(watch: Watch, *, now_us: int) -> Watch:
    """What is remembered once the sensor has told of a phone."""
    return replace(watch, phone_us=max(watch.phone_us, now_us))


def next_hour(watch: Watch, hour_us: int, *, since_us: int) -> Watch:
    """A new hour begins; tunings that were not visited since a time are forgotten."""
    kept = tuple(replace(tuned, seconds=0.0, pieces=0) for tuned in watch.tunings if tuned.heard_us >= since_us)
    return replace(watch, hour_us=hour_us, up_s=0.0, healthy_s=0.0, tunings=kept)


def steady_since(watch: Watch, status: SensorStatus, before: SensorStatus | None, rules: WatchRules) -> int:
    """Since when heartbeats come without a hole."""
    whole = before is not None and status.received_us - before.received_us <= rules.stale_us
    return watch.steady_us if whole and watch.steady_us else status.received_us


def followed_for_s(status: SensorStatus, same: SensorStatus | None, rules: WatchRules) -> float:
    """How long after the one before a heartbeat came [s]; nothing if it was too long ago to say what happened meanwhile."""
    if same is None:
        return 0.0
    passed_us = min(status.sent_us - same.sent_us, status.received_us - same.received_us)
    return passed_us / 1e6 if 0 <= passed_us <= rules.stale_us else 0.0


def counted_losses(watch: Watch, status: SensorStatus, same: SensorStatus | None) -> Watch:
    """Note detections that the sensor lost since."""
    lost = status.heartbeat.lost
    more = lost > (0 if same is None else watch.lost)
    return replace(watch, lost=lost, lost_us=status.received_us if more else watch.lost_us)


def with_rate(watch: Watch, status: SensorStatus, same: SensorStatus | None, rules: WatchRules) -> Watch:
    """Measure how fast samples flow, over a span that is long enough; what stands still is another matter."""
    read = status.heartbeat.samples - status.heartbeat.dropped
    anchored = replace(watch, anchor_samples=read, anchor_sent_us=status.sent_us, anchor_received_us=status.received_us)
    if same is None or status.heartbeat.samples <= same.heartbeat.samples or read < watch.anchor_samples:
        return anchored
    # A clock that jumps and a heartbeat that waits each stretch one of the two.
    passed_us = min(status.sent_us - watch.anchor_sent_us, status.received_us - watch.anchor_received_us)
    if 0 <= passed_us < rules.flow_us:
        return watch
    expected = status.heartbeat.sample_rate_hz * passed_us / 1e6
    share = (read - watch.anchor_samples) / expected if expected > 0 else 1.0
    return with_run(anchored, Sign.SLOW, share < rules.flow_share, at_us=status.received_us, fact=share)


def with_signs(
    watch: Watch, status: SensorStatus, same: SensorStatus | None, *, referenced: bool, rules: WatchRules
) -> Watch:
    """Note what this heartbeat shows."""
    beat, at_us = status.heartbeat, status.received_us
    still = same is not None and beat.samples <= same.heartbeat.samples
    off_s = max(abs(status.offset_us) / 1e6, beat.clock_error_s or 0.0)
    off = bool(status.offset_us) or off_s > rules.clock_error_s
    since_us = status.flowed_us if still and status.flowed_us is not None else at_us
    watch = with_run(watch, Sign.STILL, still, at_us=since_us)
    watch = with_run(watch, Sign.CLIPPED, beat.clipped_share >= rules.clip_share, at_us=at_us, fact=beat.clipped_share)
    watch = with_run(watch, Sign.CLOCK, off, at_us=at_us, fact=off_s)
    watch = with_run(watch, Sign.OWN, beat.alarm is not None, at_us=at_us)
    unvisited = referenced and beat.reference_dbfs is None
    watch = with_run(watch, Sign.UNVISITED, unvisited, at_us=at_us)
    return replace(watch, word=beat.alarm or watch.word)


def with_run(watch: Watch, sign: Sign, bad: bool, *, at_us: int, fact: float = 0.0) -> Watch:
    """Note a sign; what goes on keeps its beginning."""
    before = watch.run(sign)
    since_us = before.since_us if before is not None and before.bad is bad else at_us
    others = tuple(run for run in watch.runs if run.sign is not sign)
    return replace(watch, runs=(*others, Run(sign=sign, bad=bad, since_us=since_us, fact=fact)))


def with_levels(watch: Watch, status: SensorStatus, *, jammed: bool, rules: WatchRules) -> Watch:
    """Learn the noise floor of the present tuning, and the reference carrier."""
    beat = status.heartbeat
    measured = []
    if beat.noise_floor_dbfs is not None:
        centre_hz = beat.centre_hz or 0.0
        measured.append((LevelKind.FLOOR, centre_hz, beat.sample_rate_hz, beat.noise_floor_dbfs, jammed, rules.floor))
    if beat.reference_dbfs is not None:
        centre_hz = beat.reference_hz or 0.0
        measured.append((LevelKind.REFERENCE, centre_hz, 0.0, beat.reference_dbfs, False, rules.reference))
    levels = watch.levels
    for kind, frequency_hz, width_hz, value_db, is_jammed, bounds in measured:
        alone = Level(
            kind=kind,
            frequency_hz=frequency_hz,
            width_hz=width_hz,
            gain_db=beat.gain_db,
            jammed=is_jammed,
            usual_db=value_db,
            spread_db=0.0,
            beats=1,
            latest_db=value_db,
            seen_us=status.received_us,
            side=Side.WITHIN,
            since_us=status.received_us,
            side_beats=1,
        )
        levels = merged_into(levels, learned(alone, known_as(alone, levels), bounds=bounds))
    return replace(watch, levels=levels)


def with_tunings(watch: Watch, status: SensorStatus, *, passed_s: float) -> Watch:
    """Note what was listened to; a sensor that does not tell listened where it stands now, while samples flowed."""
    beat = status.heartbeat
    listened: Sequence[Listened] = beat.listened
    flows = status.flowed_us == status.seen_us
    if not listened and beat.centre_hz is not None and flows:
        listened = [Listened(centre_hz=beat.centre_hz, bandwidth_hz=beat.sample_rate_hz, seconds=passed_s)]
    tunings = {key_of(tuned.centre_hz): tuned for tuned in watch.tunings}
    for each in listened:
        before = tunings.get(key_of(each.centre_hz))
        tunings[key_of(each.centre_hz)] = Tuned(
            centre_hz=each.centre_hz,
            bandwidth_hz=each.bandwidth_hz,
            heard_us=status.received_us,
            seconds=each.seconds + (before.seconds if before is not None else 0.0),
            pieces=1 + (before.pieces if before is not None else 0),
        )
    return replace(watch, tunings=latest(tunings.values()))


def latest(tunings: Iterable[Tuned]) -> tuple[Tuned, ...]:
    """The tunings visited last, by ascending frequency."""
    kept = sorted(tunings, key=lambda tuned: -tuned.heard_us)[:MOST_TUNINGS]
    return tuple(sorted(kept, key=lambda tuned: tuned.centre_hz))


def key_of(centre_hz: float) -> int:
    """Names a tuning."""
    return round(centre_hz / STEP_HZ)
