"""Whether a proof by the sequences agrees with what the energy says: what tells a phone from what is none.

Energy promises a coherence, and coherence promises energy that stands out of its frame. A signal of another kind breaks
the first, a base station, which never pauses, the second.
"""

from typing import Final

import numpy as np

from detector.gsm.proof import Proof
from detector.gsm.thresholds import GsmThresholds
from detector.types import FloatArray

__all__ = ["believed", "bursty"]

CONTRAST_BIAS: Final = 0.05
CONTRAST_ERROR: Final = 0.4
"""What the contrast may err: always, and with one window."""

MOST_PROMISED: Final = 1.6
"""Energy promises no more than this, as minus the logarithm of what the sequence leaves unexplained."""

MOST_SAID: Final = 5.0
"""Coherence tells no greater ratio than this: the channel's echoes bound it."""


def bursty(proof: Proof, contrast: float, thresholds: GsmThresholds) -> bool:
    """Whether what is coherent stands out in time as well.

    Parameters
    ----------
    contrast
        Energy of the bursts over the quietest places of their frames, as an SNR.
    """
    said = min(proof.coherence / (1 - proof.coherence), MOST_SAID)
    error = CONTRAST_BIAS + CONTRAST_ERROR / np.sqrt(proof.windows)
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
    promised = float(np.mean(np.minimum(np.log1p(np.maximum(snrs, 0.0)), MOST_PROMISED)))
    loud = min(float(np.median(snrs)), MOST_SAID)
    return (
        proof.log10_p <= thresholds.proof_log10_p
        and proof.rival <= thresholds.most_rival
        and -np.log1p(-proof.coherence) >= thresholds.least_coherence * promised
        and contrast >= thresholds.least_contrast * loud - CONTRAST_BIAS
        and bursty(proof, contrast, thresholds)
    )
