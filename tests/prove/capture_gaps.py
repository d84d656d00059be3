"""The proof ``capture-gaps``: a transfer that was removed from a callback trace is a gap at its place, and nothing else is.

The traces hold jitter that was recorded on a busy machine; an hour of it on a crystal that is off by 150 ppm holds no gap.
"""

from typing import Final

import numpy as np

from tests.prove.proof import Bound, Outcomes, Proof
from tests.sdr.gap_trace import (
    RATE_HZ,
    TRANSFER_SAMPLES,
    gaps_of,
    make_trace,
    recorded_jitter_s,
    removed_transfer_is_found,
)

__all__ = ["PROOF"]

TRANSFERS: Final = int(60 * RATE_HZ / TRANSFER_SAMPLES)
"""In a minute."""


def trial(seed: int) -> Outcomes:
    """One removed transfer, and a minute of a crystal that is off with nothing removed."""
    rng = np.random.default_rng(seed)
    recorded = recorded_jitter_s()
    minute = recorded[(int(rng.integers(recorded.size)) + np.arange(TRANSFERS)) % recorded.size]
    return {
        "removed transfer found": removed_transfer_is_found(seed),
        "no gap in a minute at 150 ppm": not gaps_of(make_trace(minute, ppm=float(rng.choice([-150.0, 150.0])))),
    }


PROOF: Final = Proof(
    name="capture-gaps",
    claim="A transfer of 256 KiB that is lost is recorded as a gap at its place; jitter and drift are not.",
    count=1000,
    few=200,
    trial=trial,
    bounds=(
        Bound(about="removed transfer found", at_least=1.0),
        Bound(about="no gap in a minute at 150 ppm", at_least=1.0),
    ),
)
