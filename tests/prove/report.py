"""A proof's result as JSON and as words: what was counted with its interval, by what code, from which seed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.prove.intervals import interval_of, per_hour, words
from tests.prove.proof import Bound, Proof, Rate, Share, Trial
from tests.prove.verdict import Sums, Verdict, judge, speaks_against, summed

__all__ = ["Result", "lines", "read_shares", "write_result"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run of a proof gave.

    Parameters
    ----------
    commit, dirty
        Of the code that ran.
    trials
        By seed.
    """

    proof: Proof
    commit: str
    dirty: bool
    seed: int
    trials: Mapping[int, Trial]

    @property
    def sums(self) -> Sums:
        """Over all trials."""
        return summed(trial.outcomes for trial in self.trials.values())

    @property
    def failing(self) -> list[Bound]:
        """Bounds that the counts exclude."""
        sums = self.sums
        return [bound for bound in self.proof.bounds if judge(bound, sums) is Verdict.FAILS]


def write_result(result: Result, path: Path) -> None:
    """Write a result as JSON; its seconds are those of all trials, in however many processes."""
    sums = result.sums
    raw = {
        "proof": result.proof.name,
        "claim": result.proof.claim,
        "commit": result.commit,
        "dirty": result.dirty,
        "seed": result.seed,
        "count": len(result.trials),
        "seconds": round(sum(trial.seconds for trial in result.trials.values()), 1),
        "bounds": [bound_record(bound, sums) for bound in result.proof.bounds],
        "counted": {name: record(one) for name, one in sums.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(raw, indent=1, ensure_ascii=False) + "\n")


def record(one: Share | Rate) -> dict[str, Any]:
    """A share or a rate with its 95 % interval."""
    low, high = (float(f"{edge:.6g}") for edge in interval_of(one, confidence=0.95))
    if isinstance(one, Share):
        numbers: dict[str, Any] = {"hits": one.hits, "trials": one.trials}
        if one.effective is not None:
            numbers["effective"] = round(one.effective, 1)
    else:
        numbers = {"events": one.events, "hours": round(one.hours, 6), "per_hour": per_hour(one)}
    return numbers | {"low": low, "high": high, "says": words(one)}


def bound_record(bound: Bound, sums: Sums) -> dict[str, Any]:
    """A bound with its verdict."""
    limits = {"at_least": bound.at_least, "at_most": bound.at_most}
    open_ends = {"at_least": 0.0, "at_most": float("inf")}
    said = {name: limit for name, limit in limits.items() if limit != open_ends[name]}
    return {"about": bound.about, **said, "verdict": judge(bound, sums).value}


def read_shares(path: Path) -> dict[str, Share]:
    """The shares of a written result, by name."""
    counted = json.loads(path.read_text())["counted"]
    return {
        name: Share(raw["hits"], raw["trials"], raw.get("effective")) for name, raw in counted.items() if "hits" in raw
    }


def lines(result: Result) -> Iterator[str]:
    """A result in words: what was counted, each bound's verdict, and for a failing one how to see it again."""
    sums = result.sums
    yield f"{result.proof.name}: {result.proof.claim}"
    for name, one in sums.items():
        yield f"  {name}: {words(one)}"
    for bound in result.proof.bounds:
        yield f"  {judge(bound, sums)}: {said_bound(bound)}"
    for bound in result.failing:
        guilty = next((seed for seed, one in result.trials.items() if speaks_against(bound, one.outcomes)), result.seed)
        yield f"  see it again: ./run prove {result.proof.name} --count 1 --seed {guilty}"


def said_bound(bound: Bound) -> str:
    """A bound in words."""
    ends = ([f"at least {bound.at_least:g}"] if bound.at_least else []) + (
        [f"at most {bound.at_most:g}"] if bound.at_most != float("inf") else []
    )
    return f"{bound.about} {' and '.join(ends)}"
