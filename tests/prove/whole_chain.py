"""The proof ``whole-chain``: one phone speaks in the simulated site, and an alert stands in its wing.

In every other trial two to four phones of different wings speak at once, and there are as many alerts. Everything in
between is the product's own: samples, pipeline, agent, outbox, HTTP, association, location.
"""

from typing import Any, Final

import numpy as np

from sdr.sources import demo_site
from tests.prove.chain import act_of, alerts_of, four_wings, phones_apart
from tests.prove.proof import Bound, Outcomes, Proof

__all__ = ["PROOF"]

MOST_AT_ONCE: Final = 4


def trial(seed: int) -> Outcomes:
    """One phone, or several at once."""
    return several(seed) if seed % 2 else alone(seed)


def alone(seed: int) -> Outcomes:
    """One phone, one act."""
    rng = np.random.default_rng([seed, 1])
    site = demo_site()
    (phone,) = phones_apart(site, count=1, seed=seed, rng=rng)
    alerts = standing(alerts_of(site, [act_of(0, phone, rng=rng)], seed=seed, rng=rng))
    return {
        "one phone: an alert in the right wing": phone.cell.wing in wings(alerts),
        "one phone: one alert": len(alerts) == 1,
    }


def several(seed: int) -> Outcomes:
    """Two to four phones in different wings, at once."""
    rng = np.random.default_rng([seed, 2])
    site = four_wings()
    phones = phones_apart(site, count=int(rng.integers(2, MOST_AT_ONCE + 1)), seed=seed, rng=rng)
    acts = [act_of(number, phone, rng=rng) for number, phone in enumerate(phones)]
    alerts = standing(alerts_of(site, acts, seed=seed, rng=rng))
    return {
        "phones at once: the right number of alerts": len(alerts) == len(phones),
        "phones at once: alerts in just the right wings": wings(alerts) == sorted(p.cell.wing for p in phones),
    }


def standing(alerts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Alerts that were not merged into another."""
    return [alert for alert in alerts if alert["merged_into"] is None]


def wings(alerts: list[dict[str, Any]]) -> list[str]:
    """The wings of alerts; outside is an empty name."""
    return sorted(alert["wing"] or "" for alert in alerts)


PROOF: Final = Proof(
    name="whole-chain",
    claim="A phone in the simulated site leads to an alert in its wing; several at once to as many alerts.",
    count=40,
    few=4,
    trial=trial,
    bounds=(
        Bound(about="one phone: an alert in the right wing", at_least=29 / 30),
        Bound(about="phones at once: the right number of alerts", at_least=0.95),
    ),
)
