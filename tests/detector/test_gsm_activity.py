"""What a phone does, judged by the frames of the standard's own channel maps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.gsm.activity import activity_of, cycle_share, fill
from detector.gsm.standard import FRAME_S, NORMAL_BITS, SLOT_S, SYMBOL_S
from detector.types import Activity
from tests.detector.gsm_heard import frames_of, half_rate, packet_frames, signalling, silence, speech


def frames_where(rule, count=416, first=0):
    return np.array(frames_of(rule, count, first))


def test_a_slot_holds_a_burst_and_its_guard():
    assert pytest.approx(156.25) == SLOT_S / SYMBOL_S
    assert NORMAL_BITS * SYMBOL_S < SLOT_S
    assert pytest.approx(0.12) == FRAME_S * 26


@pytest.mark.parametrize(
    ("rule", "activity"),
    [
        (speech, Activity.CALL),
        (half_rate, Activity.CALL),
        (silence, Activity.CALL_DTX),
        (signalling, Activity.SIGNALLING),
    ],
)
@given(first=st.integers(0, 5000))
def test_channel_maps_are_told_apart_from_any_frame_on(profile, rule, activity, first):
    assert activity_of(frames_where(rule, first=first), 1, profile.gsm) == activity


def test_access_bursts_alone_are_an_access(profile):
    assert activity_of(np.empty(0, np.int64), 0, profile.gsm) == Activity.ACCESS


def test_several_slots_are_data(profile):
    assert activity_of(frames_where(speech), 2, profile.gsm) == Activity.DATA


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("first", [0, 3, 7, 4999])
def test_blocks_with_a_pause_in_thirteen_frames_are_data(profile, rng, share, first):
    frames = first + np.array(packet_frames(416, share, rng))
    assert activity_of(frames, 1, profile.gsm) == Activity.DATA


@pytest.mark.parametrize("first", [0, 50, 101])
def test_a_call_whose_speaker_pauses_is_a_call_with_dtx(profile, first):
    frames = frames_where(lambda f: silence(f) or (speech(f) and f // 104 % 2 == 0), first=first)
    assert activity_of(frames, 1, profile.gsm) == Activity.CALL_DTX


@pytest.mark.parametrize("count", [90, 120, 180])
@pytest.mark.parametrize(
    ("rule", "activity"),
    [(speech, Activity.CALL), (silence, Activity.CALL_DTX), (signalling, Activity.SIGNALLING)],
)
def test_a_first_half_second_tells_what_it_can(profile, rule, activity, count):
    assert activity_of(frames_where(rule, count=count, first=10), 1, profile.gsm) == activity


@pytest.mark.parametrize(
    ("rule", "activity"),
    [
        (speech, Activity.CALL),
        (half_rate, Activity.CALL),
        (silence, Activity.CALL_DTX),
        (signalling, Activity.SIGNALLING),
    ],
)
def test_a_weak_phone_of_which_every_other_burst_is_missed_is_told_all_the_same(profile, rng, rule, activity):
    """Of a hundred, at most fifteen are taken for something else."""
    frames = frames_where(rule)
    told = [activity_of(frames[rng.random(frames.size) < 0.5], 1, profile.gsm) for _ in range(100)]
    assert told.count(activity) >= 85


def test_one_block_is_signalling(profile):
    assert activity_of(np.array([100, 101, 102, 103, 151, 152, 153, 154]), 1, profile.gsm) == Activity.SIGNALLING


@given(st.sets(st.integers(0, 400), min_size=1))
def test_fill_and_cycle_share_are_shares(frames):
    numbers = np.array(sorted(frames))
    assert 0 < fill(numbers) <= 1
    assert 0 <= cycle_share(numbers, 51) <= 1
