"""A slow hub, a dead hub and a full disk, for a few seconds each; half a minute of each is the proof ``capture-troubles``."""

import pytest

from tests.sdr.trouble_trial import TROUBLES, endure


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLES)
def test_capture_goes_on_nothing_acknowledged_is_lost_and_the_alarm_says_why(trouble):
    endured = endure(trouble, seconds=6.0)
    assert endured.capture_went_on
    assert endured.acknowledged > 10
    assert (endured.missing_at_the_hub, endured.unaccounted) == (0, 0)
    assert endured.alarms
    assert endured.alarms <= TROUBLES[trouble]
    assert endured.alarm_at_the_end is None
