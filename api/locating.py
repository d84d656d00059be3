"""Location in the hub: places alerts in the caller's transaction, and learns the site's law from those that are over.

Placing is bounded: a flood is not located one alert at a time, and what was left out is taken up by the sweeper.
Learning takes no lock while it computes; it is kept in the database, together with the marks of what it was taught.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median
from typing import Final

from api.alerts import Alert, AlertState
from api.database import Database
from api.places import (
    Evidence,
    Heard,
    ListeningRules,
    Location,
    episodes_of,
    evidence_of,
    is_enough,
    located,
    told_wing,
)
from api.premises import Current, Premises, dump_state, ground_key
from api.repository import Repository
from detector.locate import Ground, learn

__all__ = ["MAX_LESSONS", "MAX_PLACED", "learn_more", "place"]

MAX_PLACED: Final = 32
"""Alerts that one transaction places; a posterior takes milliseconds."""

MAX_LESSONS: Final = 200
"""Episodes that are learned from at once: well under a second of computing for a hundred cells."""


def place(
    repository: Repository, premises: Premises, alerts: Iterable[Alert], *, rules: ListeningRules, now_us: int
) -> list[Alert]:
    """Place alerts by what is known of them now; gives those that this changed.

    Parameters
    ----------
    alerts
        The latest of them are placed, closed ones never.
    """
    lively = (alert for alert in alerts if alert.state is not AlertState.CLOSED)
    chosen = sorted(lively, key=lambda alert: alert.updated_us, reverse=True)[:MAX_PLACED]
    evidences = gathered(repository, chosen, rules=rules, now_us=now_us)
    stale = [a for a in chosen if a.location is None or a.location.evidence != evidences[a.id]]
    locations = located(
        [evidences[a.id] for a in stale],
        premises.ground,
        premises.state,
        permitted=[premises.permitted(a.opened_us) for a in stale],
        rules=rules,
    )
    changed = [moved(alert, location) for alert, location in zip(stale, locations, strict=True)]
    repository.save_alerts(changed)
    return changed


def gathered(
    repository: Repository, alerts: Sequence[Alert], *, rules: ListeningRules, now_us: int
) -> dict[int, Evidence]:
    """The levels and silences of each alert; silences come to one only while its phone counts as still heard."""
    if not alerts:
        return {}
    levels, statuses = repository.levels_of(alert.id for alert in alerts), repository.sensors()
    return {
        alert.id: evidence_of(
            Heard(
                start_us=alert.opened_us,
                freq_lower_hz=alert.freq_lower_hz,
                freq_upper_hz=alert.freq_upper_hz,
                levels_db=levels.get(alert.id, {}),
            ),
            None if alert.location is None else alert.location.evidence,
            statuses if alert.active else {},
            rules=rules,
            now_us=now_us,
        )
        for alert in alerts
    }


def moved(alert: Alert, location: Location) -> Alert:
    """An alert at its new place; one that is in a person's hands stays in its wing."""
    wing = alert.wing if alert.held else told_wing(location, alert.heard_wing)
    return replace(alert, location=location, wing=wing)


def learn_more(database: Database, current: Current, *, rules: ListeningRules, at_least: int, now_us: int) -> bool:
    """Learn from alerts that are over and were not learned from; says whether there were enough.

    Parameters
    ----------
    at_least
        Fewer are left until there are more.
    """
    premises = current.premises
    if premises.ground is None or premises.state is None:
        return False
    with database.reading() as connection:
        lessons = Repository(connection).untaught(limit=MAX_LESSONS)
    if len(lessons) < at_least:
        return False
    known = [a.location.evidence for a in lessons if a.location and is_enough(a.location.evidence, premises.ground)]
    ground = with_usual_limits(premises.ground, known)
    state = learn(ground, premises.state, episodes_of(known, ground, rules=rules)) if known else premises.state
    with database.writing() as connection:
        repository = Repository(connection)
        if current.premises is not premises:
            return False
        repository.save_learned(dump_state(premises.ground, state), key=ground_key(premises.ground), at_us=now_us)
        repository.mark_taught(alert.id for alert in lessons)
    current.premises = replace(premises, state=state)
    return True


def with_usual_limits(ground: Ground, evidences: Sequence[Evidence]) -> Ground:
    """The ground with the median of the limits at which each sensor was silent."""
    limits: dict[str, list[float]] = {}
    for evidence in evidences:
        for name, limit_db in evidence.limits_db.items():
            limits.setdefault(name, []).append(limit_db)
    usual = {name: median(values) for name, values in limits.items()}
    return replace(ground, sensors=tuple(replace(s, limit_db=usual.get(s.name, s.limit_db)) for s in ground.sensors))
