"""The proof ``capture-troubles``: neither a slow nor a dead hub nor a full disk stops capture or loses what was acknowledged.

A trial lets each last half a minute, over the fake dongle in real time, with a queue that is scaled to it.
"""

from typing import Final

from tests.prove.proof import Bound, Outcomes, Proof
from tests.sdr.trouble_trial import TROUBLES, endure

__all__ = ["PROOF"]

SECONDS: Final = 30.0
CLAIMS: Final = ("capture went on", "nothing acknowledged is lost", "what is lost is counted", "the alarm says why")


def trial(_seed: int) -> Outcomes:
    """Each trouble once."""
    counted: dict[str, bool] = {}
    for trouble, words in TROUBLES.items():
        endured = endure(trouble, seconds=SECONDS)
        kept = (
            endured.capture_went_on,
            endured.acknowledged > 0 and endured.missing_at_the_hub == 0,
            endured.unaccounted == 0,
            bool(endured.alarms) and endured.alarms <= words and endured.alarm_at_the_end is None,
        )
        counted |= {f"{trouble}: {claim}": truth for claim, truth in zip(CLAIMS, kept, strict=True)}
    return counted


PROOF: Final = Proof(
    name="capture-troubles",
    claim="A slow hub, a dead hub and a full disk stop no capture and lose nothing that was acknowledged; the alarm says why.",
    count=5,
    few=1,
    trial=trial,
    bounds=tuple(Bound(about=f"{trouble}: {claim}", at_least=1.0) for trouble in TROUBLES for claim in CLAIMS),
)
