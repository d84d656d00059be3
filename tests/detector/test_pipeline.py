from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.pipeline import HOP_S, LEAD_S, Pipeline, clipped_samples
from detector.types import Activity, Emission, EventKind, Finding, IqBlock, Label, Technology, Tuning

RATE = 256e3
TUNING = Tuning(sample_rate_hz=RATE, centre_hz=897e6, limit=1.0)
HOP = round(HOP_S * RATE / 32) * 32


def digest(array):
    return hash(np.ascontiguousarray(array).tobytes())


@dataclass(frozen=True)
class Recorder:
    """A search that finds nothing and remembers what it was shown."""

    shown: list

    def begin(self, context):
        self.shown.append(("begin", context.first, context.tuning, context.ranges))

    def step(self, state, segment):
        arrays = tuple(map(digest, (segment.iq, segment.power, segment.floor)))
        places = (segment.start, segment.stop, segment.iq_start, segment.own_start, segment.own_stop)
        self.shown.append((*places, arrays, segment.clipped, segment.first, segment.final))
        return state, Finding()


def segments(blocks, profile, plan):
    shown = []
    pipeline = Pipeline(profile=profile, plan=plan, searches={Technology.GSM: Recorder(shown)})
    outputs = [*map(pipeline.push, blocks), pipeline.flush()]
    return shown, [event for out in outputs for event in out.events]


def cut(samples, places, *, start=0, tuning=TUNING):
    places = [0, *sorted(places), samples.size]
    return [IqBlock(tuning=tuning, start=start + a, samples=samples[a:b]) for a, b in pairwise(places)]


@pytest.fixture(scope="module")
def air():
    rng = np.random.default_rng(5)
    n = 5 * HOP // 2
    return ((rng.standard_normal(n) + 1j * rng.standard_normal(n)) * 0.2).astype(np.complex64)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_chunking_shows_the_searches_the_same(data, air, profile, plan):
    places = data.draw(st.lists(st.integers(0, air.size), max_size=12))
    assert segments(cut(air, places), profile, plan) == segments(cut(air, []), profile, plan)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_chunking_is_the_same_around_a_gap(data, air, profile, plan):
    def run(first, second):
        return segments([*cut(air, first), *cut(air, second, start=air.size + 777)], profile, plan)

    draw = st.lists(st.integers(0, air.size), max_size=8)
    shown, events = run(data.draw(draw), data.draw(draw))
    assert (shown, events) == run([], [])
    assert [(e.kind, e.start, e.stop) for e in events if e.kind is EventKind.GAP] == [
        (EventKind.GAP, air.size, air.size + 777)
    ]


def test_every_sample_is_owned_once_and_new_once(air, profile, plan):
    shown, _ = segments(cut(air, [1000, 70_000]), profile, plan)
    places = [row[:5] for row in shown[1:]]
    assert [row[0] for row in places] == [0, HOP, 2 * HOP]
    assert [row[3] for row in places][1:] == [row[4] for row in places][:-1]
    assert (places[0][3], places[-1][4]) == (0, air.size)
    lead = places[1][0] - places[1][2]
    assert LEAD_S * RATE <= lead < (LEAD_S + 1e-3) * RATE
    assert [row[-2:] for row in shown[1:]] == [(True, False), (False, False), (False, True)]


def test_a_retune_ends_the_run_without_a_gap(air, profile, plan):
    other = replace(TUNING, centre_hz=880e6)
    blocks = [*cut(air, []), *cut(air, [], start=air.size, tuning=other)]
    shown, events = segments(blocks, profile, plan)
    begins = [row for row in shown if row[0] == "begin"]
    assert [(row[1], row[2]) for row in begins] == [(0, TUNING), (air.size, other)]
    assert not [e for e in events if e.kind is EventKind.GAP]


def test_a_fresh_block_begins_a_run_though_the_count_goes_on(air, profile, plan):
    blocks = [*cut(air, []), *cut(air, [], start=air.size)]
    blocks[1] = replace(blocks[1], fresh=True)
    shown, events = segments(blocks, profile, plan)
    assert [row[1] for row in shown if row[0] == "begin"] == [0, air.size]
    assert not [e for e in events if e.kind is EventKind.GAP]


def test_a_block_from_the_past_is_refused(air, profile, plan):
    pipeline = Pipeline(profile=profile, plan=plan, searches={})
    pipeline.push(cut(air, [])[0])
    with pytest.raises(ValueError, match=f"block.start=5 lies before {air.size}"):
        pipeline.push(IqBlock(tuning=TUNING, start=5, samples=air[:10]))


def test_an_empty_pipeline_and_an_empty_block_give_nothing(profile, plan):
    pipeline = Pipeline(profile=profile, plan=plan)
    assert pipeline.flush().detections == ()
    assert pipeline.push(IqBlock(tuning=TUNING, start=0, samples=np.empty(0, np.complex64))).bursts == ()
    assert pipeline.flush().bursts == ()


def test_saturation_is_an_event_at_its_place(air, profile, plan):
    loud = air.copy()
    loud[HOP : HOP + HOP // 2] = 1 + 1j
    _, events = segments(cut(loud, [100, HOP + 5]), profile, plan)
    assert [(e.kind, e.start, e.stop) for e in events] == [(EventKind.OVERLOAD, HOP, 2 * HOP)]


@pytest.mark.parametrize(("steps", "drowned"), [(0.4, True), (0.6, False)])
@pytest.mark.parametrize("line", [0.0, 40.0], ids=["", "with a line"])
def test_noise_below_the_converters_steps_is_an_event(steps, drowned, line, profile, plan, rng):
    quantum = 1 / 127.5
    levels = replace(profile, receiver=replace(profile.receiver, least_noise_steps=0.5))
    hop = round(HOP_S * 2.4e6 / 256) * 256
    air = rng.normal(0, steps * quantum, (2 * hop, 2)).view(complex)[:, 0] + line * quantum
    pipeline = Pipeline(profile=levels, plan=plan, searches={})
    tuning = replace(TUNING, sample_rate_hz=2.4e6, quantum=quantum)
    out = pipeline.push(IqBlock(tuning=tuning, start=0, samples=air.astype(np.complex64)))
    assert pipeline.noise_steps == pytest.approx(steps, rel=0.1)
    assert [(e.kind, e.start, e.stop) for e in out.events] == [(EventKind.DROWNED, 0, hop)] * drowned


def test_samples_without_steps_drown_in_none(air, profile, plan):
    pipeline = Pipeline(profile=profile, plan=plan, searches={})
    assert pipeline.push(IqBlock(tuning=TUNING, start=0, samples=1e-9 * air)).events == ()
    assert pipeline.noise_steps is None


def test_clipped_samples_are_counted_once_each():
    iq = np.array([1 + 0j, 1 + 1j, 0.5, -1j, 0.99], np.complex64)
    assert clipped_samples(iq, 1.0) == 3
    assert clipped_samples(iq, float("inf")) == 0


@dataclass(frozen=True)
class Constant:
    """A search that hears one emission all the time."""

    score: float
    last: int

    def begin(self, context):
        return context.first

    def step(self, first, segment):
        emission = Emission(
            key=1,
            technology=Technology.GSM,
            kinds=(Label.GSM_NB,),
            activity=Activity.CALL,
            start=first,
            stop=segment.stop,
            freq_lower_hz=-100e3,
            freq_upper_hz=100e3,
            bursts=3,
            snr_db=5.0,
            power_dbfs=-30.0,
            score=self.score,
            parts={"bursts": 3.0},
            ended=segment.final,
        )
        return first, Finding(emissions=(emission,))


def judged(score, seconds, profile, plan):
    pipeline = Pipeline(profile=profile, plan=plan, searches={Technology.GSM: Constant(score=score, last=0)})
    samples = np.zeros(round(seconds * RATE), np.complex64)
    outputs = [*(pipeline.push(block) for block in cut(samples, range(0, samples.size, 4096)[1:])), pipeline.flush()]
    return [d for out in outputs for d in out.detections], [c for out in outputs for c in out.candidates]


def test_a_living_emission_is_told_at_once_each_ten_seconds_and_at_its_end(profile, plan):
    detections, candidates = judged(0.99, 25.0, profile, plan)
    assert [d.part for d in detections] == [1, 2, 3, 4]
    assert [d.last for d in detections] == [False, False, False, True]
    assert {d.emission for d in detections} == {1}
    assert {d.profile for d in detections} == {profile.hash}
    assert str(detections[0].channel) == "ARFCN 35"
    seconds = [d.stop / RATE for d in detections]
    assert seconds[0] <= 0.5
    assert all(10 <= b - a <= 10.5 for a, b in pairwise(seconds[:-1]))
    assert not candidates


def test_an_emission_between_the_levels_is_a_candidate_once(profile, plan):
    levels = profile.levels
    detections, candidates = judged((levels.store_score + levels.detect_score) / 2, 3.0, profile, plan)
    assert not detections
    assert [(c.stop, c.bursts) for c in candidates] == [(round(3 * RATE), 3)]


def test_an_emission_below_the_storing_level_is_nothing(profile, plan):
    assert judged(profile.levels.store_score / 2, 1.0, profile, plan) == ([], [])


REAL_RATE = 1.92e6
REAL_HOP = round(HOP_S * REAL_RATE / 256) * 256


@pytest.mark.parametrize(
    "count", [1, 255, 256, 1023, 1024, 5000, REAL_HOP - 1, *(REAL_HOP + n for n in (0, 1, 255, 256, 300))]
)
@pytest.mark.parametrize("level", [0.0, 0.02])
def test_the_real_searches_bear_a_run_of_any_length(count, level, profile, plan, rng):
    samples = (level * (rng.standard_normal(count) + 1j * rng.standard_normal(count))).astype(np.complex64)
    tuning = Tuning(sample_rate_hz=REAL_RATE, centre_hz=897e6, limit=1.0)
    pipeline = Pipeline(profile=profile, plan=plan)
    outputs = [*(pipeline.push(block) for block in cut(samples, [count // 3], tuning=tuning)), pipeline.flush()]
    assert not any(out.detections for out in outputs)


@pytest.mark.parametrize("seed", range(3))
def test_the_real_searches_give_the_same_for_any_chunking(seed, profile, plan):
    rng = np.random.default_rng(seed)
    n = 2 * REAL_HOP + 777
    samples = 0.02 * (rng.standard_normal(n) + 1j * rng.standard_normal(n))
    loud = rng.random(n // 1000) < 0.1
    samples[: loud.size * 1000] += np.repeat(loud, 1000) * np.exp(2j * np.pi * 0.11 * np.arange(loud.size * 1000)) * 0.2
    tuning = Tuning(sample_rate_hz=REAL_RATE, centre_hz=897e6, limit=1.0)

    def bursts(places):
        pipeline = Pipeline(profile=profile, plan=plan)
        blocks = cut(samples.astype(np.complex64), places, tuning=tuning)
        outputs = [*map(pipeline.push, blocks), pipeline.flush()]
        return [b for out in outputs for b in out.bursts], [d for out in outputs for d in out.detections]

    assert bursts(rng.integers(0, n, 9).tolist()) == bursts([])
