"""Shared and control channels of one segment: energies to boxes, and the proof that they are an uplink's.

The cell's lattice is learned from energy until the reference sequences prove it; from then on it is kept and followed as
the receiver's clock drifts. Nothing here decides whether a phone was there.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.lte.access import Preamble
from detector.lte.base_sequences import GROUPS
from detector.lte.boxes import Box, boxes_of, parity
from detector.lte.lattice import Lattice, SlotMap, SlotPower, learn, slot_map, slot_power
from detector.lte.oscillator import Turns, subcarriers_off, turns_of
from detector.lte.pieces import Stretch
from detector.lte.reference import COARSE, FINE, Offsets, Spots, Tally, control_tallies, shared_tallies, tail_evidence
from detector.lte.sounding import with_soundings
from detector.lte.standard import RESOURCE_BLOCK_HZ, SLOT_S, SUBCARRIER_HZ
from detector.lte.thresholds import LteThresholds, UplinkThresholds
from detector.lte.votes import NO_VOTES, Votes
from detector.types import Label

__all__ = ["Lock", "Reading", "Scope", "follow", "read"]

TESTED: Final = 12
TESTED_BLOCKS: Final = 36
"""Strongest boxes of each kind whose reference sequences are tried, and how many blocks they may fill together."""


TURNED: Final = 64
"""Strongest shared channels of a stretch whose carriers are measured."""

USUAL_BLOCKS: Final = 12
"""Of a receiver's band; a wider one holds more places where noise may look like a burst."""

CARRIER_ERROR_HZ: Final = 40.0
"""Standard error from which a carrier says nothing."""

CONTRASTS: Final = 4
"""Every so many groups are enough to tell what a known one has in common with them."""

EXACT: Final = Offsets(times_s=np.zeros(1), frequencies_hz=np.zeros(1))

LEARNT_FROM: Final = 40
"""Strongest subframes of a stretch in which an unknown cell's boxes are looked for."""

SIZES: Final = (1, 2, 4, 12)
SUBSETS: Final = 2 * len(SIZES) + 1
"""Sets of the strongest boxes whose common evidence is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the search must know of a stretch before it looks.

    Parameters
    ----------
    allowed
        Edges of the part of it that may hold an uplink.
    noise
        Noise power in one block by the receiver's floor.
    preambles
        Found before; what they fill is no channel.
    """

    allowed: tuple[float, float]
    noise: float
    preambles: tuple[Preamble, ...]
    levels: LteThresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A proven cell: its lattice, the group of its sequences, and whether the lattice is known to a subcarrier."""

    lattice: Lattice
    group: int
    straight: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """Boxes of one stretch on one lattice.

    Parameters
    ----------
    evidence
        That of the reference sequences of the strongest boxes.
    straight
        Whether the lattice is known to a subcarrier.
    carriers
        Carrier frequency, modulo 2 kHz, of shared channels that tell it, and its standard error [Hz].
    """

    lattice: Lattice
    map: SlotMap
    boxes: tuple[Box, ...]
    evidence: float
    group: int
    straight: bool = False
    carriers: Mapping[Box, tuple[float, float]] = field(default_factory=dict)


def read(stretch: Stretch, votes: Votes, scope: Scope) -> tuple[Reading | None, Votes]:
    """Learn a stretch's lattice, box its energies and weigh their proof; None, and no votes, where none stands out."""
    taken = [(one.start, one.start + one.count) for one in scope.preambles]
    levels = scope.levels
    learnt = learn(
        stretch,
        votes,
        allowed=scope.allowed,
        taken=taken,
        contrast=levels.lattice_contrast,
        restless=levels.lattice_restless,
    )
    if learnt is None:
        return None, NO_VOTES
    reading = boxed(stretch, learnt.lattice, learnt.power, scope, subframes=LEARNT_FROM)
    prior = learnt.votes.prior(COARSE.frequencies_hz)
    return proven(stretch, reading, COARSE, prior, levels.uplink), learnt.votes


def follow(stretch: Stretch, lock: Lock, scope: Scope) -> Reading:
    """Box a stretch's energies on a proven lattice, moved by what its drift shows, and keep what is likely enough.

    Weak boxes count if their reference sequences speak for them; strong ones do not if theirs speak against them.
    """
    groups = with_contrasts(lock.group)
    prior = np.zeros(FINE.frequencies_hz.size)
    power = slot_power(stretch, lock.lattice.slot)
    reading = proven(
        stretch, boxed(stretch, lock.lattice, power, scope), FINE, prior, scope.levels.uplink, groups=groups
    )
    if reading.group != lock.group or reading.evidence <= 0:
        reading = replace(reading, lattice=lock.lattice, group=lock.group, evidence=0.0)
    reading = straightened(stretch, replace(reading, straight=lock.straight), scope.levels.uplink)
    boxes = with_soundings(
        stretch, reading.boxes, reading.map.starts, reading.map.lowers_hz, scope.noise, scope.levels.sounding
    )
    return replace(reading, boxes=tuple(likely(stretch, reading, boxes, scope.levels)))


def straightened(stretch: Stretch, reading: Reading, uplink: UplinkThresholds) -> Reading:
    """A reading with the carriers of its strongest shared channels, and its lattice moved to where these agree."""
    boxes = loudest(reading.boxes, Label.LTE_PUSCH, most=TURNED) if reading.evidence >= uplink.trusted_evidence else []
    widths = sorted({box.blocks for box in boxes})
    if not widths:
        return reading
    by_width = [[box for box in boxes if box.blocks == width] for width in widths]
    turns = Turns.joined(
        [
            turns_of(stretch, spots_of(stretch, reading, alike), blocks=width, group=reading.group)
            for width, alike in zip(widths, by_width, strict=True)
        ]
    )
    off = subcarriers_off(turns.under(CARRIER_ERROR_HZ))
    if off:
        lower_hz = reading.lattice.lower_hz - off * SUBCARRIER_HZ
        reading = replace(reading, lattice=replace(reading.lattice, lower_hz=lower_hz))
    if off is None and not reading.straight:
        return reading
    pairs = zip(turns.moved(off or 0).offsets_hz.tolist(), turns.errors_hz.tolist(), strict=True)
    carriers = {box: pair for box, pair in zip(chain(*by_width), pairs, strict=True) if pair[1] < CARRIER_ERROR_HZ}
    return replace(reading, straight=True, carriers=carriers)


def likely(stretch: Stretch, reading: Reading, boxes: Sequence[Box], levels: LteThresholds) -> Iterator[Box]:
    """The boxes that their energy and their reference sequences together make bursts of the locked cell."""
    uplink, last = levels.uplink, reading.map.cells.shape[1]
    likelihood = levels.box_likelihood + float(np.log(max(1.0, last / USUAL_BLOCKS)))
    proven_cell = reading.evidence >= uplink.trusted_evidence
    if proven_cell:
        yield from (box for box in boxes if box.label is Label.LTE_SRS)
    channels = [box for box in boxes if box.label is not Label.LTE_SRS]
    tallies = tallied(stretch, reading, channels, EXACT, groups=with_contrasts(reading.group))
    for box, tally in zip(channels, tallies, strict=True):
        logs = float(tally.logs[0, 0, 0])
        own = tail_evidence(logs, tally.symbols)
        cut = box.label is Label.LTE_PUSCH and (box.block == 0 or box.block + box.blocks == last)
        unlike = not cut and tally.expected > uplink.clear_evidence and logs < uplink.unlike_share * tally.expected
        both = max(box.likelihood, box.likelihood + own - 2)
        enough = both >= likelihood if proven_cell else own >= uplink.alone_evidence
        if enough and not unlike:
            yield box


def with_contrasts(group: int) -> tuple[int, ...]:
    """A known group, and some others that tell what it has in common with them."""
    return (group, *range((group + 1) % CONTRASTS, GROUPS, CONTRASTS))


def boxed(
    stretch: Stretch, lattice: Lattice, power: SlotPower, scope: Scope, *, subframes: int | None = None
) -> Reading:
    """Boxes of a stretch on a lattice, not yet proven; of its strongest subframes alone, if so many are given."""
    energies = slot_map(power, lattice, allowed=scope.allowed, noise=scope.noise)
    cells = np.where(explained(energies, scope.preambles, stretch.sample_rate_hz), 1.0, energies.cells)
    likelihood = scope.levels.uplink.weak_share * scope.levels.box_likelihood
    boxes = boxes_of(cells, scope.levels.boxes, first=parity(cells), likelihood=likelihood, most=subframes)
    return Reading(lattice=lattice, map=energies, boxes=tuple(boxes), evidence=0.0, group=-1)


def explained(energies: SlotMap, preambles: Sequence[Preamble], sample_rate_hz: float) -> NDArray[np.bool_]:
    """Which cells lie under a preamble, or next to one; shape as the map's cells."""
    length = SLOT_S * sample_rate_hz
    under = np.zeros(energies.cells.shape, bool)
    for one in preambles:
        rows = (energies.starts < one.start + one.count) & (energies.starts + length > one.start)
        near = RESOURCE_BLOCK_HZ
        columns = (energies.lowers_hz < one.upper_hz + near) & (energies.lowers_hz + near > one.lower_hz - near)
        under |= rows[:, None] & columns
    return under


def proven(
    stretch: Stretch,
    reading: Reading,
    offsets: Offsets,
    prior: NDArray[np.float64],
    uplink: UplinkThresholds,
    *,
    groups: Sequence[int] = range(GROUPS),
) -> Reading:
    """A reading with the evidence of its strongest boxes and the lattice that they fit best.

    Signals that repeat, as a base station's, repeat whatever likeness to a sequence they have by chance; true boxes are as
    alike as their level allows. Hence some of the boxes must come near to what is expected of them. Since a Zadoff-Chu
    sequence that is moved by a subcarrier is like one that is delayed, energy has a word in where the blocks lie.
    """
    shared = tallied(stretch, reading, tested(reading.boxes, Label.LTE_PUSCH), offsets, groups=groups)
    control = tallied(stretch, reading, tested(reading.boxes, Label.LTE_PUCCH), offsets, groups=groups)
    best = reading
    for tallies in subsets(shared, control):
        evidence, place = reduce(Tally.plus, tallies).best(prior)
        evidence -= np.log(SUBSETS)
        alike = sum(tally.logs[place] >= uplink.alike_share * tally.expected for tally in tallies)
        if evidence > best.evidence and alike >= uplink.alike_boxes * len(tallies):
            lattice = moved(reading.lattice, offsets, place, sample_rate_hz=stretch.sample_rate_hz)
            best = replace(reading, lattice=lattice, evidence=evidence, group=groups[place[2]])
    return best


def subsets(shared: Sequence[Tally], control: Sequence[Tally]) -> Iterator[Sequence[Tally]]:
    """The strongest few or more of either kind, and of both: weak boxes may be noise."""
    for tallies in (shared, control):
        yield from (tallies[:n] for n in SIZES if n < 2 * len(tallies))
    if shared and control:
        yield [*shared, *control]


def moved(lattice: Lattice, offsets: Offsets, place: tuple[int, int, int], *, sample_rate_hz: float) -> Lattice:
    """A lattice, moved by the offsets at a place among those that were tried."""
    return Lattice(
        slot=lattice.slot + float(offsets.times_s[place[0]]) * sample_rate_hz,
        lower_hz=lattice.lower_hz + float(offsets.frequencies_hz[place[1]]),
    )


def loudest(boxes: Sequence[Box], label: Label, *, most: int = TESTED) -> list[Box]:
    """So many of the strongest boxes of one kind."""
    return sorted((box for box in boxes if box.label is label), key=lambda box: -box.likelihood)[:most]


def tested(boxes: Sequence[Box], label: Label) -> list[Box]:
    """The strongest boxes of one kind, as many as may be tried: a few wide ones prove as much as many narrow ones."""
    strongest = loudest(boxes, label)
    filled = np.cumsum([box.blocks for box in strongest])
    return strongest[: max(2, int(np.searchsorted(filled, TESTED_BLOCKS, side="right")))]


def tallied(
    stretch: Stretch, reading: Reading, boxes: Sequence[Box], offsets: Offsets, *, groups: Sequence[int] = range(GROUPS)
) -> list[Tally]:
    """Evidence of each box's reference sequences, those of one kind and width in one go."""
    alike: defaultdict[tuple[Label, int], list[int]] = defaultdict(list)
    for i, box in enumerate(boxes):
        alike[box.label, box.blocks].append(i)
    found: dict[int, Tally] = {}
    for (label, blocks), indexes in alike.items():
        spots = spots_of(stretch, reading, [boxes[i] for i in indexes])
        if label is Label.LTE_PUSCH:
            tallies = shared_tallies(stretch, spots, blocks=blocks, offsets=offsets, groups=groups)
        else:
            tallies = control_tallies(stretch, spots, offsets=offsets, groups=groups)
        found |= dict(zip(indexes, tallies, strict=True))
    return [found[i] for i in range(len(boxes))]


def spots_of(stretch: Stretch, reading: Reading, boxes: Sequence[Box]) -> Spots:
    """Where some boxes lie on the reading's lattice, which may have moved since its map was made."""
    lattice = reading.lattice
    length = SLOT_S * stretch.sample_rate_hz
    starts = reading.map.starts[[box.slot for box in boxes]]
    slots = lattice.slot + np.round((starts - lattice.slot) / length) * length
    lowers = reading.map.lowers_hz[[box.block for box in boxes]]
    blocks = np.round((lowers - lattice.lower_hz) / RESOURCE_BLOCK_HZ)
    return Spots(
        starts_s=(slots - stretch.start) / stretch.sample_rate_hz,
        lowers_hz=lattice.lower_hz + blocks * RESOURCE_BLOCK_HZ,
        levels=np.array([box.level for box in boxes]),
    )
