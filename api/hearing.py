"""How well each band of a wing is heard at this moment. Pure; the time is passed in.

A band is quiet only where a sensor that is to hear it is fresh, free of alarms, tuned to it within one round of its plan,
and knows its noise floor. The weakest of these says what the band is called, and why.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from api.alarms import BLINDING, Alarm, AlarmKind
from api.levels import LevelKind
from api.states import BandStanding, SensorState, WingState
from api.watching import Watch, WatchRules
from detector.bands import Band
from detector.scan import EVENTS
from detector.types import Technology

__all__ = ["Ear", "OnAir", "band_standing", "floor_known", "heard_share", "share_of"]

SEARCHED = frozenset(event.technology for event in EVENTS.values())

SHORT = {
    AlarmKind.DEAD: "is not heard",
    AlarmKind.FROZEN: "gives no samples",
    AlarmKind.SLOW: "falls behind",
    AlarmKind.ANTENNA: "lost its antenna",
    AlarmKind.UNVISITED: "does not visit its reference carrier",
    AlarmKind.SATURATED: "is saturated",
    AlarmKind.JAMMED: "is jammed",
    AlarmKind.FELL: "hears less noise than usual",
    AlarmKind.CLOCK: "has a wrong clock",
    AlarmKind.LOST: "lost detections",
    AlarmKind.OWN: "complains",
}
ALL_HZ = (0.0, float("inf"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ear:
    """A sensor that is to hear a band: how it fares, and its open alarms that concern the band."""

    name: str
    state: SensorState
    watch: Watch
    alarms: tuple[Alarm, ...] = ()

    @property
    def is_deaf(self) -> bool:
        """Whether it hears nothing there, though it speaks."""
        return any(alarm.kind in BLINDING for alarm in self.alarms)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAir:
    """A phone that is heard now: the wing that it is told of, and where in the spectrum."""

    wing: str | None
    technology: Technology
    freq_lower_hz: float
    freq_upper_hz: float


def band_standing(
    band: Band | None, ears: Sequence[Ear], *, phones: int, least_share: float, rules: WatchRules, now_us: int
) -> BandStanding:
    """How one band of a wing stands.

    Parameters
    ----------
    band
        None for all that the sensors listen to.
    phones
        That are heard there now.
    least_share
        Of the band, how much must be listened to within one round of the plan.
    """
    awake = [ear for ear in ears if ear.state is SensorState.FRESH]
    shares = {ear.name: share_of(band, ear.watch, rules=rules, now_us=now_us) for ear in awake if not ear.is_deaf}
    hearing = [ear for ear in awake if shares.get(ear.name)]
    best = max(shares.values(), default=0.0)
    state, why = judged(band, ears, awake, hearing, share=best, least_share=least_share, rules=rules)
    if phones:
        state, why = WingState.ALERT, "a phone is heard" if phones == 1 else f"{phones} phones are heard"
    return BandStanding(
        name="" if band is None else band.name,
        state=state,
        why=why,
        heard_share=round(best, 3),
        sensors=len(ears),
        hearing=len(hearing),
    )


def judged(
    band: Band | None,
    ears: Sequence[Ear],
    awake: Sequence[Ear],
    hearing: Sequence[Ear],
    *,
    share: float,
    least_share: float,
    rules: WatchRules,
) -> tuple[WingState, str]:
    """What a band without a phone is called, and why."""
    if band is not None and band.technology not in SEARCHED:
        return WingState.BLIND, "its signals are not searched for"
    if not ears:
        return WingState.BLIND, "no sensor is to hear it"
    if not awake:
        never = all(ear.state is SensorState.NEVER for ear in ears)
        return (WingState.BLIND, "no sensor was ever heard") if never else (WingState.STALE, "nobody listens")
    if not hearing:
        return WingState.BLIND, complaints(awake) or "no sensor is tuned to it"
    if share < least_share:
        return WingState.DEGRADED, f"{share:.0%} of it is listened to where {least_share:.0%} is planned"
    if told := complaints(ears) or absent(ears):
        return WingState.DEGRADED, told
    if unknown := [ear.name for ear in hearing if not floor_known(band, ear.watch, rules=rules)]:
        return WingState.DEGRADED, f"the noise floor at {' and '.join(unknown)} is still being learned"
    return WingState.QUIET, "no phone is heard"


def complaints(ears: Sequence[Ear]) -> str:
    """What is wrong with the sensors, by their alarms."""
    return ", ".join(f"{ear.name} {SHORT[alarm.kind]}" for ear in ears for alarm in ear.alarms if alarm.kind in SHORT)


def absent(ears: Sequence[Ear]) -> str:
    """Which sensors are not heard."""
    names = [ear.name for ear in ears if ear.state is not SensorState.FRESH]
    return f"nothing from {' and '.join(names)}" if names else ""


def share_of(band: Band | None, watch: Watch, *, rules: WatchRules, now_us: int) -> float:
    """How much of a band a sensor listened to within one round of its plan; all that it listens to is all of no band."""
    visited = [tuned for tuned in watch.tunings if now_us - tuned.heard_us <= rules.scan_us]
    if band is None:
        return 1.0
    return heard_share(band, [tuned.span_hz for tuned in visited])


def heard_share(band: Band, spans_hz: Sequence[tuple[float, float]]) -> float:
    """How much of a band lies in some spans, which may overlap."""
    heard_hz, reached_hz = 0.0, band.low_hz
    for low, high in sorted(spans_hz):
        new_hz = min(high, band.high_hz) - max(low, reached_hz)
        if new_hz > 0:
            heard_hz, reached_hz = heard_hz + new_hz, min(high, band.high_hz)
    return heard_hz / (band.high_hz - band.low_hz)


def floor_known(band: Band | None, watch: Watch, *, rules: WatchRules) -> bool:
    """Whether a sensor knows the noise floor of any tuning within a band."""
    low_hz, high_hz = ALL_HZ if band is None else (band.low_hz, band.high_hz)
    return any(
        level.kind is LevelKind.FLOOR
        and level.is_known(rules.floor)
        and level.frequency_hz - level.width_hz / 2 < high_hz
        and low_hz < level.frequency_hz + level.width_hz / 2
        for level in watch.levels
    )
