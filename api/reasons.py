"""Why an alert fired: plain sentences with their numbers. Pure."""

from collections.abc import Iterator

from api.alerts import Alert, Withheld

__all__ = ["reasons"]

HELD_BACK = {
    Withheld.ON_DELAY: "Not announced yet: it has to last a little longer.",
    Withheld.STANDING: "Not announced by itself: its wing has a standing alarm.",
    Withheld.SHELVED: "Not announced: its wing or its sensors are shelved.",
}


def reasons(alert: Alert) -> tuple[str, ...]:
    """What was heard, how sure that is, where it is, how urgent, and whether people were told."""
    return tuple(sentences(alert))


def sentences(alert: Alert) -> Iterator[str]:
    """One reason after another."""
    yield f"{alert.why}."
    emissions = "1 emission" if alert.emissions == 1 else f"{alert.emissions} emissions"
    detections = "1 detection" if alert.detections == 1 else f"{alert.detections} detections"
    yield f"Score {alert.score:.3f} at best, from {detections} of {emissions}."
    if alert.location is not None:
        yield from whereabouts(alert)
    if alert.priority_why:
        yield f"Priority {alert.priority_why[0].lower()}{alert.priority_why[1:]}"
    if alert.withheld is not None:
        yield HELD_BACK[alert.withheld]
    elif alert.announcements > 1:
        yield f"Announced {alert.announcements} times, since nobody took it on."


def whereabouts(alert: Alert) -> Iterator[str]:
    """Where the phone probably is."""
    location = alert.location
    if location is None or not location.is_told:
        yield f"No cell can be told. {location.why if location else ''}".strip()
        return
    likeliest = [f"{name} ({chance:.0%})" for name, chance in list(location.cells.items())[:3]]
    elsewhere = [f"outside {location.outside:.0%}"]
    if location.permitted:
        elsewhere.append(f"in a permitted zone {location.permitted:.0%}")
    yield f"Probably in {', '.join(likeliest) or 'no cell'}; {', '.join(elsewhere)}. {location.why}"
