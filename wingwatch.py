"""The command line, and the one place that knows all parts: receivers, detector, hub and calibration are wired here."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from detector.profile import Profile

__all__ = ["app", "main"]

app: Final = typer.Typer(
    name="wingwatch",
    help="Passive detection of mobile phones by their own transmissions.",
    add_completion=False,
    pretty_exceptions_enable=False,
)

Line = dict[str, Any] | str
"""A detection, or what is wrong with a recording."""


@app.callback(invoke_without_command=True)
def start(context: typer.Context) -> None:
    """Without a command: a simulated site with sensors, hub and pages; prints the address."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def fail(message: str) -> typer.Exit:
    """Say in one line on stderr what is wrong; gives the exit to raise."""
    typer.echo(f"wingwatch: {message}", err=True)
    return typer.Exit(2)


@app.command(epilog="Example: wingwatch detect night.sigmf-meta --annotations found/ > detections.ndjson")
def detect(
    recordings: Annotated[
        list[Path], typer.Argument(metavar="REC...", help="SigMF recordings: .sigmf-meta beside its data, or .sigmf.")
    ],
    annotations: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write the found bursts as SigMF annotations into DIR.")
    ] = None,
    profile: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Thresholds to use in place of the default profile.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="How many recordings to search at a time; one a processor if left out.")
    ] = None,
) -> None:
    """Search recordings for phones; print one JSON object a line, one per detection.

    The exit status is 0 whatever was found, and 2 if a file could not be read: it gets one line on stderr, the others
    are done.
    """
    thresholds = load_profile(profile)
    failed = False
    for line in search_all(recordings, thresholds, annotations, jobs=jobs or os.cpu_count() or 1):
        if isinstance(line, str):
            failed = True
            typer.echo(line, err=True)
        else:
            print(json.dumps(line), flush=True)  # noqa: T201 - the contract's output
    if failed:
        raise typer.Exit(2)


def load_profile(path: Path | None) -> "Profile":
    """The profile in a file, or the default one."""
    from detector.profile import ProfileError, parse_profile
    from sdr.defaults import default_profile

    try:
        return default_profile() if path is None else parse_profile(path.read_bytes())
    except OSError as error:
        raise fail(f"{path}: {error.strerror or error}") from error
    except ProfileError as error:
        raise fail(f"{path}: {error}") from error


def search_all(paths: list[Path], profile: "Profile", annotations: Path | None, *, jobs: int) -> Iterator[Line]:
    """The lines of all recordings in their order: those of a single one as they come, of many as each is done."""
    with progress_bar() as advance:
        if len(paths) == 1 or jobs == 1:
            for path in paths:
                yield from search(path, profile, annotations, partial(advance, path.name))
            return
        with ProcessPoolExecutor(min(jobs, len(paths))) as pool:
            results = pool.map(search_whole, paths, [profile] * len(paths), [annotations] * len(paths))
            for done, lines in enumerate(results, 1):
                yield from lines
                advance("recordings", done, len(paths))


def search(
    path: Path, profile: "Profile", annotations: Path | None, progress: Callable[[int, int], None] | None = None
) -> Iterator[Line]:
    """The lines of one recording; what is wrong with it is the last of them."""
    from sdr.defaults import band_plan
    from sdr.detect import detect_recording
    from sdr.recording import RecordingError

    try:
        yield from detect_recording(path, profile=profile, plan=band_plan(), annotations=annotations, progress=progress)
    except RecordingError as error:
        yield str(error)


def search_whole(path: Path, profile: "Profile", annotations: Path | None) -> list[Line]:
    """All lines of one recording, for a process of a pool."""
    return list(search(path, profile, annotations))


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr where that is a terminal: call it with a name, how much is done, and of how much."""
    if not sys.stderr.isatty():
        yield lambda _name, _done, _of: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("")
        yield lambda name, done, of: bars.update(task, description=name, completed=done, total=of)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
