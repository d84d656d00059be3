"""The command line, and the one place that knows all parts: receivers, detector, hub and calibration are wired here."""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from detector.bands import BandPlan
    from detector.profile import Profile
    from sdr.evidence import Evidence
    from sdr.settings import SensorSettings

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
def start(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the pages; 0 takes a free one.")] = 8077,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulated site's timetable.")] = 9,
) -> None:
    """Passive detection of mobile phones by their own transmissions.

    Without a command: a simulated site with sensors, hub and pages; prints the address.
    """
    if context.invoked_subcommand is None:
        demo(port=port, seed=seed)


@app.command(epilog="Example: wingwatch hub --config /etc/wingwatch/hub.toml")
def hub(
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings (TOML); the environment wins.")] = None,
) -> None:
    """Run the hub: it takes the sensors' detections and serves alerts, history and pages."""
    from api.server import serve
    from api.settings import SettingsError, load_settings

    try:
        settings = load_settings(config)
        configure_logging(as_json=settings.log_json)
        serve(settings)
    except SettingsError as error:
        raise fail(str(error)) from error


@app.command(epilog="Example: WINGWATCH_SENSOR_TOKEN=... wingwatch sensor --config /etc/wingwatch/sensor.toml")
def sensor(
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings (TOML); the environment wins.")] = None,
    list_receivers: Annotated[
        bool, typer.Option("--list", help="Say which receivers are attached and what they cannot hear, and end.")
    ] = False,
    until_input_ends: Annotated[
        bool, typer.Option("--until-input-ends", hidden=True, help="End with who holds the other end of the input.")
    ] = False,
) -> None:
    """Run a sensor: it searches a receiver's, a recording's or simulated samples and sends detections to the hub."""
    if list_receivers:
        say_what_is_attached()
        return
    from sdr.clips import ClipsError
    from sdr.outbox import OutboxError
    from sdr.recording import RecordingError
    from sdr.settings import SettingsError, load_settings
    from sdr.source import SourceError

    configure_logging(as_json=not sys.stderr.isatty())
    try:
        run_sensor(load_settings(config), until_input_ends=until_input_ends)
    except (SettingsError, SourceError, RecordingError, OutboxError, ClipsError) as error:
        raise fail(str(error)) from error


@app.command(epilog="Example: wingwatch simulate air.sigmf-meta --sensor B1 --seconds 20 --seed 7")
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Recording to write; a name ending in .sigmf-meta.")],
    sensor: Annotated[str, typer.Option(help="The sensor of the demo site that hears it.")] = "B1",
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="How long.")] = 10.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the timetable.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a recording of this name.")] = False,
) -> None:
    """Write what a sensor of the simulated site hears as a SigMF recording, each burst annotated with the truth."""
    from sdr.sources import demo_site
    from sdr.synthetic.recording import write_recording

    try:
        write_recording(out, demo_site(), sensor, seconds=seconds, seed=seed, overwrite=overwrite)
    except (OSError, ValueError, KeyError) as error:
        raise fail(f"{out}: {error.args[-1] if error.args else error}") from error


@app.command(epilog="Example: wingwatch record night.sigmf-meta --source rtlsdr: --centre-hz 897e6 --seconds 60")
def record(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Recording to write; a name ending in .sigmf-meta.")],
    seconds: Annotated[float, typer.Option(min=0.01, help="How long.")] = 10.0,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="A sensor's settings (TOML).")] = None,
    source: Annotated[str | None, typer.Option(help="Where samples come from, as in a sensor's settings.")] = None,
    centre_hz: Annotated[float | None, typer.Option(help="Centre frequency, in hertz.")] = None,
    sample_rate_hz: Annotated[float | None, typer.Option(help="Sample rate, in samples per second.")] = None,
    gain_db: Annotated[float | None, typer.Option(help="Tuner gain, in dB.")] = None,
    place: Annotated[
        str | None, typer.Option(metavar="LAT,LON", help="Where the receiver stands; left out unless given.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a recording of this name.")] = False,
) -> None:
    """Record samples as SigMF, with the receiver's name, its gain and every gap; Ctrl-C ends it early and keeps it.

    Raw samples may hold what people say: record them only where the law and the engineer in charge allow it.
    """
    from sdr.record import PlaceError, parse_place
    from sdr.record import record as write
    from sdr.recording import RecordingError
    from sdr.settings import SettingsError, load_settings
    from sdr.sigmf import check_free
    from sdr.source import SourceError
    from sdr.sources import open_source

    given = {"source": source, "centre_hz": centre_hz, "sample_rate_hz": sample_rate_hz, "gain_db": gain_db}
    told = {name: value for name, value in given.items() if value is not None}
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    configure_logging(as_json=not sys.stderr.isatty())
    try:
        check_free(out, overwrite=overwrite)
        where = None if place is None else parse_place(place)
        settings = load_settings(config, **({"name": "record", "token": "none"} | told))
        levels = load_profile(settings.profile).receiver
        with open_source(settings, clock=utc_now, levels=levels) as opened:
            done = write(opened, out, seconds=seconds, place=where, overwrite=overwrite, stopped=stopped.is_set)
    except (SettingsError, SourceError, RecordingError, PlaceError, OSError, ValueError) as error:
        raise fail(str(error)) from error
    typer.echo(f"wingwatch: {out}: {done.samples} samples, {done.gaps} gaps, {done.clipped} clipped", err=True)


def say_what_is_attached() -> None:
    """Print the receivers of this machine, what they can be tuned to, and which bands in use they never hear."""
    from sdr.defaults import band_plan
    from sdr.devices import attached, listing
    from sdr.scan import bands_named

    for line in listing(*attached(), bands_named(band_plan(), (), day=utc_now().date())):
        write_line(line)


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
    country: Annotated[str | None, typer.Option(help="Whose bands; those of all countries if left out.")] = None,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day whose bands were in use; all there ever were if left out."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="How many recordings to search at a time; one a processor if left out.")
    ] = None,
) -> None:
    """Search recordings for phones; print one JSON object a line, one per detection.

    The exit status is 0 whatever was found, and 2 if a file could not be read: it gets one line on stderr, the others
    are done.
    """
    given = Given(
        profile=load_profile(profile),
        plan=plan_of(country),
        day=None if day is None else day.date(),
        folder=annotations,
    )
    if annotations is not None and (doubled := first_double([path.name.removesuffix("-meta") for path in recordings])):
        raise fail(
            f"{doubled}: two recordings of this name; their annotations would overwrite each other in {annotations}"
        )
    failed = False
    for line in search_all(recordings, given, jobs=jobs or os.cpu_count() or 1):
        if isinstance(line, str):
            failed = True
            typer.echo(line, err=True)
        else:
            write_line(json.dumps(line))
    if failed:
        raise typer.Exit(2)


@app.command(epilog="Example: wingwatch plan --country fr --receiver rtlsdr --receiver rtlsdr --band 'LTE 20'")
def plan(
    country: Annotated[str | None, typer.Option(help="Whose bands; those of all countries if left out.")] = None,
    receiver: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="A receiver of the place, each once; an RTL-SDR if left out."),
    ] = None,
    band: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A band to listen to; all in use today if left out.")
    ] = None,
    policy: Annotated[
        str, typer.Option(help="fixed, round-robin, or priority: what was heard lately comes first.")
    ] = "round-robin",
    dwell: Annotated[float, typer.Option(metavar="SECONDS", help="Time on a tuning.")] = 1.0,
    settle: Annotated[float, typer.Option(metavar="SECONDS", help="Time lost after each tuning.")] = 0.05,
    linger: Annotated[
        float, typer.Option(metavar="SECONDS", help="Longest stay beyond that while something is heard.")
    ] = 10.0,
) -> None:
    """Say which phones a scan of these bands by these receivers would meet, how likely, and which it never hears."""
    from rich.console import Console

    from detector.scan import Rhythm, make_plan
    from sdr.defaults import band_plan
    from sdr.scan import bands_named, policy_of, reach_of, searched
    from sdr.scan_table import plan_tables

    try:
        bands = bands_named(band_plan(country), band or [], day=utc_now().date())
        receivers = [reach_of(kind) for kind in receiver or ["rtlsdr"]]
        rhythm = Rhythm(windows=1, policy=policy_of(policy), dwell_s=dwell, settle_s=settle, linger_s=linger)
    except ValueError as error:
        raise fail(str(error)) from error
    console = Console()
    for part in plan_tables(make_plan(bands, receivers, rhythm=rhythm, searched=searched())):
        console.print(part)


@app.command(epilog="Example: wingwatch locate site.json episodes.ndjson > places.ndjson")
def locate(
    site: Annotated[Path, typer.Argument(metavar="SITE", help="Cells and sensors with their places (JSON).")],
    episodes: Annotated[Path, typer.Argument(metavar="EPISODES", help="Levels per sensor, one phone a line (NDJSON).")],
) -> None:
    """Say where each phone probably is: a probability per cell and for outside, one JSON object a line.

    The law of propagation is learned from the episodes themselves; sensors that turn out to be deaf are named on stderr.
    """
    from calibration.locate_files import LocateError, deaf_line, locate_files

    try:
        answers, deaf = locate_files(site, episodes)
    except LocateError as error:
        raise fail(str(error)) from error
    except OSError as error:
        raise fail(f"{error.filename}: {error.strerror or error}") from error
    for answer in answers:
        write_line(json.dumps(answer))
    for sensor in deaf:
        typer.echo(f"wingwatch: {deaf_line(sensor)}", err=True)


def write_line(text: str) -> None:
    """Print a line to stdout at once; a reader that has gone, or a full disk, ends the program plainly."""
    try:
        print(text, flush=True)  # noqa: T201 - the contract's output
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise fail(f"standard output: {error.strerror or error}") from error


def first_double(names: list[str]) -> str | None:
    """The first name that stands twice."""
    return next((name for place, name in enumerate(names) if name in names[:place]), None)


def load_profile(path: Path | None) -> "Profile":
    """The profile in a file, or the default one."""
    from detector.profile import ProfileError, parse_profile
    from sdr.defaults import default_profile

    try:
        return default_profile() if path is None else parse_profile(path.read_bytes())
    except OSError as error:
        raise fail(f"{path}: {error.strerror or error}") from error
    except ProfileError as error:
        raise fail(f"{path or 'the default profile'}: {error}") from error


def plan_of(country: str | None) -> "BandPlan":
    """The band plan of a country, or of all."""
    from sdr.defaults import band_plan

    try:
        return band_plan(country)
    except ValueError as error:
        raise fail(str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What recordings are searched with; ``folder`` is where their annotations go."""

    profile: "Profile"
    plan: "BandPlan"
    day: date | None
    folder: Path | None


def search_all(paths: list[Path], given: Given, *, jobs: int) -> Iterator[Line]:
    """The lines of all recordings in their order: those of a single one as they come, of many as each is done."""
    with progress_bar() as advance:
        if len(paths) == 1 or jobs == 1:
            for path in paths:
                yield from search(path, given, partial(advance, path.name))
            return
        with ProcessPoolExecutor(min(jobs, len(paths))) as pool:
            results = pool.map(search_whole, paths, [given] * len(paths))
            for done, lines in enumerate(results, 1):
                yield from lines
                advance("recordings", done, len(paths))


def search(path: Path, given: Given, progress: Callable[[int, int], None] | None = None) -> Iterator[Line]:
    """The lines of one recording; what is wrong with it is the last of them."""
    from sdr.detect import detect_recording
    from sdr.recording import RecordingError

    try:
        yield from detect_recording(
            path, profile=given.profile, plan=given.plan, day=given.day, annotations=given.folder, progress=progress
        )
    except RecordingError as error:
        yield str(error)
    except Exception as error:  # noqa: BLE001 - whatever one recording does, the others are done
        yield f"{path}: could not be searched: {type(error).__name__}: {error}"


def search_whole(path: Path, given: Given) -> list[Line]:
    """All lines of one recording, for a process of a pool."""
    return list(search(path, given))


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


def run_sensor(settings: "SensorSettings", *, until_input_ends: bool = False) -> None:
    """Wire a sensor and run it until its source ends or it is told to stop."""
    from queue import SimpleQueue

    from detector.pipeline import Pipeline
    from sdr.agent import Sensor, stop_when_asked
    from sdr.courier import delivering
    from sdr.defaults import band_plan
    from sdr.http import post_to
    from sdr.outbox import Outbox
    from sdr.scan import tour_of
    from sdr.scanning import Scanning
    from sdr.sources import open_source
    from sdr.timekeeping import known_error_s

    profile, plan = load_profile(settings.profile), band_plan(settings.country)
    tour = tour_of(settings, plan, day=utc_now().date())
    stopped = threading.Event()
    asked: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: asked.put(number))
    outbox_file = settings.outbox_file
    with (
        open_source(settings.at(tour.centres_hz[0]), clock=utc_now, levels=profile.receiver) as source,
        Outbox(outbox_file, sensor=settings.name) as outbox,
    ):
        stopper = partial(stop_when_asked, asked, source=source, stopped=stopped)
        threading.Thread(target=stopper, name="stop", daemon=True).start()
        if until_input_ends:
            threading.Thread(target=lambda: asked.put(len(sys.stdin.read())), name="input", daemon=True).start()
        post = post_to(settings.hub, sensor=settings.name, token=settings.token.get_secret_value())
        with delivering(outbox=outbox, post=post, stopped=stopped) as courier:
            Sensor(
                name=settings.name,
                source=source,
                pipeline=Pipeline(profile=profile, plan=plan, day=utc_now().date()),
                outbox=outbox,
                courier=courier,
                clock=utc_now,
                profile=profile,
                scanning=None if tour.still else Scanning(tour, reference_hz=settings.reference_hz, tune=source.tune),
                evidence=evidence_of(settings),
                clock_error_s=known_error_s,
            ).run(stopped)


def evidence_of(settings: "SensorSettings") -> "Evidence | None":
    """The keeper of a sensor's clips, if it has a folder for them."""
    from sdr.clips import ClipRing
    from sdr.evidence import Evidence

    if settings.clips is None:
        return None
    ring = ClipRing(settings.clips, max_bytes=int(1e6 * settings.clips_mb))
    keep_iq = timedelta(days=settings.iq_clips_days) if settings.iq_clips_days else None
    return Evidence(ring, sensor=settings.name, clock=utc_now, keep_iq=keep_iq)


def demo(*, port: int, seed: int) -> None:
    """Run a simulated site on this machine until interrupted: a process for each sensor, and the hub in this one."""
    from pydantic import SecretStr

    from api.server import serve
    from api.settings import Settings, SettingsError
    from sdr.sources import demo_site

    configure_logging(as_json=False, level="warning")
    # A demonstration must never write into the database of a real hub that this environment is set up for.
    for name in [name for name in os.environ if name.startswith("WINGWATCH_")]:
        del os.environ[name]
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    tokens = {place.name: secrets.token_urlsafe(24) for place in demo_site().sensors}
    with TemporaryDirectory(prefix="wingwatch-demo-") as folder, ExitStack() as running:
        settings = Settings(
            site=write_demo_site(Path(folder)),
            data_dir=Path(folder),
            port=port,
            sensor_tokens={name: SecretStr(token) for name, token in tokens.items()},
            simulated=True,
            log_json=False,
        )

        def begin(address: str) -> None:
            running.enter_context(sensors(demo_sensors(tokens, address, Path(folder), seed=seed)))
            typer.echo(f"wingwatch: simulated site with {len(tokens)} sensors on {address} (Ctrl-C ends it)")

        try:
            serve(settings, announce=begin)
        except SettingsError as error:
            raise fail(f"{error}; another port: wingwatch --port 0") from error


def demo_sensors(tokens: dict[str, str], hub: str, folder: Path, *, seed: int) -> list[dict[str, str]]:
    """Settings of the demonstration's sensors: one air, heard in six places."""
    air = {
        "SOURCE": "sim:",
        "SEED": str(seed),
        "EPOCH": format_epoch(utc_now()),
        "SAMPLE_RATE_HZ": "1.92e6",
        "HUB": hub,
    }
    return [
        air | {"NAME": name, "TOKEN": token, "OUTBOX": str(folder / f"{name}.sqlite")} for name, token in tokens.items()
    ]


def format_epoch(moment: datetime) -> str:
    """A whole second in RFC 3339."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def write_demo_site(folder: Path) -> Path:
    """The demo site as a file that the hub can read."""
    path = folder / "site.toml"
    path.write_bytes(files("sdr.synthetic").joinpath("demo-site.toml").read_bytes())
    return path


@contextmanager
def sensors(each: list[dict[str, str]]) -> Iterator[None]:
    """A sensor in a process of its own for each of several settings, handed over in its environment."""
    # One thread a sensor: there are as many processes as sensors already.
    shared = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    running = []
    try:
        for settings in each:
            own = {f"WINGWATCH_SENSOR_{key}": value for key, value in settings.items()}
            # The end of its input, which also comes when this process is killed, ends a sensor.
            command = [sys.executable, __file__, "sensor", "--until-input-ends"]
            running.append(subprocess.Popen(command, env=shared | own, stdin=subprocess.PIPE))  # noqa: S603 - our own command
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def utc_now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def configure_logging(*, as_json: bool, level: str = "info") -> None:
    """Structured logs on stderr: JSON lines for machines, short lines for people."""
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer()
            if as_json
            else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def main() -> None:
    """Run the command line."""
    app(prog_name="wingwatch")


if __name__ == "__main__":
    main()
