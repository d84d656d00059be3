"""Whether a proof by the sequences agrees with what the energy says: what tells a phone from what is none.

Energy promises a coherence, and coherence promises energy that stands out of its frame. A signal of another kind breaks
the first, a base station, which never pauses, the second.
"""

from typing import Final

import numpy as np
from scipy.special import log_ndtr

from detector.gsm.proof import Proof
from detector.gsm.standard import TRAINING
from detector.gsm.thresholds import GsmThresholds
from detector.types import FloatArray

__all__ = ["believed", "bursty", "stranger_log10_p"]

STRANGER_TRIALS: Final = 8 * 104
"""Sequences, and symbols at which one may begin about a cell."""

TINY: Final = 1e-9


def stranger_log10_p(proof: Proof, snrs: FloatArray) -> float:
    """Logarithm of the probability that random bits, sent as GSM sends them, agree as well with any training sequence.

    Their correlation with n symbols is a sum of n signs: its square over n follows the chi-square distribution of one degree of
    freedom. What their energy promises of the coherence is taken off.

    Parameters
    ----------
    snrs
        Of the bursts over the learned floor, linear, shape (n,).
    """
    snr = max(float(np.median(snrs)), TINY)
    agreed = TRAINING.shape[1] * min(1.0, proof.coherence * (1 + snr) / snr)
    one = np.log(2) + float(log_ndtr(-np.sqrt(agreed)))
    return float((proof.windows * one + np.log(STRANGER_TRIALS)) / np.log(10))


def bursty(proof: Proof, contrast: float, thresholds: GsmThresholds) -> bool:
    """Whether what is coherent stands out in time as well.

    Parameters
    ----------
    contrast
        Energy of the bursts over the quietest places of their frames, as an SNR.
    """
    said = min(proof.coherence / (1 - proof.coherence), thresholds.doubt.most_told)
    error = thresholds.doubt.contrast_bias + thresholds.doubt.contrast_error / np.sqrt(proof.windows)
    return bool(said <= thresholds.most_said * (max(contrast, 0.0) + error))


def believed(proof: Proof, snrs: FloatArray, contrast: float, thresholds: GsmThresholds) -> bool:
    """Whether a proof holds.

    Parameters
    ----------
    snrs
        Of the bursts over the learned floor, linear, shape (n,).
    contrast
        The same over the quietest places of their frames.
    """
    promised = float(np.mean(np.minimum(np.log1p(np.maximum(snrs, 0.0)), thresholds.doubt.most_promised)))
    loud = min(float(np.median(snrs)), thresholds.doubt.most_told)
    return (
        proof.log10_p <= thresholds.proof_log10_p
        and proof.rival <= thresholds.most_rival
        and -np.log1p(-proof.coherence) >= thresholds.least_coherence * promised
        and contrast >= thresholds.least_contrast * loud - thresholds.doubt.contrast_bias
        and bursty(proof, contrast, thresholds)
    )
