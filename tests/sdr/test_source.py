"""The relation of samples to time, and the pace of real time, by an injected clock."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdr.source import SampleClock, paced_by

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@given(sample=st.integers(0, 10**13), rate=st.sampled_from([250e3, 1.2e6, 1.92e6, 2.4e6]))
def test_a_sample_and_its_time_agree_within_the_microsecond_that_a_datetime_holds(sample, rate):
    clock = SampleClock(start=START, sample_rate_hz=rate)
    assert abs(clock.sample_at(clock.utc_of(sample)) - sample) <= rate * 1e-6 + 1


def test_local_time_and_senseless_rates_are_refused():
    with pytest.raises(ValueError, match="not in UTC"):
        SampleClock(start=START.astimezone(timezone(timedelta(hours=1))), sample_rate_hz=1.2e6)
    with pytest.raises(ValueError, match="not positive"):
        SampleClock(start=START, sample_rate_hz=0.0)


def test_the_pace_waits_for_what_is_still_to_come_alone():
    waits: list[float] = []
    pace = paced_by(clock=lambda: START, sleep=waits.append)
    pace(START - timedelta(seconds=1))
    pace(START)
    pace(START + timedelta(seconds=0.25))
    assert waits == [0.25]
