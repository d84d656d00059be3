"""The table of all proofs: a new one is a module with a ``PROOF`` and a line here."""

from collections.abc import Mapping
from typing import Final

from tests.prove import (
    capture_faults,
    capture_gaps,
    capture_troubles,
    flood,
    gsm_pd,
    healthy_day,
    latency,
    locate,
    lte_pd,
    quiet_air,
    restarts,
    supervision,
    whole_chain,
)
from tests.prove.proof import Proof

__all__ = ["PROOFS"]

PROOFS: Final[Mapping[str, Proof]] = {
    proof.name: proof
    for proof in (
        capture_faults.PROOF,
        capture_gaps.PROOF,
        capture_troubles.PROOF,
        flood.PROOF,
        gsm_pd.PROOF,
        healthy_day.PROOF,
        latency.PROOF,
        locate.PROOF,
        lte_pd.PROOF,
        quiet_air.PROOF,
        restarts.PROOF,
        supervision.LIVE,
        supervision.PROOF,
        whole_chain.PROOF,
    )
}
