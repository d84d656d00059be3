"""What may be wrong with a sensor, judged from what is remembered of it. Pure; the time is passed in.

Where nothing is known nothing is said: a sensor that is not heard is dead, and neither jammed nor well.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from api.alarms import AlarmKind, Condition, Subject
from api.levels import Bounds, Level, LevelKind, Side
from api.states import SensorStatus
from api.watching import Run, Sign, Watch, WatchRules
from detector.bands import Band
from detector.site import SensorPlace

__all__ = ["bands_within", "conditions"]

NEEDED_BEATS: Final = 2
"""A single value out of bounds is no alarm, however long it stands as the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A sensor as it is judged."""

    place: SensorPlace
    watch: Watch
    rules: WatchRules
    bands: Sequence[Band]
    now_us: int

    def condition(
        self,
        kind: AlarmKind,
        *,
        bad: bool,
        since_us: int,
        delay_us: int = 0,
        spans_hz: tuple[tuple[float, float], ...] = (),
        facts: Mapping[str, float] | None = None,
    ) -> Condition:
        """One condition of this sensor."""
        return Condition(
            kind=kind,
            subject=Subject.SENSOR,
            name=self.place.name,
            wing=self.place.wing,
            bad=bad,
            since_us=since_us,
            delay_us=delay_us,
            spans_hz=spans_hz,
            bands=bands_within(self.bands, spans_hz),
            word=self.watch.word if kind is AlarmKind.OWN else "",
            facts=facts or {},
        )


def conditions(
    place: SensorPlace,
    status: SensorStatus | None,
    watch: Watch,
    *,
    bands: Sequence[Band],
    awake_us: int,
    rules: WatchRules,
    now_us: int,
) -> list[Condition]:
    """How it stands with everything that may be wrong with a sensor, as far as it is known.

    Parameters
    ----------
    bands
        That its wing is to hear, by which what it suffers from is named.
    awake_us
        Since when the hub listens without a pause; before that no sensor could be heard.
    """
    about = About(place=place, watch=watch, rules=rules, bands=bands, now_us=now_us)
    dead = death(about, status, awake_us=awake_us)
    if dead.bad or status is None:
        return [dead]
    return [dead, *of_signs(about), *of_levels(about), losses(about)]


def death(about: About, status: SensorStatus | None, *, awake_us: int) -> Condition:
    """Whether a sensor is silent."""
    rules = about.rules
    # After a pause of the hub its sensors take a while to find it again.
    heard_us = max(0 if status is None else status.received_us, awake_us + rules.grace_us - rules.dead_us)
    silent_us = about.now_us - heard_us
    bad = status is None or about.now_us - status.received_us > rules.stale_us
    return about.condition(
        AlarmKind.DEAD,
        bad=bad,
        since_us=heard_us if bad else about.watch.steady_us,
        delay_us=rules.dead_us,
        facts={"silent_s": round(max(0, silent_us) / 1e6, 1)},
    )


def of_signs(about: About) -> Iterator[Condition]:
    """What heartbeats show to be so or not."""
    rules = about.rules
    phone = about.now_us - about.watch.phone_us <= rules.phone_us
    told: tuple[tuple[Sign, AlarmKind, int, str], ...] = (
        (Sign.STILL, AlarmKind.FROZEN, rules.frozen_us, ""),
        (Sign.SLOW, AlarmKind.SLOW, 0, "share"),
        (Sign.CLIPPED, AlarmKind.SATURATED, rules.explained_us if phone else rules.clip_us, "share"),
        (Sign.CLOCK, AlarmKind.CLOCK, 0, "off_s"),
        (Sign.OWN, AlarmKind.OWN, 0, ""),
        (Sign.UNVISITED, AlarmKind.UNVISITED, rules.unvisited_us, ""),
    )
    for sign, kind, delay_us, name in told:
        run = about.watch.run(sign)
        if run is not None:
            yield of_run(about, run, kind, delay_us=delay_us, fact=name)


def of_run(about: About, run: Run, kind: AlarmKind, *, delay_us: int, fact: str) -> Condition:
    """One sign as a condition."""
    facts = {fact: round(run.fact, 3)} if fact else {}
    return about.condition(kind, bad=run.bad, since_us=run.since_us, delay_us=delay_us, facts=facts)


def losses(about: About) -> Condition:
    """Whether detections were lost of late."""
    lost_us, rules = about.watch.lost_us, about.rules
    bad = bool(lost_us) and about.now_us - lost_us < rules.lost_us
    since_us = lost_us if bad else lost_us + rules.lost_us
    return about.condition(AlarmKind.LOST, bad=bad, since_us=since_us, facts={"lost": float(about.watch.lost)})


def of_levels(about: About) -> Iterator[Condition]:
    """What the noise floor and the reference carrier say; nothing of those that are not yet known."""
    rules = about.rules
    phone = about.now_us - about.watch.phone_us <= rules.phone_us
    rise_us = rules.explained_us if phone else rules.floor_us
    floors = of_kind(about, LevelKind.FLOOR, rules.floor)
    references = of_kind(about, LevelKind.REFERENCE, rules.reference)
    sided = partial(of_side, about)
    if floors:
        yield sided(floors, AlarmKind.JAMMED, Side.ABOVE, delay_us=rise_us, fact="above_db")
        yield sided(floors, AlarmKind.FELL, Side.BELOW, delay_us=rules.floor_us, fact="below_db")
    if references:
        yield sided(references, AlarmKind.ANTENNA, Side.BELOW, delay_us=rules.reference_us, fact="below_db")


def of_kind(about: About, kind: LevelKind, bounds: Bounds) -> list[Level]:
    """The known levels of a kind, as met last on each frequency, and within one round of the plan."""
    since_us = about.now_us - about.rules.scan_us
    latest: dict[float, Level] = {}
    for level in sorted(about.watch.levels, key=lambda level: level.seen_us):
        if level.kind is kind and level.seen_us >= since_us:
            latest[level.key[1]] = level
    return [level for level in latest.values() if level.is_known(bounds)]


def of_side(
    about: About, levels: Iterable[Level], kind: AlarmKind, side: Side, *, delay_us: int, fact: str
) -> Condition:
    """Whether any level lies on a side; the one that has lain there for longest says since when."""
    off = sorted(
        (level for level in levels if level.side is side and level.side_beats >= NEEDED_BEATS),
        key=lambda level: level.since_us,
    )
    if not off:
        since_us = max((level.since_us for level in levels), default=0)
        return about.condition(kind, bad=False, since_us=since_us)
    worst_db = max(abs(level.latest_db - level.usual_db) for level in off)
    spans = tuple(sorted({span_of(level) for level in off if kind is not AlarmKind.ANTENNA}))
    return about.condition(
        kind,
        bad=True,
        since_us=off[0].since_us,
        delay_us=delay_us,
        spans_hz=spans,
        facts={fact: round(worst_db, 1)},
    )


def span_of(level: Level) -> tuple[float, float]:
    """The spectrum that a level tells of."""
    return level.frequency_hz - level.width_hz / 2, level.frequency_hz + level.width_hz / 2


def bands_within(bands: Sequence[Band], spans_hz: Sequence[tuple[float, float]]) -> tuple[str, ...]:
    """Names of the bands that touch some spans."""
    touched = (band for band in bands if any(low < band.high_hz and band.low_hz < high for low, high in spans_hz))
    return tuple(dict.fromkeys(band.name for band in touched))
