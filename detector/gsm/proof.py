"""Whether what stands in some places is GSM: evidence of the known sequences, summed, and its probability in noise.

The sum over n windows follows the gamma distribution of shape n where there is only noise; every sequence, lag and
frequency error that was tried counts as a trial. Signals that are not noise-like raise the evidence of all sequences at
all lags alike, and are divided out.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, gammainccinv, gammaincinv, gammaln

from detector.gsm.correlate import Correlator, evidence, fold, most_evidence, spectra
from detector.gsm.reel import Reel, cut
from detector.gsm.standard import SYMBOL_S
from detector.gsm.thresholds import GsmThresholds
from detector.types import FloatArray, Iq

__all__ = ["TRIALS_A_LAG", "Proof", "log10_tail", "prove", "screen", "shifts_for", "sight"]

COARSE_LOSS: Final = 1.4
"""The most evidence that the coarse steps of frequency lose, as a ratio."""

USUAL_QUANTILE: Final = 0.995
"""What the evidence elsewhere in the same windows is measured by."""

EDGE_LAGS: Final = 2
"""What lies at the edge of the reach belongs to the next place."""

LEAST_BEYOND: Final = 0.2
"""Share of the lags that must lie beyond a sequence's reach to tell what is usual."""

MOST_SHARE: Final = np.float32(0.99)

TRIALS_A_LAG: Final = 0.6
"""Independent trials a lag of half a symbol."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proof:
    """The best explanation of some windows.

    Parameters
    ----------
    windows
        How many were looked at.
    evidence
        Their summed evidence.
    log10_p
        Logarithm of the probability of as much in noise, all trials counted.
    sequence
        Which of the bank.
    lag
        Samples by which the bursts come later than expected.
    offset_hz
        Frequency error.
    coherence
        Mean share of the energy that the sequence explains.
    rival
        The best evidence elsewhere, over the most that noise and a burst's own side lobes give there, as a share of this
        one's over its mean in noise.
    """

    windows: int
    evidence: float
    log10_p: float
    sequence: int
    lag: float
    offset_hz: float
    coherence: float
    rival: float


def shifts_for(correlator: Correlator, error_hz: float, step: int) -> NDArray[np.int64]:
    """Frequency errors to try, in bins."""
    most = int(np.ceil((error_hz / correlator.bin_hz - step / 2) / step)) * step
    return np.arange(-most, most + 1, step)


def log10_tail(windows: float, total: float, trials: float) -> float:
    """Logarithm of the probability that noise brings a sum of evidence in any of so many trials."""
    tail = float(gammaincc(windows, total))
    if tail < 1e-290:
        leading = (windows - 1) * np.log(total) - total - gammaln(windows)
        return float(leading / np.log(10) + np.log10(trials))
    return min(0.0, float(np.log10(tail) + np.log10(trials)))


def sight(
    correlator: Correlator,
    reel: Reel,
    begins: NDArray[np.float64],
    first_bit: int,
    carriers_hz: NDArray[np.float64] | float,
) -> tuple[Iq, NDArray[np.bool_]]:
    """Spectra of the windows in which a sequence is expected, and which of them are held."""
    starts = np.rint(begins + first_bit * SYMBOL_S * correlator.rate_hz - correlator.lead).astype(np.int64)
    windows, held = cut(reel, starts, correlator.length)
    if isinstance(carriers_hz, np.ndarray):
        carriers_hz = carriers_hz[held]
    return spectra(correlator, windows, carriers_hz), held


def screen(
    correlator: Correlator,
    reel: Reel,
    begins: NDArray[np.float64],
    carriers_hz: NDArray[np.float64],
    shifts: NDArray[np.int64],
) -> FloatArray:
    """The most that each of several lone windows says, shape (n,); zero for those that are not held.

    Parameters
    ----------
    begins, carriers_hz
        Shape (n,): where a burst of which the sequence is the beginning may begin, and on which carrier.
    """
    tops = np.zeros(begins.size, np.float32)
    spectrum, held = sight(correlator, reel, begins, 0, carriers_hz)
    if len(spectrum):
        tops[held] = most_evidence(correlator, spectrum, shifts)
    return tops


def prove(
    correlator: Correlator,
    reel: Reel,
    begins: NDArray[np.float64],
    *,
    first_bit: int,
    carrier_hz: float,
    shifts: NDArray[np.int64],
    thresholds: GsmThresholds,
) -> Proof | None:
    """Look for one sequence at one lag and one frequency error in several windows.

    Parameters
    ----------
    begins
        Shape (n,): absolute samples at which the bursts are expected to begin.
    first_bit
        Number of the sequence's first bit in the burst.
    """
    spectrum, _ = sight(correlator, reel, begins, first_bit, carrier_hz)
    if not len(spectrum):
        return None
    n = len(spectrum)
    sums = fold(correlator, spectrum, shifts)
    trials = sums.size * TRIALS_A_LAG
    if log10_tail(n, n + COARSE_LOSS * max(0.0, float(sums.max()) - n), trials) > thresholds.hopeless_log10_p:
        return None
    shift, _, lag = np.unravel_index(int(sums.argmax()), sums.shape)
    usual = usual_level(correlator, sums, int(lag), n, thresholds.rival_symbols)
    shifts_fine = shifts[shift] + np.arange(-1, 2)
    fine = fold(correlator, spectrum, shifts_fine)
    best, sequence, top = (int(at) for at in np.unravel_index(int(fine.argmax()), fine.shape))
    if not EDGE_LAGS <= top < correlator.lags.size - EDGE_LAGS:
        return None
    total = float(fine[best, sequence, top]) / usual
    share = mean_coherence(correlator, spectrum, shifts_fine[best : best + 1], top)
    others = apart(correlator, top) > thresholds.rival_symbols
    rival = float((fine / usual - n * sidelobes(correlator, sequence, top, share))[:, :, others].max(initial=0.0))
    noise = float(gammainccinv(n, 1 / trials))
    return Proof(
        windows=n,
        evidence=total,
        log10_p=log10_tail(n, total, trials),
        sequence=sequence,
        lag=peak(correlator.lags, fine[best, sequence], top),
        offset_hz=float(shifts_fine[best] * correlator.bin_hz),
        coherence=share,
        rival=max(0.0, rival - noise) / max(total - n, 1e-9),
    )


def sidelobes(correlator: Correlator, sequence: int, lag: int, share: float) -> FloatArray:
    """Evidence that a burst of some coherence gives for every sequence at every lag over noise, shape (n_sequences, n_lags)."""
    later = (np.arange(correlator.lags.size) - lag) % correlator.size
    explained = np.minimum(share * correlator.ambiguity[sequence][:, later], MOST_SHARE)
    return np.asarray((1 - correlator.freedom) * np.log1p(-explained), np.float32)


def apart(correlator: Correlator, lag: int) -> NDArray[np.float64]:
    """Distance of every lag from one of them, in symbols."""
    distance = np.abs(correlator.lags - correlator.lags[lag]) / (SYMBOL_S * correlator.rate_hz)
    return np.asarray(distance, np.float64)


def usual_level(correlator: Correlator, sums: FloatArray, lag: int, windows: int, rival_symbols: float) -> float:
    """How far the evidence elsewhere exceeds what noise gives; where a burst's own sequence does not reach, if there is room."""
    distance = apart(correlator, lag)
    beyond = distance > correlator.span * (correlator.length / correlator.size) / (SYMBOL_S * correlator.rate_hz)
    elsewhere = beyond if beyond.mean() > LEAST_BEYOND else distance > rival_symbols
    held = float(np.quantile(sums[:, :, elsewhere], USUAL_QUANTILE))
    return max(1.0, held / float(gammaincinv(windows, USUAL_QUANTILE)))


def mean_coherence(correlator: Correlator, spectrum: Iq, shift: NDArray[np.int64], lag: int) -> float:
    """Coherence of windows with any sequence of the bank at one lag, by the mean of its evidence, freed of the choice."""
    said = evidence(correlator, spectrum, shift)[:, 0, :, max(0, lag - 1) : lag + 2]
    choice = np.log(len(correlator.banks))
    best = np.maximum(said.max(axis=(1, 2)) - choice, 0.0)
    return float(-np.expm1(-best.mean() / (correlator.freedom - 1)))


def peak(places: NDArray[np.float64], values: FloatArray, at: int) -> float:
    """Where a sampled curve has its top, by a parabola through three points."""
    if not 0 < at < len(values) - 1:
        return float(places[at])
    before, middle, after = values[at - 1 : at + 2]
    bend = before - 2 * middle + after
    step = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(places[at] + np.clip(step, -1, 1) * (places[1] - places[0]))
