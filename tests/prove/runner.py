"""Runs the trials of a proof, beside each other where they may, and keeps each in the journal as soon as it is done.

Trial k of seed S takes the seed S + k, so that ``--seed S+k --count 1`` plays it alone. What the trials mean is judged
elsewhere.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from tests.prove.journal import Journal
from tests.prove.proof import Proof, Trial

__all__ = ["LONGEST_S", "Progress", "run_trials"]

Progress = Callable[[int, int], None]
"""Called with the trials that are done, and of how many."""

LONGEST_S: Final = 7 * 86400.0
"""A limit for those who set none; a pool's wait knows no endless one."""


def run_trials(
    proof: Proof,
    seeds: range,
    journal: Journal,
    *,
    jobs: int | None = None,
    limit_s: float = LONGEST_S,
    progress: Progress = lambda _done, _of: None,
) -> dict[int, Trial]:
    """The trials by seed, in the order of seeds.

    Parameters
    ----------
    jobs
        Processes; one a processor if left out.
    limit_s
        After this time the rest is left out; what is running is given up, or awaited where trials may not run beside
        each other.
    """
    before = journal.read()
    done = {seed: before[seed] for seed in seeds if seed in before}
    left = [seed for seed in seeds if seed not in done]
    progress(len(done), len(seeds))
    results = beside if proof.parallel else one_by_one
    for seed, trial in results(proof, left, jobs=jobs, ends_s=time.monotonic() + limit_s):
        journal.write(seed, trial)
        done[seed] = trial
        progress(len(done), len(seeds))
    return dict(sorted(done.items()))


def one_by_one(proof: Proof, seeds: Sequence[int], *, jobs: int | None, ends_s: float) -> Iterator[tuple[int, Trial]]:
    """Trials in this process, until a time."""
    for seed in seeds:
        if time.monotonic() >= ends_s:
            return
        yield run_one(proof, seed)


def beside(proof: Proof, seeds: Sequence[int], *, jobs: int | None, ends_s: float) -> Iterator[tuple[int, Trial]]:
    """Trials in processes of their own, as they come, until a time."""
    if not seeds:
        return
    with multiprocessing.get_context("forkserver").Pool(min(jobs or os.cpu_count() or 1, len(seeds))) as pool:
        results = pool.imap_unordered(partial(run_one, proof), seeds)
        for _ in seeds:
            try:
                yield results.next(timeout=max(0.0, ends_s - time.monotonic()))
            except multiprocessing.TimeoutError:
                return


def run_one(proof: Proof, seed: int) -> tuple[int, Trial]:
    """One trial with its seed; an error says which it was."""
    began_s = time.perf_counter()
    try:
        outcomes = proof.trial(seed)
    except Exception as error:
        error.add_note(f"see it again: ./run prove {proof.name} --count 1 --seed {seed}")
        raise
    return seed, Trial(outcomes=outcomes, seconds=time.perf_counter() - began_s)
