"""The runner of proofs itself: sums, intervals, verdicts, resuming, replaying, and what it writes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.prove.catalogue import PROOFS
from tests.prove.intervals import interval_of, words
from tests.prove.journal import Journal
from tests.prove.proof import Bound, Proof, Rate, Share, Trial
from tests.prove.report import Result, lines, read_shares, write_result
from tests.prove.runner import run_trials
from tests.prove.verdict import Verdict, judge, speaks_against, summed

ROOT = Path(__file__).parents[2]


def coin(seed):
    return {"heads": bool(np.random.default_rng(seed).random() < 0.7), "hours": Rate(0, 0.5), "bits": Share(3, 4)}


def broken(seed):
    if seed == 3:
        raise ZeroDivisionError
    return {"whole": True}


TOSSED = Proof(name="coin", claim="a coin", count=8, few=2, trial=coin, bounds=(Bound(about="heads", at_least=0.5),))


def test_trials_in_processes_count_the_same_as_one_after_the_other(tmp_path):
    beside = run_trials(TOSSED, range(5, 13), Journal(tmp_path / "a"), jobs=2)
    alone = {seed: coin(seed) for seed in range(5, 13)}
    assert {seed: trial.outcomes for seed, trial in beside.items()} == alone
    assert list(beside) == list(alone)


def test_an_interrupted_proof_goes_on_where_it_stopped(tmp_path):
    tried = []

    def counting(seed):
        tried.append(seed)
        return coin(seed)

    proof = Proof(name="coin", claim="", count=6, few=1, trial=counting, parallel=False)
    journal = Journal(tmp_path / "journal")
    run_trials(proof, range(3), journal)
    with (tmp_path / "journal").open("a") as file:
        file.write('\n{"seed": 3, "outc')
    whole = run_trials(proof, range(6), Journal(tmp_path / "journal"))
    assert tried == [0, 1, 2, 3, 4, 5]
    assert run_trials(proof, range(6), Journal(tmp_path / "journal")).keys() == whole.keys()
    assert len(tried) == 6
    assert whole[1].outcomes == coin(1)


def test_a_limit_leaves_the_rest_out(tmp_path):
    alone = Proof(name="coin", claim="", count=4, few=1, trial=coin, parallel=False)
    assert run_trials(alone, range(4), Journal(tmp_path / "a"), limit_s=0.0) == {}
    assert len(run_trials(TOSSED, range(4), Journal(tmp_path / "b"), limit_s=0.0)) < 4


def test_an_error_names_the_trial_that_raised_it(tmp_path):
    proof = Proof(name="broken", claim="", count=5, few=1, trial=broken)
    with pytest.raises(ZeroDivisionError) as raised:
        run_trials(proof, range(5), Journal(tmp_path / "a"), jobs=2)
    assert "--count 1 --seed 3" in raised.value.__notes__[0]


@given(hits=st.integers(0, 40), misses=st.integers(0, 40))
def test_a_share_lies_in_its_interval(hits, misses):
    low, high = interval_of(Share(hits, hits + misses), confidence=0.95)
    if hits + misses:
        assert 0 <= low <= hits / (hits + misses) <= high <= 1


@pytest.mark.parametrize("share", [0.02, 0.4, 0.99])
def test_intervals_hold_the_truth_as_often_as_they_say(rng, share):
    hits = rng.binomial(60, share, 2000)
    edges = {int(n): interval_of(Share(int(n), 60), confidence=0.95) for n in set(hits)}
    held = sum(edges[int(n)][0] <= share <= edges[int(n)][1] for n in hits)
    assert interval_of(Share(held, 2000), confidence=0.999)[1] > 0.95


@pytest.mark.parametrize("per_hour", [0.3, 5.0])
def test_intervals_of_rates_hold_the_truth_as_often_as_they_say(rng, per_hour):
    events = rng.poisson(2 * per_hour, 2000)
    edges = {int(n): interval_of(Rate(int(n), 2.0), confidence=0.95) for n in set(events)}
    held = sum(edges[int(n)][0] <= per_hour <= edges[int(n)][1] for n in events)
    assert interval_of(Share(held, 2000), confidence=0.999)[1] > 0.95


@pytest.mark.parametrize(
    ("counted", "said"),
    [
        (Share(0, 300), "0 of 300: below 0.01"),
        (Share(300, 300), "300 of 300: above 0.99"),
        (Share(5, 10), "5 of 10: 0.5 (0.1871 to 0.8129)"),
        (Share(0, 0), "0 of 0: nothing tried"),
        (Rate(0, 2.0), "0 in 2 h: below 1.5 an hour"),
        (Rate(4, 2.0), "4 in 2 h: 2 an hour (0.545 to 5.12)"),
    ],
)
def test_a_zero_says_only_what_it_stays_below(counted, said):
    assert words(counted) == said


@pytest.mark.parametrize(
    ("bound", "counted", "verdict"),
    [
        (Bound(about="x", at_least=0.9), Share(1000, 1000), Verdict.HOLDS),
        (Bound(about="x", at_least=0.9), Share(9, 10), Verdict.OPEN),
        (Bound(about="x", at_least=0.9), Share(3, 10), Verdict.FAILS),
        (Bound(about="x", at_least=1.0), Share(4, 4), Verdict.UNBROKEN),
        (Bound(about="x", at_least=1.0), Share(99, 100), Verdict.FAILS),
        (Bound(about="x", at_most=0.0), Rate(0, 1.0), Verdict.UNBROKEN),
        (Bound(about="x", at_most=0.0), Rate(1, 100.0), Verdict.FAILS),
        (Bound(about="x", at_most=2.0), Rate(3, 1.0), Verdict.OPEN),
        (Bound(about="y", at_least=1.0), Share(0, 4), Verdict.OPEN),
    ],
)
def test_a_bound_fails_only_where_the_counts_exclude_it(bound, counted, verdict):
    assert judge(bound, {"x": counted}) is verdict


def test_what_shares_a_fate_tells_less():
    together = summed([{"x": Share(100 * (seed % 2), 100)} for seed in range(40)])["x"]
    apart = summed([{"x": Share(50, 100)} for _ in range(40)])["x"]
    assert together.effective == pytest.approx(39)
    assert apart.effective == 4000
    assert summed([{"x": Share(50, 100)}])["x"].effective == 1


@pytest.mark.parametrize("fate", [0.5, 4.0])
def test_intervals_of_shared_fates_hold_the_truth_as_often_as_they_say(rng, fate):
    """Each trial's own share is drawn first: beta, with a mean of 0.3."""
    held = 0
    for _ in range(600):
        hits = rng.binomial(20, rng.beta(0.3 * fate, 0.7 * fate, 60))
        low, high = interval_of(summed([{"x": Share(int(n), 20)} for n in hits])["x"], confidence=0.95)
        held += low <= 0.3 <= high
    assert interval_of(Share(held, 600), confidence=0.999)[1] > 0.95


def test_one_name_counts_one_kind_of_thing():
    with pytest.raises(TypeError, match="x: counted as a share and as a rate"):
        summed([{"x": True}, {"x": Rate(1, 1.0)}])


def result_of(trials):
    timed = {seed: Trial(outcomes=outcomes, seconds=1.5) for seed, outcomes in trials.items()}
    return Result(proof=TOSSED, commit="abc", dirty=False, seed=min(trials), trials=timed)


def test_a_failing_claim_says_how_to_see_it_again():
    result = result_of({seed: {"heads": seed < 20} for seed in range(10, 60)})
    assert result.failing
    assert "see it again: ./run prove coin --count 1 --seed 20" in list(lines(result))[-1]


def test_a_trial_speaks_against_a_rate_by_the_hour():
    bound = Bound(about="x", at_most=72.0)
    assert speaks_against(bound, {"x": Rate(1, 0.01)})
    assert not speaks_against(bound, {"x": Rate(1, 1.0)})
    assert not speaks_against(bound, {"y": Rate(1, 0.01)})


def test_a_result_is_written_with_its_intervals_and_read_again(tmp_path):
    result = result_of({seed: {"heads": True, "hours": Rate(0, 0.5)} for seed in range(10)})
    write_result(result, tmp_path / "coin.json")
    raw = json.loads((tmp_path / "coin.json").read_text())
    assert (raw["commit"], raw["dirty"], raw["seed"], raw["count"], raw["seconds"]) == ("abc", False, 0, 10, 15.0)
    assert raw["bounds"] == [{"about": "heads", "at_least": 0.5, "verdict": "holds"}]
    assert raw["counted"]["hours"]["says"] == "0 in 5 h: below 0.6 an hour"
    assert raw["counted"]["heads"]["low"] == pytest.approx(0.025**0.1, abs=1e-5)
    assert read_shares(tmp_path / "coin.json") == {"heads": Share(10, 10)}


def test_what_is_committed_are_whole_runs_of_proofs_that_there_are():
    for path in (ROOT / "tests/proofs").glob("*.json"):
        raw, proof = json.loads(path.read_text()), PROOFS[path.stem]
        assert raw["count"] >= proof.count
        assert raw["claim"] == proof.claim
        assert [bound["about"] for bound in raw["bounds"]] == [bound.about for bound in proof.bounds]


@pytest.mark.parametrize("arguments", [["--list"], ["no-such-proof"], []])
def test_the_command_answers(arguments):
    command = [sys.executable, "-m", "tests.prove", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if arguments == ["--list"]:
        assert (done.returncode, len(done.stdout.splitlines())) == (0, len(PROOFS))
    else:
        assert done.returncode == 2
        assert "quiet-air" in done.stderr or "--list" in done.stderr
