"""Which roots of preambles a site's profile should know, out of the preambles that were heard there.

A cell keeps its roots for years; a root that only one phone ever sent may come from far away. What is proposed here is for
an engineer to take into the profile: nothing changes a threshold by itself.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from detector.types import Burst, Label

__all__ = ["MOST_ROOTS", "proposed_roots"]

MOST_ROOTS: Final = 64
"""Preambles of one cell, each of which may have a root of its own (TS 36.211, 5.7.2)."""


def proposed_roots(
    bursts: Iterable[Burst], *, known: Collection[int] = (), least_emissions: int, least_preambles: int
) -> tuple[int, ...]:
    """The roots that a profile knows and those that enough preambles of enough emissions had, ascending.

    Parameters
    ----------
    bursts
        Of any kind, as the pipeline gave them; the emissions of several runs must not share numbers.
    known
        Roots that the profile knows already: they stay, but no more than ``MOST_ROOTS`` are proposed in all.
    least_emissions, least_preambles
        How many emissions must have sent a root, and how often in all.
    """
    emissions: defaultdict[int, set[int | None]] = defaultdict(set)
    counts: defaultdict[int, int] = defaultdict(int)
    for burst in bursts:
        root = burst.detail.get("root")
        if burst.label is Label.LTE_PRACH and isinstance(root, int):
            emissions[root].add(burst.emission)
            counts[root] += 1
    heard = [root for root, n in counts.items() if n >= least_preambles and len(emissions[root]) >= least_emissions]
    commonest = sorted(set(heard) - set(known), key=lambda root: (-len(emissions[root]), -counts[root], root))
    return tuple(sorted([*known, *commonest[: max(0, MOST_ROOTS - len(known))]]))
