"""Who speaks when: the seeded timetable of a simulated prison, a pure function of the site and the seed.

Wings take turns and never more than two are heard at a time, so that there are quiet ones; somebody speaks within each ten
seconds, and never more than three at once. The timetable is endless and drawn from its beginning, so every sensor finds the same one whenever it starts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

import numpy as np

from detector.site import Site
from detector.types import Activity, Technology
from sdr.synthetic.acts import ACTS, Act
from sdr.synthetic.population import Phone, populate
from sdr.synthetic.streams import Use, stream

__all__ = ["Episode", "TrueEpisode", "episodes", "truth"]

MOST_AT_ONCE: Final = 3
MOST_WINGS: Final = 2
FIRST_S: Final = (0.4, 1.2)
APART_S: Final = (3.0, 9.0)
TURN_S: Final = (20.0, 40.0)
BREATH_S: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One act of one phone, in seconds since the epoch; nothing is sent outside of it but what a slot takes."""

    number: int
    phone: Phone
    act: Act
    start_s: float
    stop_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueEpisode:
    """What really happened, for comparison with what was found."""

    start: datetime
    end: datetime
    cell: str
    wing: str
    technology: Technology
    activity: Activity
    act: Act


def truth(site: Site, *, seed: int, epoch: datetime, duration_s: float) -> list[TrueEpisode]:
    """The episodes that begin within a time from the epoch, in their order."""
    begun = takewhile(lambda episode: episode.start_s < duration_s, episodes(populate(site, seed=seed), seed=seed))
    return [
        TrueEpisode(
            start=epoch + timedelta(seconds=episode.start_s),
            end=epoch + timedelta(seconds=episode.stop_s),
            cell=episode.phone.cell.name,
            wing=episode.phone.cell.wing,
            technology=episode.phone.technology,
            activity=ACTS[episode.act].activity,
            act=episode.act,
        )
        for episode in begun
    ]


def episodes(phones: Sequence[Phone], *, seed: int) -> Iterator[Episode]:
    """The endless timetable, in the order of starts."""
    rng = stream(seed, Use.TIMETABLE)
    turns = wings_in_turn(phones, rng)
    wing, turn_ends_s = next(turns)
    active: list[Episode] = []
    start_s, number, last = rng.uniform(*FIRST_S), 0, None
    while True:
        active = [episode for episode in active if episode.stop_s + BREATH_S > start_s]
        while start_s > turn_ends_s:
            wing, turn_ends_s = next(turns)
        free = [phone for phone in phones if phone.cell.wing == wing and not busy(phone, active)]
        loud = {episode.phone.cell.wing for episode in active} | {wing}
        if len(active) == MOST_AT_ONCE or len(loud) > MOST_WINGS or not free:
            start_s = min(episode.stop_s for episode in active) + BREATH_S
            continue
        others = [phone for phone in free if phone is not last] or free
        last = others[rng.integers(len(others))]
        active.append(drawn(number, last, start_s, rng))
        yield active[-1]
        number += 1
        start_s += rng.uniform(*APART_S)


def wings_in_turn(phones: Sequence[Phone], rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Wings and the ends of their turns, each wing once in every round."""
    wings = sorted({phone.cell.wing for phone in phones})
    ends_s = 0.0
    while True:
        for index in rng.permutation(len(wings)):
            ends_s += rng.uniform(*TURN_S)
            yield wings[index], ends_s


def busy(phone: Phone, active: Sequence[Episode]) -> bool:
    """Whether a phone speaks already, or may not speak beside one that does."""
    return any(episode.phone is phone or episode.phone.clashes(phone) for episode in active)


def drawn(number: int, phone: Phone, start_s: float, rng: np.random.Generator) -> Episode:
    """An episode of a phone: one of the acts that it is able to do, and how long it lasts."""
    acts = [act for act, script in ACTS.items() if script.technology is phone.technology]
    weights = np.array([ACTS[act].weight for act in acts])
    act = acts[rng.choice(len(acts), p=weights / weights.sum())]
    stop_s = start_s + rng.uniform(ACTS[act].shortest_s, ACTS[act].longest_s)
    return Episode(number=number, phone=phone, act=act, start_s=start_s, stop_s=stop_s)
