"""What callers are given of the system watching itself: alarms, what happened to them, and coverage."""

from collections.abc import Sequence

from api.alarms import REMEDIES, Alarm, AlarmAct, AlarmKind, AlarmTransition, Subject, sentence
from api.coverage import Coverage
from api.shelving import Shelf, ShelfKind, in_force
from api.views import ActorView, Utc, View, actor_view, instant
from detector.times import from_microseconds

__all__ = [
    "AlarmTransitionView",
    "AlarmView",
    "CoverageView",
    "alarm_transition_view",
    "alarm_view",
    "coverage_view",
]


class AlarmView(View):
    """An alarm about the system itself: what is wrong, in words and numbers, and what to do.

    Of ``subject`` sensor, wing, test-phone or hub; ``bands`` are empty if all are concerned, and ``shelved`` says that nobody is
    to be woken for it.
    """

    id: int
    kind: AlarmKind
    subject: Subject
    name: str
    wing: str | None
    bands: list[str]
    word: str
    facts: dict[str, float]
    state: AlarmAct
    why: str
    remedy: str
    raised_utc: Utc
    acknowledged_utc: Utc | None
    acknowledged_by: str | None
    cleared_utc: Utc | None
    shelved: bool


class AlarmTransitionView(View):
    """Something that happened to an alarm about the system itself."""

    act: AlarmAct
    at_utc: Utc
    actor: ActorView
    note: str


def alarm_view(alarm: Alarm, *, shelves: Sequence[Shelf] = (), now_us: int) -> AlarmView:
    """An alarm about the system itself as callers see it."""
    state = AlarmAct.CLEARED if alarm.cleared_us is not None else AlarmAct.RAISED
    if alarm.cleared_us is None and alarm.acknowledged_us is not None:
        state = AlarmAct.ACKNOWLEDGED
    sensors = in_force(shelves, ShelfKind.SENSOR, now_us=now_us)
    wings = in_force(shelves, ShelfKind.WING, now_us=now_us)
    return AlarmView(
        id=alarm.id,
        kind=alarm.kind,
        subject=alarm.subject,
        name=alarm.name,
        wing=alarm.wing,
        bands=list(alarm.bands),
        word=alarm.word,
        facts=dict(alarm.facts),
        state=state,
        why=sentence(alarm),
        remedy=REMEDIES[alarm.kind],
        raised_utc=from_microseconds(alarm.raised_us),
        acknowledged_utc=instant(alarm.acknowledged_us),
        acknowledged_by=None if alarm.acknowledged_by is None else alarm.acknowledged_by.name,
        cleared_utc=instant(alarm.cleared_us),
        shelved=(alarm.subject is Subject.SENSOR and alarm.name in sensors) or alarm.wing in wings,
    )


def alarm_transition_view(transition: AlarmTransition) -> AlarmTransitionView:
    """What happened to an alarm, as callers see it."""
    return AlarmTransitionView(
        act=transition.act,
        at_utc=from_microseconds(transition.at_us),
        actor=actor_view(transition.actor),
        note=transition.note,
    )


class CoverageView(View):
    """What could have been heard of a band of a wing within an hour.

    Not ``recorded`` is an hour in which the hub was away; ``whole`` says that it is over. ``chances`` are the probabilities that a
    use of a phone was met, if it was strong enough, by the name of the use.
    """

    hour_utc: Utc
    wing: str
    band: str
    recorded: bool
    whole: bool
    listened_share: float
    chances: dict[str, float]
    healthy: float
    sensors: int


def coverage_view(coverage: Coverage, *, recorded: bool = True, whole: bool = True) -> CoverageView:
    """What could have been heard, as callers see it."""
    return CoverageView(
        hour_utc=from_microseconds(coverage.hour_us),
        wing=coverage.wing,
        band=coverage.band,
        recorded=recorded,
        whole=whole,
        listened_share=coverage.listened_share,
        chances=dict(coverage.chances),
        healthy=coverage.healthy,
        sensors=coverage.sensors,
    )
