"""Faults of a dongle from end to end; how fast it is back is measured by the proof ``capture-faults``, which takes many."""

import pytest

from tests.sdr.fault_trial import FAULTS, survive


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_survived_with_one_gap_and_nothing_is_left_over(fault):
    survived = survive(fault, seed=len(fault))
    assert survived.one_gap_at_its_place
    assert survived.detections == 0
    assert survived.nothing_left
