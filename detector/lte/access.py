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
MOVES: Final = 4
"""How often a place is moved towards a preamble that lies beside it, by up to a margin's width each time."""

TRIES: Final = 3
NEARLY: Final = 0.75
"""Best-ranked roots that are correlated, at most, and the share of the best one's rank that they must have."""


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
    noise: float,
    known: Collection[int] = (),
    found: Sequence[Preamble] = (),
    half_bin: bool = False,
) -> list[Preamble]:
    """Preambles near some places, each once, in order of time.

    Parameters
    ----------
    places
        The likeliest first; those whose window does not lie in the stretch are left out.
    levels
        Any root must reach ``preamble_rank`` and ``preamble_evidence``, a known one the lower levels.
    noise
        Power of noise in one hertz.
    known
        Roots of the cells around.
    found
        Preambles that were found before, which are not looked for again.
    half_bin
        Whether the roots are ranked on bins that lie half their distance higher.
    """
    size = round(PREAMBLE_PERIOD_S * stretch.sample_rate_hz)
    left = [place for place in places if stretch.start <= place.start <= stretch.stop - size]
    new: list[Preamble] = []
    while left := unexplained(left, (*found, *new), size):
        chunk, left = left[:CHUNK], left[CHUNK:]
        for place, half, match in matches(
            stretch, chunk, levels, noise=noise, size=size, known=known, half_bin=half_bin
        ):
            if match.evidence >= (levels.preamble_known_evidence if match.root in known else levels.preamble_evidence):
                centred = recentred(stretch, match, place, size=size, half_bin=half)
                new.append(measured(stretch, *centred, size=size, half_bin=half))
    return distinct(new, found)


def unexplained(places: Sequence[Place], found: Sequence[Preamble], size: int) -> list[Place]:
    """The places of which less than half the window or the band lies in a preamble that was found."""
    if not found or not places:
        return list(places)
    begin, lower = np.array([(place.start, place.lower_hz) for place in places]).T[:, :, None]
    start, count, low = np.array([(one.start, one.count, one.lower_hz) for one in found]).T
    in_time = np.minimum(start + count, begin + size) - np.maximum(start, begin)
    hidden = (2 * in_time > size) & (np.abs(low - lower) < PREAMBLE_WIDTH_HZ / 2)
    return [place for place, under in zip(places, hidden.any(axis=1), strict=True) if not under]


def matches(
    stretch: Stretch,
    places: Sequence[Place],
    levels: LteThresholds,
    *,
    noise: float,
    size: int,
    known: Collection[int],
    half_bin: bool,
) -> Iterator[tuple[Place, bool, Match]]:
    """The better match of each place's two half-bin hypotheses, if any is worth the correlation."""
    bins, typical = windows(stretch, places, size=size, half_bin=half_bin)
    snr = typical / np.float32(noise * stretch.sample_rate_hz * size) - 1
    ranks, ranked = ranked_roots(bins[:, MARGIN:-MARGIN], snr, levels)
    roots = [promising(row, levels, known) for row in ranks]
    tried = [(int(i), root) for i, candidates in zip(ranked, roots, strict=True) for root in candidates]
    if not tried:
        return
    rows = [i for i, _ in tried]
    others, _ = windows(stretch, [places[i] for i in rows], size=size, half_bin=not half_bin)
    found = preamble.correlate(np.concatenate((bins[rows], others)), 2 * [root for _, root in tried])
    best: dict[int, tuple[bool, Match]] = {}
    for i, half, match in zip(2 * rows, len(rows) * [half_bin] + len(rows) * [not half_bin], found, strict=True):
        if i not in best or match.evidence > best[i][1].evidence:
            best[i] = half, match
    yield from ((places[i], half, match) for i, (half, match) in best.items())


def ranked_roots(bins: Iq, snr: FloatArray, levels: LteThresholds) -> tuple[FloatArray, NDArray[np.int64]]:
    """Ranks of all roots in the windows whose first lag is not too low for their level, and which windows those are.

    A preamble that is far over the noise stands out with its first lag; what does not, is another signal.
    """
    first = preamble.rank_roots(bins, preamble.LAGS[:1])
    least = levels.preamble_first_lag * preamble.expected_rank(snr)
    kept = np.flatnonzero(first.max(axis=1) >= least)
    return first[kept] + preamble.rank_roots(bins[kept], preamble.LAGS[1:]), kept


def promising(ranks: FloatArray, levels: LteThresholds, known: Collection[int]) -> set[int]:
    """The roots of one window that are worth a correlation."""
    roots = {root for root in known if ranks[root - 1] >= levels.preamble_known_rank}
    if ranks.max() >= levels.preamble_rank:
        best = np.argpartition(ranks, -TRIES)[-TRIES:]
        roots |= set((best[ranks[best] >= NEARLY * ranks.max()] + 1).tolist())
    return roots


def windows(stretch: Stretch, places: Sequence[Place], *, size: int, half_bin: bool) -> tuple[Iq, FloatArray]:
    """Limited bins of each place's window, with their margins, and their typical power; shapes (n, 983) and (n,)."""
    starts = np.array([place.start for place in places], np.int64) - stretch.start
    spectra = preamble.window_spectra(stretch.iq, starts, size, half_bin=half_bin)
    lowers_hz = np.array([place.lower_hz for place in places])
    bins = preamble.bin_slices(spectra, lowers_hz, sample_rate_hz=stretch.sample_rate_hz)
    typical = preamble.typical_power(bins)
    return preamble.limited(bins, typical), typical


def recentred(stretch: Stretch, match: Match, place: Place, *, size: int, half_bin: bool) -> tuple[Match, Place]:
    """A match that is best at the edge of its place's margins, at the place beside that holds all of its band."""
    for _ in range(MOVES):
        if MARGIN / 4 < match.first_bin < 7 * MARGIN / 4:
            break
        beside = Place(start=place.start, lower_hz=place.lower_hz + (match.first_bin - MARGIN) * PREAMBLE_SPACING_HZ)
        bins, _ = windows(stretch, [beside], size=size, half_bin=half_bin)
        (better,) = preamble.correlate(bins, [match.root])
        if better.evidence <= match.evidence:
            break
        match, place = better, beside
    return match, place


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
    """One period of what was received of the matched sequence, delayed as in its window; shape (size,).

    Scaled so that its product with a whole preamble of unit mean power has a mean of one.
    """
    k = match.first_bin + np.arange(PREAMBLE_LENGTH)
    k = k[np.abs(first + k) < size / 2]
    values = preamble_spectrum(match.root)[(k - MARGIN) % PREAMBLE_LENGTH]
    bins = np.zeros(size, np.complex64)
    bins[(first + k) % size] = values * np.exp(-2j * np.pi * match.delay * k)
    return np.asarray(scipy.fft.ifft(bins) * (size * np.sqrt(PREAMBLE_LENGTH) / k.size), np.complex64)


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
