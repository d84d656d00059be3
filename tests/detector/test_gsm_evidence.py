"""Bursts bear their own evidence, and what was not sure enough is kept as a candidate with its features."""

from dataclasses import replace

import numpy as np

from detector.types import Technology
from tests.detector.gsm_air import RATE_HZ, eight_bits, noise, put_call
from tests.detector.gsm_heard import call_frames, frames_of, heard, signalling

FRAMES = 255


def weak_signalling(seed, snr_db):
    """A phone that signals for a good second, near what can be told from noise."""
    rng = np.random.default_rng(seed)
    air = noise(1.2, rng)
    put_call(air, frames_of(signalling, FRAMES), slot=3, tsc=seed % 8, carriers_hz=(200e3,), snr_db=snr_db, rng=rng)
    return eight_bits(air)


def test_what_is_below_the_detection_level_comes_out_as_a_candidate(profile, plan):
    """Of eight phones at -8 dB some are told, some are candidates; each is one of them at most."""
    outs = [heard(weak_signalling(seed, -8), profile, plan) for seed in range(8)]
    candidates = [candidate for out in outs for candidate in out.candidates]
    assert candidates
    for out in outs:
        assert not {d.emission for d in out.detections} & {c.emission for c in out.candidates}
    for candidate in candidates:
        assert candidate.technology is Technology.GSM
        assert profile.levels.store_score <= candidate.score < profile.levels.detect_score
        assert candidate.profile == profile.hash
        assert candidate.freq_lower_hz == 100e3
        assert candidate.bursts >= 1
        assert {"log10_p", "coherence", "rival", "bursts", "fill", "slots"} <= set(candidate.parts)
        assert all(np.isfinite(value) for value in candidate.parts.values())


def test_a_candidate_is_only_what_the_levels_make_of_it(profile, plan):
    """The same air, judged by stricter levels: what was a detection is a candidate, with the same features."""
    stricter = replace(profile, levels=replace(profile.levels, detect_score=1.0))
    samples = next(air for seed in range(8) if certain(heard(air := weak_signalling(seed, -7), profile, plan)) is False)
    told, kept = heard(samples, profile, plan).detections[-1], heard(samples, stricter, plan)
    assert not kept.detections
    assert [(one.score, one.parts) for one in kept.candidates] == [(told.score, told.parts)]


def certain(out):
    """Whether the first detection is beyond doubt; None where there is none."""
    return out.detections[-1].score == 1.0 if out.detections else None


def test_a_slot_in_which_nothing_was_sent_is_not_painted(profile, plan, rng):
    """A call that pauses for a third of a second: every burst that is told was sent, and none is inferred."""
    air = noise(1.6, rng)
    frames = [frame for frame in call_frames(340) if not 100 <= frame < 172]
    begins = np.array(put_call(air, frames, slot=3, tsc=5, carriers_hz=(400e3,), snr_db=2, rng=rng))
    bursts = heard(eight_bits(air), profile, plan).bursts
    assert all(np.abs(begins - burst.start).min() < 5e-6 * RATE_HZ for burst in bursts)
    assert not any(burst.inferred for burst in bursts)
    assert len(bursts) >= 0.97 * len(begins)
