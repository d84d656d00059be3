"""Which of a cell's phones sent which burst.

Phones of one cell follow its clock, each with an error of its own, and their carriers do not fade: several bursts that
agree on a carrier on which no known phone sends are another phone. Bursts that tell no carrier go to the phone whose
level is nearest. Whatever is in doubt stays with the phone that is there: one phone is never told as two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from detector.lte.phones import Carrier, Phone, density_db, newborn
from detector.lte.thresholds import LteThresholds
from detector.types import Burst

__all__ = ["NOBODY", "Crowd", "sorted_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """The living phones of a run.

    Parameters
    ----------
    strays
        The latest bursts whose carriers fit none of them.
    born
        How many phones there were; the next one's key.
    """

    phones: tuple[Phone, ...] = ()
    strays: tuple[Burst, ...] = ()
    born: int = 0


NOBODY: Final = Crowd()


@dataclass(slots=True, kw_only=True)
class Sorting:
    """A crowd while a segment's bursts are being sorted."""

    phones: list[Phone]
    strays: list[Burst]
    born: int
    shares: dict[int, list[Burst]] = field(default_factory=dict)


def sorted_out(crowd: Crowd, bursts: Sequence[Burst], levels: LteThresholds) -> tuple[Crowd, dict[int, list[Burst]]]:
    """The crowd after some more bursts, in order of time, and each phone's share of these by its key.

    The phones themselves do not yet hold the bursts, but their carriers do.
    """
    sorting = Sorting(phones=list(crowd.phones), strays=list(crowd.strays), born=crowd.born)
    for burst in bursts:
        index = place_of(sorting, burst, levels)
        sorting.shares.setdefault(sorting.phones[index].key, []).append(burst)
    strays = tuple(sorting.strays[-levels.strays :])
    return Crowd(phones=tuple(sorting.phones), strays=strays, born=sorting.born), sorting.shares


def place_of(sorting: Sorting, burst: Burst, levels: LteThresholds) -> int:
    """Index of the phone that a burst comes from, which may be a new one."""
    if not sorting.phones:
        return added(sorting, burst)
    carrier = Carrier.of(burst)
    if carrier is None:
        return nearest_level(sorting.phones, burst)
    apart = [phone.carrier.deviations(carrier) if phone.carrier else np.inf for phone in sorting.phones]
    nearest = int(np.argmin(apart))
    if apart[nearest] <= levels.same_carrier_deviations:
        return heard(sorting, nearest, carrier)
    companions = [one for one in (*sorting.strays, burst) if agree(one, carrier, levels.same_carrier_deviations)]
    if len(companions) < levels.carrier_bursts:
        sorting.strays.append(burst)
        return nearest_level(sorting.phones, burst)
    sorting.strays = [stray for stray in sorting.strays if stray not in companions]
    nameless = [i for i, phone in enumerate(sorting.phones) if phone.carrier is None]
    index = nameless[0] if nameless else added(sorting, burst)
    for one in companions:
        heard(sorting, index, Carrier.of(one) or carrier)
    return index


def agree(burst: Burst, carrier: Carrier, deviations: float) -> bool:
    """Whether a stray is on a carrier."""
    own = Carrier.of(burst)
    return own is not None and own.deviations(carrier) <= deviations


def added(sorting: Sorting, burst: Burst) -> int:
    """Index of a new phone."""
    sorting.phones.append(newborn(burst, sorting.born))
    sorting.born += 1
    return len(sorting.phones) - 1


def heard(sorting: Sorting, index: int, carrier: Carrier) -> int:
    """The index of a phone that was heard on a carrier."""
    phone = sorting.phones[index]
    sorting.phones[index] = replace(phone, carrier=phone.carrier.joined(carrier) if phone.carrier else carrier)
    return index


def nearest_level(phones: Sequence[Phone], burst: Burst) -> int:
    """Index of the phone whose bursts are most nearly as strong in each hertz."""
    return int(np.argmin([abs(phone.density_db - density_db(burst)) for phone in phones])) if len(phones) > 1 else 0
