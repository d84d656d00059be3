"""Whether a proof by the sequences agrees with what the energy says: what tells a phone from what is none.

Energy promises a coherence, and coherence promises energy that stands out of its frame. A signal of another kind breaks
the first, a base station, which never pauses, the second.
"""

from typing import Final

import numpy as np

from detector.gsm.proof import Proof
from detector.gsm.thresholds import GsmThresholds

__all__ = ["believed", "bursty"]

CONTRAST_BIAS: Final = 0.05
CONTRAST_ERROR: Final = 0.4
"""What the contrast may err: always, and with one window."""

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


def believed(proof: Proof, snr: float, contrast: float, thresholds: GsmThresholds) -> bool:
    """Whether a proof holds.

    Parameters
    ----------
    snr
        Of the bursts over the learned floor, linear.
    contrast
        The same over the quietest places of their frames.
    """
    return (
        proof.log10_p <= thresholds.proof_log10_p
        and proof.rival <= thresholds.most_rival
        and proof.coherence >= thresholds.least_coherence * snr / (1 + snr)
        and bursty(proof, contrast, thresholds)
    )
