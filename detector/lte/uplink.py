"""Shared and control channels of one segment: energies to boxes, and the proof that they are an uplink's.

The cell's lattice is learned from energy until the reference sequences prove it; from then on it is kept and followed as
the receiver's clock drifts. Nothing here decides whether a phone was there.
"""

from dataclasses import dataclass, replace
from functools import reduce
from typing import Final

from detector.lte.access import Stretch
from detector.lte.boxes import Box, boxes_of, parity
from detector.lte.lattice import Lattice, SlotMap, learn, slot_map
from detector.lte.reference import COARSE, FINE, Offsets, Tally, control_logs, shared_logs
from detector.lte.standard import SLOT_S
from detector.types import Label

__all__ = ["Lock", "Reading", "follow", "read"]

TESTED: Final = 8
"""Strongest boxes of each kind whose reference sequences are tried."""


ALIKE: Final = 0.3
"""Share of its expected evidence from which a box is as alike to its sequence as its level allows."""

ALIKE_SHARE: Final = 0.25
"""Share of the tested boxes that must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A proven cell: its lattice, the group of its sequences, and which of two slots begins a subframe."""

    lattice: Lattice
    group: int
    first: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """Boxes of one stretch on one lattice; ``evidence`` is that of the reference sequences of its strongest ones."""

    lattice: Lattice
    map: SlotMap
    boxes: tuple[Box, ...]
    evidence: float
    group: int


def read(
    stretch: Stretch, *, allowed: tuple[float, float], density: float, likelihood: float, tested: int = TESTED
) -> Reading:
    """Learn a stretch's lattice, box its energies and weigh their proof.

    Parameters
    ----------
    allowed
        Edges of the part of the band to look at.
    density
        Noise power in one block by the receiver's floor.
    likelihood
        Log likelihood ratio from which a box counts.
    """
    lattice = learn(stretch, allowed=allowed)
    reading = boxed(stretch, lattice, allowed=allowed, density=density, likelihood=likelihood)
    return proven(stretch, reading, COARSE, tested)


def follow(
    stretch: Stretch, lattice: Lattice, *, allowed: tuple[float, float], density: float, likelihood: float
) -> Reading:
    """Box a stretch's energies on a proven lattice and move it by what its drift shows."""
    reading = boxed(stretch, lattice, allowed=allowed, density=density, likelihood=likelihood)
    return proven(stretch, reading, FINE, TESTED)


def boxed(
    stretch: Stretch, lattice: Lattice, *, allowed: tuple[float, float], density: float, likelihood: float
) -> Reading:
    """Boxes of a stretch on a lattice, not yet proven."""
    energies = slot_map(stretch, lattice, allowed=allowed, density=density)
    boxes = tuple(boxes_of(energies.cells, first=parity(energies.cells), likelihood=likelihood))
    return Reading(lattice=lattice, map=energies, boxes=boxes, evidence=0.0, group=-1)


def proven(stretch: Stretch, reading: Reading, offsets: Offsets, tested: int) -> Reading:
    """A reading with the evidence of its strongest boxes and the lattice that they fit best.

    Signals that repeat, as a base station's, repeat whatever likeness to a sequence they have by chance; true boxes are as
    alike as their level allows. Hence some of the boxes must come near to what is expected of them.
    """
    shared = tallied(stretch, reading, Label.LTE_PUSCH, offsets, tested)
    control = tallied(stretch, reading, Label.LTE_PUCCH, offsets, tested)
    best = reading
    for tallies in (shared, control, shared + control if shared and control else []):
        if not tallies:
            continue
        evidence, place = reduce(Tally.plus, tallies).best()
        alike = sum(tally.logs[place] >= ALIKE * tally.expected for tally in tallies)
        if evidence > best.evidence and alike >= ALIKE_SHARE * len(tallies):
            best = moved(reading, offsets, place, evidence, sample_rate_hz=stretch.sample_rate_hz)
    return best


def moved(
    reading: Reading, offsets: Offsets, place: tuple[int, int, int], evidence: float, *, sample_rate_hz: float
) -> Reading:
    """A reading with its evidence, its lattice moved to where that was found."""
    lattice = Lattice(
        slot=reading.lattice.slot + float(offsets.times_s[place[0]]) * sample_rate_hz,
        lower_hz=reading.lattice.lower_hz + float(offsets.frequencies_hz[place[1]]),
    )
    return replace(reading, lattice=lattice, evidence=evidence, group=place[2])


def tallied(stretch: Stretch, reading: Reading, label: Label, offsets: Offsets, tested: int) -> list[Tally]:
    """Evidence of each of the strongest boxes of one kind."""
    boxes = sorted((b for b in reading.boxes if b.label is label), key=lambda b: -b.likelihood)[:tested]
    return [tally_of(stretch, reading, box, offsets) for box in boxes]


def tally_of(stretch: Stretch, reading: Reading, box: Box, offsets: Offsets) -> Tally:
    """Evidence of one box's reference sequences."""
    length = SLOT_S * stretch.sample_rate_hz
    slot = reading.lattice.slot
    exact = slot + round((int(reading.map.starts[box.slot]) - slot) / length) * length
    slot_s = (exact - stretch.start) / stretch.sample_rate_hz
    lower = float(reading.map.lowers_hz[box.block])
    if box.label is Label.LTE_PUSCH:
        return shared_logs(stretch, slot_s, lower_hz=lower, blocks=box.blocks, level=box.level, offsets=offsets)
    return control_logs(stretch, slot_s, lower_hz=lower, level=box.level, offsets=offsets)
