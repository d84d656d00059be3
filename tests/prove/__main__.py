"""The command ``./run prove``: runs proofs, says what they counted, and keeps the results.

A whole proof's result is written to ``tests/proofs/NAME.json``, which is committed; one of fewer trials goes to
``var/proofs``. The exit status is 1 if a claim fails.
"""

import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from tests.prove.catalogue import PROOFS
from tests.prove.journal import Journal, commit_of, fingerprint
from tests.prove.plot import draw
from tests.prove.proof import Proof
from tests.prove.report import Result, lines, read_shares, write_result
from tests.prove.runner import LONGEST_S, Progress, run_trials

ROOT: Final = Path(__file__).parents[2]
RESULTS: Final = ROOT / "tests" / "proofs"
PICTURE: Final = RESULTS / "detection.svg"
VAR: Final = ROOT / "var"
SEED: Final = 1
"""Of a run that names none: the committed results can be had again."""

EACH_MINUTES: Final = 5.0
ALL_MINUTES: Final = 60.0


def prove(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="The proofs to run; see --list.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Trials, in place of the proof's own number.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Trial k takes this seed plus k.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; one a processor if left out.")] = None,
    every: Annotated[bool, typer.Option("--list", help="Say which proofs there are, and end.")] = False,
    plot: Annotated[
        bool, typer.Option("--plot", help="Draw the README's picture from the committed results, and end.")
    ] = False,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="A few trials of every proof, or of those named, with a new seed, in bounded time."
        ),
    ] = False,
) -> None:
    """Run proofs of what wingwatch claims; an interrupted one goes on where it stopped.

    Example: ./run prove gsm-pd --count 20 --seed 7
    """
    if every:
        for proof in PROOFS.values():
            typer.echo(f"{proof.name:20}{proof.count:>8} trials  {proof.claim}")
    elif plot:
        PICTURE.write_text(draw([read_shares(RESULTS / f"{name}.json") for name in ("gsm-pd", "lte-pd")]))
    elif quick:
        looked_at = [known(name) for name in names or PROOFS]
        finish(quick_look(looked_at, seed if seed is not None else secrets.randbits(40), jobs))
    elif names:
        first = SEED if seed is None else seed
        finish([run(known(name), count=count, seed=first, jobs=jobs) for name in names])
    else:
        raise typer.BadParameter("name a proof, or give --list, --quick or --plot")


def known(name: str) -> Proof:
    """A proof by its name."""
    if name not in PROOFS:
        raise typer.BadParameter(f"{name}: there is no such proof; there are {', '.join(PROOFS)}")
    return PROOFS[name]


def quick_look(proofs: Sequence[Proof], seed: int, jobs: int | None) -> list[bool]:
    """A few trials of each proof, within a time for each and for all."""
    typer.echo(f"seed {seed}")
    ends_s = time.monotonic() + 60 * ALL_MINUTES
    kept = []
    for proof in proofs:
        left_s = max(0.0, min(60 * EACH_MINUTES, ends_s - time.monotonic()))
        kept.append(run(proof, count=proof.few, seed=seed, jobs=jobs, limit_s=left_s))
    return kept


def run(proof: Proof, *, count: int | None, seed: int, jobs: int | None, limit_s: float = LONGEST_S) -> bool:
    """Run one proof, say and write what it gave; whether trials were done and no bound failed."""
    commit, dirty = commit_of(ROOT)
    seeds = range(seed, seed + (count or proof.count))
    journal = Journal(VAR / "prove" / f"{proof.name}-{fingerprint(ROOT)}.ndjson")
    with progress_of(proof.name) as progress:
        trials = run_trials(proof, seeds, journal, jobs=jobs, limit_s=limit_s, progress=progress)
    result = Result(proof=proof, commit=commit, dirty=dirty, seed=seed, trials=trials)
    whole = len(trials) >= proof.count
    write_result(result, (RESULTS if whole else VAR / "proofs") / f"{proof.name}.json")
    for line in lines(result):
        typer.echo(line)
    return bool(trials) and not result.failing


def finish(kept: list[bool]) -> None:
    """End with the status that says whether every claim was kept."""
    raise typer.Exit(0 if all(kept) else 1)


@contextmanager
def progress_of(name: str) -> Iterator[Progress]:
    """A bar on stderr where that is a terminal, else a line for each tenth."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress as Bars

        with Bars(console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task(name)
            yield lambda done, of: bars.update(task, completed=done, total=of)
    else:
        yield line_each_tenth(name)


def line_each_tenth(name: str) -> Callable[[int, int], None]:
    """Progress as plain lines, for a log."""
    told = -1

    def tell(done: int, of: int) -> None:
        nonlocal told
        tenth = 10 * done // max(1, of)
        if tenth != told:
            told = tenth
            typer.echo(f"{name}: {done} of {of}", err=True)

    return tell


if __name__ == "__main__":
    typer.run(prove)
