"""The scan plan of the receivers in one place: their windows, their rhythm, and what each band's phones can expect of it.

A chance counts an event on any channel of the band alike. Bands that are never heard keep their place in the plan, with
the reason.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from detector.bands import Band
from detector.scan.cover import Cover, Reach, Window, cover, overlap_hz
from detector.scan.events import EVENTS
from detector.scan.intercept import intercept_probability
from detector.scan.rhythm import Rhythm
from detector.types import Technology

__all__ = ["Outlook", "Reason", "ScanPlan", "make_plan"]


class Reason(StrEnum):
    """Why a band, or a part of it, is not heard."""

    UNREACHED = "no receiver here tunes that far"
    UNVISITED = "no receiver stays there"
    UNSEARCHED = "its signals are not searched for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What phones of one band can expect.

    Parameters
    ----------
    heard_share
        Of the band, how much is listened to at some time.
    chances
        Probability of intercept by name of the event; empty if nothing is heard.
    reason
        Why ``heard_share`` is below 1, or nothing is heard; None where neither is so.
    """

    band: Band
    heard_share: float
    chances: Mapping[str, float]
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """Who listens where, how, and what that is worth.

    Parameters
    ----------
    rhythms
        Of each receiver; None for one that has nothing to listen to.
    """

    receivers: tuple[Reach, ...]
    cover: Cover
    rhythms: tuple[Rhythm | None, ...]
    outlooks: tuple[Outlook, ...]


def make_plan(
    bands: Sequence[Band], receivers: Sequence[Reach], *, rhythm: Rhythm, searched: Collection[Technology]
) -> ScanPlan:
    """Share the bands out among the receivers, and say what is met and what is missed.

    Parameters
    ----------
    bands
        In use here.
    rhythm
        Of every receiver; its number of windows does not count.
    searched
        Technologies for which there is a search.
    """
    wanted = [(band.low_hz, band.high_hz) for band in bands if band.technology in searched]
    shared = cover(wanted, receivers)
    counts = [len(shared.of_receiver(number)) for number in range(len(receivers))]
    rhythms = tuple(replace(rhythm, windows=count) if count else None for count in counts)
    visits = tuple(visited(shared, rhythms))
    return ScanPlan(
        receivers=tuple(receivers),
        cover=shared,
        rhythms=rhythms,
        outlooks=tuple(outlook(band, visits, receivers, searched) for band in bands),
    )


Visit = tuple[Window, Rhythm]


def visited(shared: Cover, rhythms: Sequence[Rhythm | None]) -> Iterator[Visit]:
    """The windows that are ever listened to, with the rhythm of the receiver that does."""
    for window in shared.windows:
        rhythm = rhythms[window.receiver]
        if rhythm is not None and (not rhythm.still or window == shared.of_receiver(window.receiver)[0]):
            yield window, rhythm


def outlook(
    band: Band, visits: Sequence[Visit], receivers: Sequence[Reach], searched: Collection[Technology]
) -> Outlook:
    """What phones of one band can expect."""
    shares = list(shares_of(band, visits)) if band.technology in searched else []
    heard = float(sum(share for share, _ in shares))
    events = [event for event in EVENTS.values() if event.technology is band.technology]
    chances = {
        event.name: sum(share * intercept_probability(rhythm, event) for share, rhythm in shares) for event in events
    }
    reason = reason_of(band, receivers, heard_share=heard, searched=band.technology in searched)
    return Outlook(band=band, heard_share=heard, chances=chances if heard else {}, reason=reason)


def shares_of(band: Band, visits: Sequence[Visit]) -> Iterator[tuple[float, Rhythm]]:
    """Which share of a band is listened to in which rhythm; what lies in two windows counts for the lower one."""
    reached_hz = band.low_hz
    for window, rhythm in visits:
        new_hz = overlap_hz(window, max(reached_hz, band.low_hz), band.high_hz)
        if new_hz:
            yield new_hz / (band.high_hz - band.low_hz), rhythm
            reached_hz = window.high_hz


def reason_of(band: Band, receivers: Sequence[Reach], *, heard_share: float, searched: bool) -> Reason | None:
    """Why not all of a band is heard."""
    if cover([(band.low_hz, band.high_hz)], receivers).unreached:
        return Reason.UNREACHED
    if not searched:
        return Reason.UNSEARCHED
    return Reason.UNVISITED if heard_share < 1 - 1e-9 else None
