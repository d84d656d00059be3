"""What a phone does, judged by the frames of the standard's own channel maps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.gsm.activity import activity_of, cycle_share, fill
from detector.gsm.standard import FRAME_S, NORMAL_BITS, SLOT_S, SYMBOL_S
from detector.types import Activity


def frames_where(rule, count=416, first=0):
    return np.array([f for f in range(first, first + count) if rule(f)])


def call(f):
    return f % 26 != 25


def silence(f):
    return f % 26 == 12 or 52 <= f % 104 < 60


def signalling(f):
    return f % 51 in range(10, 14) or f % 102 in range(40, 44)


def test_a_slot_holds_a_burst_and_its_guard():
    assert pytest.approx(156.25) == SLOT_S / SYMBOL_S
    assert NORMAL_BITS * SYMBOL_S < SLOT_S
    assert pytest.approx(0.12) == FRAME_S * 26


@pytest.mark.parametrize(
    ("rule", "activity"),
    [(call, Activity.CALL), (silence, Activity.CALL_DTX), (signalling, Activity.SIGNALLING)],
)
@given(first=st.integers(0, 5000))
def test_channel_maps_are_told_apart_from_any_frame_on(profile, rule, activity, first):
    assert activity_of(frames_where(rule, first=first), 1, profile.gsm) == activity


def test_access_bursts_alone_are_an_access(profile):
    assert activity_of(np.empty(0, np.int64), 0, profile.gsm) == Activity.ACCESS


def test_several_slots_are_data(profile):
    assert activity_of(frames_where(call), 2, profile.gsm) == Activity.DATA


def test_blocks_on_no_cycle_are_data(profile, rng):
    """Packet data: blocks of four in the 52-frame multiframe (TS 45.002, 7), three in thirteen frames, as they are given."""
    blocks = np.flatnonzero(rng.uniform(size=96) < 0.3)
    frames = np.array([13 * (b // 3) + 4 * (b % 3) + i for b in blocks for i in range(4)])
    assert activity_of(frames, 1, profile.gsm) == Activity.DATA


def test_one_block_is_signalling(profile):
    assert activity_of(np.array([100, 101, 102, 103, 151, 152, 153, 154]), 1, profile.gsm) == Activity.SIGNALLING


@given(st.sets(st.integers(0, 400), min_size=1))
def test_fill_and_cycle_share_are_shares(frames):
    numbers = np.array(sorted(frames))
    assert 0 < fill(numbers) <= 1
    assert 0 <= cycle_share(numbers, 51) <= 1
