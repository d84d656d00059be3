"""The proof ``capture-faults``: a dongle that fails in any of nine ways is noticed, brought back, and its gap recorded.

A trial lets each fault strike once, at a random moment, in a fake driver below the real pyrtlsdr, and follows the source and
the pipeline behind it in real time.
"""

from typing import Final

from tests.prove.proof import Bound, Outcomes, Proof
from tests.sdr.fault_trial import DETECTED_S, FAULTS, RETURNED_S, survive

__all__ = ["PROOF"]

CLAIMS: Final = (
    "noticed within 2 s",
    "streaming 5 s after its return",
    "one gap at its place",
    "no detection",
    "no leak",
)


def trial(seed: int) -> Outcomes:
    """Every fault once."""
    counted: dict[str, bool] = {}
    for number, fault in enumerate(FAULTS):
        survived = survive(fault, seed + number)
        kept = (
            survived.detected_s <= DETECTED_S,
            survived.returned_s <= RETURNED_S,
            survived.one_gap_at_its_place,
            survived.detections == 0,
            survived.nothing_left,
        )
        counted |= {f"{fault}: {claim}": truth for claim, truth in zip(CLAIMS, kept, strict=True)}
    return counted


PROOF: Final = Proof(
    name="capture-faults",
    claim="Every fault of a dongle is noticed within 2 s and survived, with a gap recorded and nothing left over.",
    count=20,
    few=1,
    trial=trial,
    bounds=tuple(Bound(about=f"{fault}: {claim}", at_least=1.0) for fault in FAULTS for claim in CLAIMS),
)
