"""Notices as plain text, in English and in French: a headline, and a few lines with place, priority and why. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from api.alerts import Outcome, Priority
from api.channels.notice import (
    AlertFacts,
    ChannelFacts,
    Kind,
    Notice,
    StandingFacts,
    SupervisionFacts,
)
from api.standing import Comparison
from detector.times import from_microseconds
from detector.types import Activity

__all__ = ["Language", "Text", "worded"]


class Language(StrEnum):
    """What a channel speaks."""

    ENGLISH = "en"
    FRENCH = "fr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A notice in words: one line, and the lines below it."""

    headline: str
    lines: tuple[str, ...]

    @property
    def body(self) -> str:
        """All lines."""
        return "\n".join((self.headline, "", *self.lines, ""))


EN, FR = Language.ENGLISH, Language.FRENCH

HEADLINES: Final[Mapping[Kind, Mapping[Language, str]]] = {
    Kind.OPENED: {EN: "Phone in {where}", FR: "Téléphone : {where}"},
    Kind.AGAIN: {
        EN: "Still a phone in {where}, nobody took it on",
        FR: "Toujours un téléphone, sans réponse : {where}",
    },
    Kind.CHANGED: {EN: "Phone now in {where}", FR: "Téléphone, nouvelle position ou priorité : {where}"},
    Kind.ESCALATED: {
        EN: "Nobody acknowledged: phone in {where}",
        FR: "Alerte non acquittée, téléphone : {where}",
    },
    Kind.ACKNOWLEDGED: {EN: "Acknowledged: phone in {where}", FR: "Alerte acquittée : {where}"},
    Kind.SEARCH_SENT: {EN: "Search sent: {where}", FR: "Fouille envoyée : {where}"},
    Kind.CLOSED: {EN: "Closed: {where}", FR: "Alerte close : {where}"},
    Kind.REOPENED: {EN: "Reopened: phone in {where}", FR: "Alerte rouverte, téléphone : {where}"},
    Kind.MERGED: {EN: "One phone with another alert: {where}", FR: "Même téléphone qu'une autre alerte : {where}"},
    Kind.STANDING_BEGAN: {EN: "Many phones in {where}", FR: "Nombreux téléphones : {where}"},
    Kind.STANDING_ACKNOWLEDGED: {EN: "Acknowledged: many phones in {where}", FR: "Alarme acquittée : {where}"},
    Kind.STANDING_ESCALATED: {
        EN: "Nobody acknowledged: many phones in {where}",
        FR: "Alarme non acquittée, nombreux téléphones : {where}",
    },
    Kind.STANDING_ENDED: {EN: "Calm again: {where}", FR: "Retour au calme : {where}"},
    Kind.SUPERVISION_RAISED: {EN: "Fault: {which}", FR: "Défaut : {which}"},
    Kind.SUPERVISION_ENDED: {EN: "Fault over: {which}", FR: "Fin du défaut : {which}"},
    Kind.CHANNEL_FAILED: {EN: "Channel {which} does not deliver", FR: "Le canal {which} ne transmet plus"},
    Kind.CHANNEL_RESTORED: {EN: "Channel {which} delivers again", FR: "Le canal {which} transmet de nouveau"},
    Kind.TEST: {EN: "Test", FR: "Essai"},
}

PRIORITIES: Final[Mapping[Priority, Mapping[Language, str]]] = {
    Priority.LOW: {EN: "low", FR: "basse"},
    Priority.MEDIUM: {EN: "medium", FR: "moyenne"},
    Priority.HIGH: {EN: "high", FR: "haute"},
}

ACTIVITIES: Final[Mapping[Activity, Mapping[Language, str]]] = {
    Activity.ACCESS: {EN: "access attempts", FR: "tentatives d'accès"},
    Activity.SIGNALLING: {EN: "signalling", FR: "signalisation"},
    Activity.CALL: {EN: "call", FR: "appel"},
    Activity.CALL_DTX: {EN: "call (silent)", FR: "appel (silence)"},
    Activity.IDLE_CHECK: {EN: "idle connection", FR: "connexion au repos"},
    Activity.DATA: {EN: "data", FR: "données"},
    Activity.UNKNOWN: {EN: "transmission", FR: "émission"},
}

OUTCOMES: Final[Mapping[Outcome, Mapping[Language, str]]] = {
    Outcome.FOUND: {EN: "phone found", FR: "téléphone trouvé"},
    Outcome.NOT_FOUND: {EN: "not found", FR: "non trouvé"},
    Outcome.STAFF: {EN: "phone of staff", FR: "téléphone d'un agent"},
    Outcome.OUTSIDE: {EN: "outside", FR: "à l'extérieur"},
    Outcome.OTHER: {EN: "other", FR: "autre"},
}

COMPARISONS: Final[Mapping[Comparison, Mapping[Language, str]]] = {
    Comparison.MORE: {EN: "more than usual", FR: "plus que d'habitude"},
    Comparison.FEWER: {EN: "fewer than usual", FR: "moins que d'habitude"},
    Comparison.USUAL: {EN: "as usual", FR: "comme d'habitude"},
    Comparison.UNKNOWN: {EN: "usual number not known yet", FR: "nombre habituel encore inconnu"},
}

WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "outside": {EN: "no wing, probably outside", FR: "hors des bâtiments"},
    "cell": {EN: "{place}, probably cell {cell}", FR: "{place}, probablement cellule {cell}"},
    "simulated": {EN: "SIMULATED", FR: "SIMULATION"},
    "cells": {EN: "Probable cells: {cells}.", FR: "Cellules probables : {cells}."},
    "no cells": {EN: "No cell can be told.", FR: "Aucune cellule ne peut être indiquée."},
    "elsewhere": {
        EN: "Outside {outside}, in a permitted zone {permitted}.",
        FR: "À l'extérieur {outside}, en zone autorisée {permitted}.",
    },
    "priority": {
        EN: "Priority {priority}: {activity}, {sure} sure that a phone is inside.",
        FR: "Priorité {priority} : {activity}, certain à {sure} qu'un téléphone est à l'intérieur.",
    },
    "heard": {
        EN: "Heard: {technology} {activity} on {channel}, {snr:.0f} dB over the noise, by {sensors}.",
        FR: "Reçu : {technology}, {activity}, sur {channel}, {snr:.0f} dB au-dessus du bruit, par {sensors}.",
    },
    "its carrier": {EN: "its carrier", FR: "sa porteuse"},
    "opened": {EN: "Alert {alert}, first heard at {time}.", FR: "Alerte {alert}, entendue dès {time}."},
    "outcome": {EN: "Outcome: {outcome}.", FR: "Issue : {outcome}."},
    "merged": {EN: "It goes on as alert {alert}.", FR: "Elle se poursuit sous le numéro {alert}."},
    "rate": {
        EN: "{alerts} alerts in {minutes:g} minutes, {comparison}.",
        FR: "{alerts} alertes en {minutes:g} minutes, {comparison}.",
    },
    "since": {EN: "Since {time}.", FR: "Depuis {time}."},
    "waiting": {EN: "Waiting notices: {waiting}.", FR: "Messages en attente : {waiting}."},
    "nothing": {
        EN: "Nothing happened: somebody tests this channel.",
        FR: "Il ne s'est rien passé : quelqu'un essaie ce canal.",
    },
    "at": {EN: "{site}, {time}.", FR: "{site}, {time}."},
}


def worded(notice: Notice, language: Language) -> Text:
    """A notice in words."""
    headline = HEADLINES[notice.kind][language].format(where=where(notice, language), which=which(notice))
    if notice.simulated:
        headline = f"[{WORDS['simulated'][language]}] {headline}"
    return Text(headline=headline, lines=tuple(lines(notice, language)))


def where(notice: Notice, language: Language) -> str:
    """The wing, with the likeliest cell if one can be told."""
    place = notice.wing_title or notice.wing or WORDS["outside"][language]
    if isinstance(notice.facts, AlertFacts) and notice.facts.cells:
        return WORDS["cell"][language].format(place=place, cell=notice.facts.cells[0][0])
    return place


def which(notice: Notice) -> str:
    """The channel, or the part at fault."""
    if isinstance(notice.facts, ChannelFacts):
        return notice.facts.channel
    if isinstance(notice.facts, SupervisionFacts):
        return f"{notice.facts.what}, {notice.facts.which}"
    return ""


def lines(notice: Notice, language: Language) -> Iterator[str]:
    """What is below the headline."""
    facts = notice.facts
    if isinstance(facts, AlertFacts):
        yield from of_alert(facts, notice, language)
    elif isinstance(facts, StandingFacts):
        yield from of_standing(facts, notice, language)
    elif isinstance(facts, SupervisionFacts):
        yield facts.why
    elif isinstance(facts, ChannelFacts):
        yield facts.why
        yield WORDS["since"][language].format(time=local_time(facts.since_us, notice))
        yield WORDS["waiting"][language].format(waiting=facts.waiting)
    else:
        yield WORDS["nothing"][language]
    yield WORDS["at"][language].format(site=notice.site, time=local_time(notice.at_us, notice))


def of_alert(facts: AlertFacts, notice: Notice, language: Language) -> Iterator[str]:
    """What is known of an alert."""
    activity = ACTIVITIES[facts.activity][language]
    if facts.outcome is not None:
        yield WORDS["outcome"][language].format(outcome=OUTCOMES[facts.outcome][language])
    if facts.merged_into is not None:
        yield WORDS["merged"][language].format(alert=facts.merged_into)
    if facts.cells:
        cells = ", ".join(f"{name} ({share(chance, language)})" for name, chance in facts.cells)
        yield WORDS["cells"][language].format(cells=cells)
    else:
        yield WORDS["no cells"][language]
    if facts.outside is not None:
        yield WORDS["elsewhere"][language].format(
            outside=share(facts.outside, language), permitted=share(facts.permitted or 0.0, language)
        )
    yield WORDS["priority"][language].format(
        priority=PRIORITIES[notice.priority][language], activity=activity, sure=share(facts.sure, language)
    )
    yield WORDS["heard"][language].format(
        technology=facts.technology.upper(),
        activity=activity,
        channel=facts.channel or WORDS["its carrier"][language],
        snr=facts.snr_db,
        sensors=", ".join(facts.sensors),
    )
    yield WORDS["opened"][language].format(alert=facts.alert, time=local_time(facts.opened_us, notice))


def of_standing(facts: StandingFacts, notice: Notice, language: Language) -> Iterator[str]:
    """What is known of a standing alarm."""
    comparison = COMPARISONS[facts.comparison][language]
    if facts.usual is not None:
        comparison += f" ({facts.usual:g})"
    yield WORDS["rate"][language].format(alerts=facts.alerts, minutes=facts.minutes, comparison=comparison)
    if facts.cells:
        yield WORDS["cells"][language].format(cells=", ".join(facts.cells))
    yield WORDS["since"][language].format(time=local_time(facts.began_us, notice))


def share(probability: float, language: Language) -> str:
    """A probability in per cent."""
    return f"{probability:.0%}" if language is EN else f"{100 * probability:.0f} %"


def local_time(time_us: int, notice: Notice) -> str:
    """A time by the site's own clock."""
    local = from_microseconds(time_us).astimezone(ZoneInfo(notice.time_zone))
    return f"{local:%Y-%m-%d %H:%M:%S} ({notice.time_zone})"
