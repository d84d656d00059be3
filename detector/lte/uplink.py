"""Shared and control channels of one segment: energies to boxes, and the proof that they are an uplink's.

The cell's lattice is learned from energy until the reference sequences prove it; from then on it is kept and followed as
the receiver's clock drifts. Nothing here decides whether a phone was there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from detector.lte.access import Stretch
from detector.lte.boxes import Box, boxes_of, parity
from detector.lte.lattice import Lattice, SlotMap, learn, slot_map
from detector.lte.reference import COARSE, FINE, Offsets, Tally, control_logs, shared_logs
from detector.lte.standard import SLOT_S
from detector.types import Label

__all__ = ["Lock", "Reading", "follow", "read"]

TESTED: Final = 8
"""Strongest boxes of each kind whose reference sequences are tried."""


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
    """A reading with the evidence of its strongest boxes and the lattice that they fit best."""
    tallies = [
        total
        for label in (Label.LTE_PUSCH, Label.LTE_PUCCH)
        if (total := tallied(stretch, reading, label, offsets, tested)) is not None
    ]
    if len(tallies) == 2:
        tallies.append(tallies[0].plus(tallies[1]))
    if not tallies:
        return reading
    evidence, (time, frequency, group) = max(tally.best() for tally in tallies)
    if evidence <= 0:
        return reading
    shift = float(offsets.times_s[time]) * stretch.sample_rate_hz
    lattice = replace(
        reading.lattice,
        slot=reading.lattice.slot + shift,
        lower_hz=reading.lattice.lower_hz + float(offsets.frequencies_hz[frequency]),
    )
    return replace(reading, lattice=lattice, evidence=evidence - np.log(len(tallies)), group=group)


def tallied(stretch: Stretch, reading: Reading, label: Label, offsets: Offsets, tested: int) -> Tally | None:
    """Summed evidence of the strongest boxes of one kind."""
    boxes = sorted((b for b in reading.boxes if b.label is label), key=lambda b: -b.likelihood)[:tested]
    total: Tally | None = None
    for box in boxes:
        tally = tally_of(stretch, reading, box, offsets)
        total = tally if total is None else total.plus(tally)
    return total


def tally_of(stretch: Stretch, reading: Reading, box: Box, offsets: Offsets) -> Tally:
    """Evidence of one box's reference sequences."""
    exact = reading.lattice.slot + np.round(
        (reading.map.starts[box.slot] - reading.lattice.slot) / (SLOT_S * stretch.sample_rate_hz)
    ) * (SLOT_S * stretch.sample_rate_hz)
    slot_s = (float(exact) - stretch.start) / stretch.sample_rate_hz
    lower = float(reading.map.lowers_hz[box.block])
    if box.label is Label.LTE_PUSCH:
        return shared_logs(stretch, slot_s, lower_hz=lower, blocks=box.blocks, offsets=offsets)
    return control_logs(stretch, slot_s, lower_hz=lower, offsets=offsets)


def spans(boxes: Sequence[Box]) -> int:
    """How many slots hold a box."""
    return len({box.slot for box in boxes})
