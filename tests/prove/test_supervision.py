"""A small count of what ``./run prove supervision`` counts in full."""

import numpy as np

from tests.prove.fleet import CONTROL, FAULTS, LIMITS_S
from tests.prove.supervision import latencies_of


def test_every_fault_is_told_in_time_and_nothing_else_is():
    found = latencies_of(7)
    late = {name: found.get(name) for name, (kind, _) in FAULTS.items() if found.get(name, np.inf) > LIMITS_S[kind]}
    assert late == {}
    assert CONTROL not in found
    assert max(found["gate"], found["hub"]) <= 30
