"""Whether a proof by the sequences agrees with what the energy says: what tells a phone from what is none.

Energy promises a coherence, and coherence promises energy that stands out of its frame. A signal of another kind breaks
the first, a base station, which never pauses, the second.
"""

import numpy as np

from detector.gsm.proof import Proof
from detector.gsm.thresholds import GsmThresholds
from detector.types import FloatArray

__all__ = ["believed", "bursty"]


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
