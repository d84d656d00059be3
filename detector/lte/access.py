"""Random access preambles of one segment: triggers in, measured preambles out.

A preamble is looked for where the gate saw energy, its root by :mod:`detector.lte.preamble`; then its own waveform,
taken off the samples, shows where it begins and which format it has. Nothing here decides whether it was a phone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from detector.lte import preamble
from detector.lte.gate import Trigger
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
from detector.lte.zadoff_chu import preamble_spectrum
from detector.types import Iq

__all__ = ["Preamble", "find_preambles"]

BLOCK_S: Final = 25e-6
"""Grain of a preamble's measured start."""

DRIFTS_HZ: Final = np.arange(-350.0, 351.0, 100.0)
"""What the whole and half bins leave of the frequency error."""

CHUNK: Final = 16
TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Preamble:
    """A measured preamble; ``power`` is its own mean power, ``evidence`` as in :class:`Match`."""

    root: int
    format: PreambleFormat
    start: int
    count: int
    lower_hz: float
    power: float
    evidence: float

    @property
    def upper_hz(self) -> float:
        """Upper edge as an offset from the centre."""
        return self.lower_hz + PREAMBLE_WIDTH_HZ


def find_preambles(
    stretch: Stretch,
    triggers: Sequence[Trigger],
    *,
    step: int,
    rank: float,
    evidence: float,
    roots: Iterable[int] = (),
) -> list[Preamble]:
    """Preambles near the triggers, each once.

    Parameters
    ----------
    triggers
        Their steps counted from the stretch's first sample.
    step
        Samples of a step.
    rank
        Level of :func:`preamble.rank_roots` from which a window is correlated.
    evidence
        From which a match is a preamble.
    roots
        If given, only these are tried, without ranking.
    """
    size = round(PREAMBLE_PERIOD_S * stretch.sample_rate_hz)
    kept = [t for t in triggers if t.step * step >= 0 and t.step * step + size <= stretch.iq.size]
    known = tuple(roots)
    found: list[Preamble] = []
    for begin in range(0, len(kept), CHUNK):
        chunk = kept[begin : begin + CHUNK]
        for trigger, half, match in matches(stretch, chunk, size=size, step=step, rank=rank, known=known):
            if match.evidence >= evidence:
                first = round(trigger.lower_hz / PREAMBLE_SPACING_HZ) - MARGIN
                at = stretch.start + trigger.step * step
                found.append(measured(stretch, match, at=at, size=size, first=first, half_bin=half))
    return distinct(found)


def matches(
    stretch: Stretch, triggers: Sequence[Trigger], *, size: int, step: int, rank: float, known: tuple[int, ...]
) -> Iterator[tuple[Trigger, bool, Match]]:
    """The better match of each trigger's two half-bin hypotheses, if any is worth the correlation."""
    bins = windows(stretch, triggers, size=size, step=step, half_bin=False)
    roots = [known] * len(triggers)
    if not known:
        ranks = preamble.rank_roots(preamble.limited(bins[:, MARGIN:-MARGIN]))
        roots = [tuple(map(int, np.argpartition(r, -TRIES)[-TRIES:] + 1)) if r.max() >= rank else () for r in ranks]
    worth = [i for i, tried in enumerate(roots) if tried]
    if not worth:
        return
    halves = windows(stretch, [triggers[i] for i in worth], size=size, step=step, half_bin=True)
    for whole, half, i in zip(preamble.limited(bins[worth]), preamble.limited(halves), worth, strict=True):
        tries = [(h, preamble.correlate(row, root)) for h, row in ((False, whole), (True, half)) for root in roots[i]]
        yield triggers[i], *max(tries, key=lambda t: t[1].evidence)


def windows(stretch: Stretch, triggers: Sequence[Trigger], *, size: int, step: int, half_bin: bool) -> Iq:
    """Bins of each trigger's window, with their margins; shape (n_triggers, 983)."""
    starts = np.array([trigger.step * step for trigger in triggers], np.int64)
    spectra = preamble.window_spectra(stretch.iq, starts, size, half_bin=half_bin)
    rate = stretch.sample_rate_hz
    return np.concatenate(
        [preamble.bin_slice(s[None], t.lower_hz, sample_rate_hz=rate) for s, t in zip(spectra, triggers, strict=True)]
    )


def measured(stretch: Stretch, match: Match, *, at: int, size: int, first: int, half_bin: bool) -> Preamble:
    """Start, format and power of a preamble whose root and delay in the window at ``at`` are known."""
    rate = stretch.sample_rate_hz
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
    place, kind, amplitude = placed(sums, block / rate)
    offset = first + match.first_bin + 0.5 * half_bin
    return Preamble(
        root=match.root,
        format=kind,
        start=begin + place * block,
        count=round(kind.length_s * rate),
        lower_hz=(offset - 0.5) * PREAMBLE_SPACING_HZ,
        power=float(amplitude / block) ** 2,
        evidence=match.evidence,
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


def distinct(found: Sequence[Preamble]) -> list[Preamble]:
    """The strongest of each group that overlaps in time and frequency, in order of time."""
    kept: list[Preamble] = []
    for one in sorted(found, key=lambda p: -p.evidence):
        if not any(overlap(one, other) for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda p: p.start)


def overlap(one: Preamble, other: Preamble) -> bool:
    """Whether two findings are one preamble, or one of them is the image of the other in another place."""
    in_time = min(one.start + one.count, other.start + other.count) - max(one.start, other.start)
    in_band = abs(one.lower_hz - other.lower_hz) < PREAMBLE_WIDTH_HZ / 2
    image = one.root + other.root == PREAMBLE_LENGTH
    return 2 * in_time > min(one.count, other.count) and (in_band or image)
