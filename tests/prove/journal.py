"""Trials that are done, kept in a file that git ignores, so that an interrupted proof goes on where it stopped.

One JSON line a trial. A journal belongs to one proof and one state of the code: after a change of either it begins anew.
"""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.prove.proof import Outcome, Rate, Share, Trial

__all__ = ["Journal", "commit_of", "fingerprint"]

PROVEN: Final = ("detector", "sdr", "api", "calibration", "tests/prove", "wingwatch.py")
"""What a change of makes results of the code before it worthless."""


class Journal:
    """The trials of one proof that were done with one state of the code.

    Parameters
    ----------
    path
        Its file; made with the first trial.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[int, Trial]:
        """The trials by seed; a line that was cut off by a crash is left out."""
        if not self._path.exists():
            return {}
        return dict(whole_lines(self._path.read_text()))

    def write(self, seed: int, trial: Trial) -> None:
        """Add one trial."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        outcomes = {name: packed(one) for name, one in trial.outcomes.items()}
        line = json.dumps({"seed": seed, "seconds": round(trial.seconds, 3), "outcomes": outcomes})
        # What a crash cut off is parted from what follows by the line's own beginning.
        with self._path.open("a") as file:
            file.write("\n" + line)


def whole_lines(text: str) -> Iterator[tuple[int, Trial]]:
    """Seed and trial of each whole line."""
    for line in text.splitlines():
        try:
            raw = json.loads(line)
        except ValueError:
            continue
        outcomes = {name: unpacked(one) for name, one in raw["outcomes"].items()}
        yield raw["seed"], Trial(outcomes=outcomes, seconds=raw["seconds"])


def packed(outcome: Outcome) -> Any:
    """An outcome as JSON."""
    if isinstance(outcome, Share):
        return {"hits": outcome.hits, "trials": outcome.trials}
    return {"events": outcome.events, "hours": outcome.hours} if isinstance(outcome, Rate) else bool(outcome)


def unpacked(raw: Any) -> Outcome:
    """An outcome from JSON."""
    if isinstance(raw, bool):
        return raw
    return Share(**raw) if "hits" in raw else Rate(**raw)


def fingerprint(root: Path) -> str:
    """Hash of all the code that proofs run, committed or not."""
    digest = hashlib.sha256()
    for place in PROVEN:
        for path in sorted([root / place, *(root / place).rglob("*")]):
            if path.suffix in {".py", ".json", ".toml"} and "node_modules" not in path.parts:
                digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def commit_of(root: Path) -> tuple[str, bool]:
    """The commit that is checked out, and whether anything but results of proofs differs from it."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--", ".", ":!tests/proofs"))
    except (OSError, subprocess.CalledProcessError):
        return "unknown", True
