"""Random access preambles of one segment: triggers in, measured preambles out.

A preamble is looked for where the gate saw energy, its root by :mod:`detector.lte.preamble`; then its own waveform,
taken off the samples, shows where it begins and which format it has. Nothing here decides whether it was a phone.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from detector.lte import preamble
from detector.lte.pieces import Stretch
from detector.lte.preamble import MARGIN, Match
from detector.lte.standard import (
    PREAMBLE_FORMATS,
    PREAMBLE_LENGTH,
    PREAMBLE_PERIOD_S,
    PREAMBLE_SPACING_HZ,
    PREAMBLE_WIDTH_HZ,
    PreambleFormat,
)
from detector.lte.thresholds import LteThresholds
from detector.lte.zadoff_chu import preamble_spectrum
from detector.types import FloatArray, Iq

__all__ = ["Place", "Preamble", "distinct", "find_preambles"]

BLOCK_S: Final = 25e-6
"""Grain of a preamble's measured start."""

DRIFTS_HZ: Final = np.arange(-350.0, 351.0, 100.0)
"""What the whole and half bins leave of the frequency error."""

CHUNK: Final = 16
TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a preamble may be: the first sample of a window inside it, and the lower edge of its band."""

    start: int
    lower_hz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Preamble:
    """A measured preamble.

    Parameters
    ----------
    power
        Its own mean power.
    evidence
        As in :class:`Match`.
    half_bin
        Whether its subcarriers lie nearer to the middle between the window's bins.
    """

    root: int
    format: PreambleFormat
    start: int
    count: int
    lower_hz: float
    power: float
    evidence: float
    half_bin: bool

    @property
    def upper_hz(self) -> float:
        """Upper edge as an offset from the centre."""
        return self.lower_hz + PREAMBLE_WIDTH_HZ


def find_preambles(
    stretch: Stretch,
    places: Sequence[Place],
    levels: LteThresholds,
    *,
    known: Collection[int] = (),
    half_bin: bool = False,
) -> list[Preamble]:
    """Preambles near some places, each once, in order of time.

    Parameters
    ----------
    places
        Those whose window does not lie in the stretch are left out.
    levels
        Any root must reach ``preamble_rank`` and ``preamble_evidence``, a known one the lower levels.
    known
        Roots of the cells around.
    half_bin
        Whether the roots are ranked on bins that lie half their distance higher.
    """
    size = round(PREAMBLE_PERIOD_S * stretch.sample_rate_hz)
    kept = [place for place in places if stretch.start <= place.start <= stretch.stop - size]
    found: list[Preamble] = []
    for begin in range(0, len(kept), CHUNK):
        chunk = kept[begin : begin + CHUNK]
        for place, half, match in matches(stretch, chunk, levels, size=size, known=known, half_bin=half_bin):
            if match.evidence >= (levels.preamble_known_evidence if match.root in known else levels.preamble_evidence):
                found.append(measured(stretch, match, place, size=size, half_bin=half))
    return distinct(found)


def matches(
    stretch: Stretch,
    places: Sequence[Place],
    levels: LteThresholds,
    *,
    size: int,
    known: Collection[int],
    half_bin: bool,
) -> Iterator[tuple[Place, bool, Match]]:
    """The better match of each place's two half-bin hypotheses, if any is worth the correlation."""
    bins = windows(stretch, places, size=size, half_bin=half_bin)
    ranks = preamble.rank_roots(preamble.limited(bins[:, MARGIN:-MARGIN]))
    roots = [promising(row, levels, known) for row in ranks]
    worth = [i for i, tried in enumerate(roots) if tried]
    if not worth:
        return
    others = windows(stretch, [places[i] for i in worth], size=size, half_bin=not half_bin)
    for one, other, i in zip(preamble.limited(bins[worth]), preamble.limited(others), worth, strict=True):
        hypotheses = ((half_bin, one), (not half_bin, other))
        tries = [(half, preamble.correlate(row, root)) for half, row in hypotheses for root in roots[i]]
        yield places[i], *max(tries, key=lambda t: t[1].evidence)


def promising(ranks: FloatArray, levels: LteThresholds, known: Collection[int]) -> set[int]:
    """The roots of one window that are worth a correlation."""
    roots = {root for root in known if ranks[root - 1] >= levels.preamble_known_rank}
    if ranks.max() >= levels.preamble_rank:
        roots |= set((np.argpartition(ranks, -TRIES)[-TRIES:] + 1).tolist())
    return roots


def windows(stretch: Stretch, places: Sequence[Place], *, size: int, half_bin: bool) -> Iq:
    """Bins of each place's window, with their margins; shape (n_places, 983)."""
    starts = np.array([place.start for place in places], np.int64) - stretch.start
    spectra = preamble.window_spectra(stretch.iq, starts, size, half_bin=half_bin)
    rate = stretch.sample_rate_hz
    lowers_hz = np.array([place.lower_hz for place in places])
    return preamble.bin_slices(spectra, lowers_hz, sample_rate_hz=rate)


def measured(stretch: Stretch, match: Match, place: Place, *, size: int, half_bin: bool) -> Preamble:
    """Start, format and power of a preamble whose root and delay in a place's window are known."""
    rate, at = stretch.sample_rate_hz, place.start
    first = round(place.lower_hz / PREAMBLE_SPACING_HZ) - MARGIN
    longest = max(f.length_s for f in PREAMBLE_FORMATS)
    begin = max(stretch.start, at - round(longest * rate))
    end = min(stretch.stop, at + round((longest + PREAMBLE_PERIOD_S) * rate))
    period = waveform(match, size=size, first=first)
    n = np.arange(begin - at, end - at)
    turned = stretch.iq[begin - stretch.start : end - stretch.start] * period[n % size].conj()
    if half_bin:
        turned = turned * np.exp(-1j * np.pi * n / size)
    block = max(1, round(BLOCK_S * rate))
    sums = turned[: turned.size // block * block].reshape(-1, block).sum(axis=1)
    first_block, kind, amplitude = placed(sums, block / rate)
    offset = first + match.first_bin + 0.5 * half_bin
    return Preamble(
        root=match.root,
        format=kind,
        start=begin + first_block * block,
        count=round(kind.length_s * rate),
        lower_hz=(offset - 0.5) * PREAMBLE_SPACING_HZ,
        power=float(amplitude / block) ** 2,
        evidence=match.evidence,
        half_bin=half_bin,
    )


def waveform(match: Match, *, size: int, first: int) -> Iq:
    """One period of the matched sequence, delayed as in its window, of unit mean power; shape (size,)."""
    k = match.first_bin + np.arange(PREAMBLE_LENGTH)
    values = preamble_spectrum(match.root)[(k - MARGIN) % PREAMBLE_LENGTH]
    bins = np.zeros(size, np.complex64)
    bins[(first + k) % size] = values * np.exp(-2j * np.pi * match.delay * k)
    return np.asarray(scipy.fft.ifft(bins) * (size / np.sqrt(PREAMBLE_LENGTH)), np.complex64)


def placed(sums: NDArray[np.complex128], block_s: float) -> tuple[int, PreambleFormat, float]:
    """First block, format and mean amplitude per block of a steady phasor of one of the formats' lengths."""
    times = np.arange(sums.size) * block_s
    turned = sums * np.exp(-2j * np.pi * DRIFTS_HZ[:, None] * times)
    total = np.concatenate((np.zeros((len(DRIFTS_HZ), 1)), np.cumsum(turned, axis=1)), axis=1)
    best = (-1.0, 0, PREAMBLE_FORMATS[0], 0.0)
    for kind in PREAMBLE_FORMATS:
        length = min(round(kind.length_s / block_s), sums.size)
        inner = np.abs(total[:, length:] - total[:, :-length]).max(axis=0)
        place = int(np.argmax(inner))
        best = max(
            best, (float(inner[place] ** 2 / length), place, kind, float(inner[place] / length)), key=lambda b: b[0]
        )
    return best[1], best[2], best[3]


def distinct(found: Sequence[Preamble], told: Sequence[Preamble] = ()) -> list[Preamble]:
    """The strongest of each group that is one preamble, in order of time, but those that were told before."""
    kept: list[Preamble] = []
    for one in sorted(found, key=lambda p: -p.evidence):
        if not any(overlap(one, other) for other in (*kept, *told)):
            kept.append(one)
    return sorted(kept, key=lambda p: p.start)


def overlap(one: Preamble, other: Preamble) -> bool:
    """Whether two findings are one preamble.

    A sequence that is moved in frequency is like one that is delayed, so a strong preamble is also found beside itself,
    in time and in frequency, under its own root; and under the root's complement as a receiver's image.
    """
    in_time = min(one.start + one.count, other.start + other.count) - max(one.start, other.start)
    apart_hz = abs(one.lower_hz - other.lower_hz)
    if one.root == other.root:
        return in_time > 0 and apart_hz < PREAMBLE_WIDTH_HZ
    image = one.root + other.root == PREAMBLE_LENGTH
    return 2 * in_time > min(one.count, other.count) and (apart_hz < PREAMBLE_WIDTH_HZ / 2 or image)
