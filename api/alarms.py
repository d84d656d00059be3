"""Alarms about the system itself: what keeps it from hearing, or from being heard. Pure; the time is passed in.

An alarm is raised once something was wrong for as long as its kind asks, and cleared once it was well for as long as all
ask. A person may take it on meanwhile; that changes nothing of what it tells.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from api.actors import HUB, Actor

__all__ = [
    "BLINDING",
    "REMEDIES",
    "Alarm",
    "AlarmAct",
    "AlarmKind",
    "AlarmTransition",
    "Condition",
    "Subject",
    "acknowledged",
    "cleared",
    "judged",
    "noted",
    "raised",
    "sentence",
]


class AlarmKind(StrEnum):
    """What is wrong."""

    DEAD = "dead-sensor"
    FROZEN = "frozen-sensor"
    SLOW = "slow-samples"
    ANTENNA = "lost-antenna"
    UNVISITED = "no-reference"
    SATURATED = "saturation"
    JAMMED = "jamming"
    FELL = "floor-fell"
    CLOCK = "clock-error"
    LOST = "lost-detections"
    OWN = "sensor-complains"
    UNHEARD = "band-unheard"
    TEST = "missed-test"
    HUB = "hub-away"


class Subject(StrEnum):
    """What an alarm is about."""

    SENSOR = "sensor"
    WING = "wing"
    PHONE = "test-phone"
    HUB = "hub"


BLINDING: Final = frozenset(
    {AlarmKind.DEAD, AlarmKind.FROZEN, AlarmKind.ANTENNA, AlarmKind.SATURATED, AlarmKind.JAMMED}
)
"""A sensor with one of these hears no phone, or not those that it should."""

REMEDIES: Final[Mapping[AlarmKind, str]] = {
    AlarmKind.DEAD: "Check the sensor's power and network; then its service.",
    AlarmKind.FROZEN: "Unplug the receiver and plug it in again; replace it if that does not last.",
    AlarmKind.SLOW: "See what else runs on the sensor; lower its sample rate, or replace its USB cable or hub.",
    AlarmKind.ANTENNA: "Check the antenna, its cable and its plugs.",
    AlarmKind.UNVISITED: "Let the sensor's plan visit the reference carrier, or take it out of the site.",
    AlarmKind.SATURATED: "Lower the sensor's gain, or look for a transmitter beside it.",
    AlarmKind.JAMMED: "Look for a jammer or a new source of noise; if the noise is to stay, have the level learned anew.",
    AlarmKind.FELL: "Check antenna and gain; if the change was meant, have the level learned anew.",
    AlarmKind.CLOCK: "Check the time service of the sensor and of the hub.",
    AlarmKind.LOST: "See why the sensor could not send: network, hub, or a full disk.",
    AlarmKind.OWN: "Read the sensor's log.",
    AlarmKind.UNHEARD: "Compare the sensors' tunings with the plan of the site.",
    AlarmKind.TEST: "Check that the test phone spoke; then where its wing's sensors listen.",
    AlarmKind.HUB: "See why the hub was away: nothing was told to anybody meanwhile.",
}


class AlarmAct(StrEnum):
    """What happens to an alarm."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How it stands with one thing that may be wrong.

    Parameters
    ----------
    since_us
        Since when it is wrong, or is not.
    delay_us
        It is told once it was wrong for this long.
    spans_hz
        The spectrum that it concerns; all if none is named.
    word
        What the sensor itself calls it.
    facts
        Numbers that say so, by names that bear their units.
    """

    kind: AlarmKind
    subject: Subject
    name: str
    wing: str | None
    bad: bool
    since_us: int
    delay_us: int = 0
    spans_hz: tuple[tuple[float, float], ...] = ()
    bands: tuple[str, ...] = ()
    word: str = ""
    facts: Mapping[str, float]

    @property
    def key(self) -> tuple[AlarmKind, Subject, str, tuple[str, ...]]:
        """Names the alarm that it may become; that of a wing is of its band alone."""
        return self.kind, self.subject, self.name, self.bands if self.subject is Subject.WING else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm about the system itself.

    Parameters
    ----------
    wing
        The wing that hears less for it; None where it is the perimeter or the whole site.
    bands
        Uplink bands that it concerns; all if none is named.
    """

    id: int
    kind: AlarmKind
    subject: Subject
    name: str
    wing: str | None
    bands: tuple[str, ...]
    word: str
    facts: Mapping[str, float]
    raised_us: int
    acknowledged_us: int | None = None
    acknowledged_by: Actor | None = None
    cleared_us: int | None = None

    @property
    def key(self) -> tuple[AlarmKind, Subject, str, tuple[str, ...]]:
        """The key of its condition."""
        return self.kind, self.subject, self.name, self.bands if self.subject is Subject.WING else ()

    def concerns(self, band: str) -> bool:
        """Whether a band is heard worse for it."""
        return not self.bands or band in self.bands


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmTransition:
    """What happened to an alarm, when, and by whom."""

    alarm: int
    act: AlarmAct
    at_us: int
    actor: Actor
    note: str = ""


def judged(condition: Condition, alarm: Alarm | None, *, clear_us: int, now_us: int) -> tuple[Alarm, AlarmAct] | None:
    """What a condition makes of the open alarm of its key, or of none; None if nothing changes."""
    lasted_us = now_us - condition.since_us
    if alarm is None:
        return raised(condition, now_us=now_us) if condition.bad and lasted_us >= condition.delay_us else None
    if not condition.bad and lasted_us >= clear_us:
        return cleared(alarm, now_us=now_us), AlarmAct.CLEARED
    return None


def raised(condition: Condition, *, now_us: int) -> tuple[Alarm, AlarmAct]:
    """The alarm of a condition, not yet numbered."""
    alarm = Alarm(
        id=0,
        kind=condition.kind,
        subject=condition.subject,
        name=condition.name,
        wing=condition.wing,
        bands=condition.bands,
        word=condition.word,
        facts=dict(condition.facts),
        raised_us=now_us,
    )
    return alarm, AlarmAct.RAISED


def cleared(alarm: Alarm, *, now_us: int) -> Alarm:
    """An alarm that is over; the same if it was."""
    return alarm if alarm.cleared_us is not None else replace(alarm, cleared_us=now_us)


def acknowledged(alarm: Alarm, actor: Actor, *, now_us: int) -> Alarm:
    """An alarm that somebody took on; the same if somebody had."""
    if alarm.acknowledged_us is not None:
        return alarm
    return replace(alarm, acknowledged_us=now_us, acknowledged_by=actor)


def noted(alarm: Alarm, act: AlarmAct, *, at_us: int, actor: Actor = HUB, note: str = "") -> AlarmTransition:
    """The record of what happened to an alarm."""
    return AlarmTransition(alarm=alarm.id, act=act, at_us=at_us, actor=actor, note=note)


def sentence(alarm: Alarm) -> str:
    """An alarm in one plain sentence."""
    words = {
        AlarmKind.DEAD: "Sensor {name} is not heard",
        AlarmKind.FROZEN: "Sensor {name} speaks, but its receiver gives no samples",
        AlarmKind.SLOW: "Sensor {name} searches only {share:.0%} of the samples that it should",
        AlarmKind.ANTENNA: (
            "Sensor {name} hears its reference carrier {below_db:.0f} dB below the usual: its antenna is probably lost"
        ),
        AlarmKind.UNVISITED: "Sensor {name} does not measure its reference carrier: a lost antenna would not be noticed",
        AlarmKind.SATURATED: "Sensor {name} is saturated: {share:.0%} of its samples are clipped",
        AlarmKind.JAMMED: "Sensor {name} is jammed: its noise floor is {above_db:.0f} dB above the usual",
        AlarmKind.FELL: "The noise floor of sensor {name} is {below_db:.0f} dB below the usual",
        AlarmKind.CLOCK: "The clock of sensor {name} is off by {off_s:.1f} s",
        AlarmKind.LOST: "Sensor {name} lost {lost:.0f} detections that it could not send",
        AlarmKind.OWN: "Sensor {name} complains: {word}",
        AlarmKind.UNHEARD: "Wing {name} is not listened to as planned",
        AlarmKind.TEST: "The test phone {name} was not heard",
        AlarmKind.HUB: "The hub was away for {away_s:.0f} s",
    }
    told = words[alarm.kind].format(name=alarm.name, word=alarm.word, **alarm.facts)
    return f"{told} ({', '.join(alarm.bands)})." if alarm.bands else f"{told}."
