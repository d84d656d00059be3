"""The benchmarks run, and measure what they say: their air is what they name, and their cuts are the pipeline's."""

import sys

import numpy as np
import pytest

from detector.pipeline import HOP_S
from detector.types import Technology
from tests.bench import gsm_cost, lte_cost, pipeline_cost, small_machine
from tests.bench.measuring import SCENES, cut, make_air


@pytest.mark.parametrize(
    ("main", "last"), [(gsm_cost.main, "the whole search"), (lte_cost.main, "segments with places left out")]
)
def test_a_benchmark_prints_each_stage(monkeypatch, capsys, main, last):
    monkeypatch.setattr(sys, "argv", ["cost", "--seconds", "0.5", "--rounds", "1"])
    main()
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) > 6
    assert last in printed[-1]


def test_the_pipeline_costs_are_those_of_its_parts_and_of_all(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["cost", "--seconds", "0.3", "--rounds", "1"])
    monkeypatch.setattr(pipeline_cost, "SCENES", {"an LTE upload": SCENES["an LTE upload"]})
    pipeline_cost.main()
    printed = capsys.readouterr().out.splitlines()
    assert [line.split("ns")[1].strip().split(",")[0] for line in printed[1:]] == [
        "conversion of bytes",
        "front end",
        "GSM search alone",
        "LTE search alone",
        "whole pipeline with GSM",
        "whole pipeline with all searches",
    ]


@pytest.mark.parametrize("name", sorted(SCENES))
def test_a_scene_is_the_same_each_time_and_nowhere_clipped(name):
    samples, again = (
        make_air(SCENES[name], seconds=0.3, rate_hz=2.4e6, rng=np.random.default_rng(1)) for _ in range(2)
    )
    assert np.array_equal(samples, again)
    assert np.abs(samples.view(np.float32)).max() < 1


def test_a_cut_holds_every_sample_once():
    samples = make_air(SCENES["nobody"], seconds=0.7, rate_hz=2.4e6, rng=np.random.default_rng(1))
    given = cut(samples, rate_hz=2.4e6, technology=Technology.GSM)
    assert given.count == samples.size
    assert [segment.start for segment in given.segments] == [round(n * HOP_S * 2.4e6) for n in range(3)]


def test_a_sensor_on_a_small_machine_is_measured_as_a_whole():
    cost = small_machine.measure(seconds=3.0, rate_hz=1.2e6, scan=False, start_s=5.0)
    assert 0.01 < cost.share < 2.5
    assert 50e6 < cost.memory_bytes < 1e9
    assert cost.beats[-1].samples > 1.2e6
