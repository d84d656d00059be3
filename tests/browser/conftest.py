"""A real hub that can be stopped and started again, and a browser whose every complaint is kept."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright
from pydantic import SecretStr

from api.app import create_app
from api.server import HubServer, server_for
from api.settings import Settings
from detector.types import Activity, Label, Technology
from detector.wire import Batch, Heartbeat, SensorDetection, dump_batch

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TOKEN = "a token of this test alone"
WINGS = ("A", "B", "C")
SENSORS = ("A1", "B1", "C1", "C2")
"""Each stands in the wing of its first letter."""

SITE = """
name = "HMP Test"
country = "gb"
time_zone = "Europe/London"
""" + "".join(
    [f'[[wing]]\nname = "{wing}"\ntitle = "{wing} wing"\n' for wing in WINGS]
    + [
        f'[[sensor]]\nname = "{sensor}"\nwing = "{sensor[0]}"\nplace_m = [{10.0 * place}, 0.0, 2.0]\n'
        for place, sensor in enumerate(SENSORS)
    ]
)


class ReadyServer(HubServer):
    """A server that says when it has begun to listen."""

    def __init__(self, server: HubServer) -> None:
        super().__init__(server.config)
        self.ready = threading.Event()

    async def startup(self, sockets=None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @property
    def port(self) -> int:
        return self.servers[0].sockets[0].getsockname()[1]


@dataclass
class TestHub:
    """The hub on a port of its own, and its sensors' voices."""

    __test__ = False

    folder: Path
    stale_after_s: float = 3600
    port: int = 0
    server: ReadyServer | None = None
    thread: threading.Thread | None = None
    sequence: int = 0
    samples: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen: on any free port at first, on the same one again later."""
        site = self.folder / "site.toml"
        site.write_text(SITE)
        settings = Settings(
            site=site,
            data_dir=self.folder,
            port=self.port,
            sensor_tokens={sensor: SecretStr(TOKEN) for sensor in SENSORS},
            simulated=True,
            stale_after_s=self.stale_after_s,
            learn_beats=1,
        )
        self.server = ReadyServer(server_for(create_app(settings), settings))
        self.thread = threading.Thread(target=self.server.run, name="hub")
        self.thread.start()
        assert self.server.ready.wait(20)
        self.port = self.server.port

    def stop(self) -> None:
        """Close every connection and free the port."""
        if self.server is None or self.thread is None:
            return
        self.server.should_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive()
        self.server = None

    def hear(self, sensor: str, *detections: SensorDetection, ahead_s: float = 0.0, alarm: str | None = None) -> None:
        """Say for a sensor that it listens, what it detected and complains of, by a clock that may be ahead."""
        self.sequence += 1
        self.samples += 1_000_000
        batch = Batch(
            sensor=sensor,
            boot="boot-1",
            sequence=self.sequence,
            sent_utc=datetime.now(UTC) + timedelta(seconds=ahead_s),
            detections=detections,
            heartbeat=Heartbeat(
                samples=self.samples,
                sample_rate_hz=1.2e6,
                centre_hz=897.2e6,
                noise_floor_dbfs=-61.0,
                gaps=0,
                clipped_share=0.0,
                queue=0,
                profile="sha256:" + 64 * "0",
                alarm=alarm,
            ),
        )
        answer = httpx.post(
            f"{self.address}/api/v1/sensors/{sensor}/batches",
            content=dump_batch(batch),
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=20,
        )
        answer.raise_for_status()

    def hear_all(self) -> None:
        """Say for every sensor that it listens."""
        for sensor in SENSORS:
            self.hear(sensor)


def phone(*, emission: int = 1, ago_s: float = 1.0, technology: Technology = Technology.GSM) -> SensorDetection:
    """A phone that was heard for half a second, a moment ago."""
    gsm = technology is Technology.GSM
    start = datetime.now(UTC) - timedelta(seconds=ago_s)
    centre_hz = 897.2e6 if gsm else 847e6
    return SensorDetection(
        technology=technology,
        kinds=(Label.GSM_AB, Label.GSM_NB) if gsm else (Label.LTE_PRACH,),
        activity=Activity.SIGNALLING if gsm else Activity.ACCESS,
        start_s=60.0 * emission,
        end_s=60.0 * emission + 0.5,
        start_utc=start,
        end_utc=start + timedelta(seconds=0.5),
        freq_lower_hz=centre_hz - 1e5,
        freq_upper_hz=centre_hz + 1e5,
        channel="ARFCN 36" if gsm else "EARFCN 24300",
        bursts=12,
        snr_db=14.0,
        power_dbfs=-31.0,
        score=0.998,
        parts={},
        clipped=False,
        emission=emission,
        part=1,
        last=True,
        profile="sha256:" + 64 * "0",
    )


@dataclass
class Complaints:
    """What a page did that it must not do."""

    origin: str
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", self._request)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def forgive_lost_connections(self) -> None:
        """Drop what the browser itself reports of requests that a stopped hub could not answer."""
        self.errors = [error for error in self.errors if "net::ERR_" not in error]

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self.origin):
            self.foreign.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(f"{message.text} ({message.location.get('url')})")


@pytest.fixture
def start_hub(tmp_path: Path) -> Iterator[Callable[..., TestHub]]:
    """Starts the test's hub; no sensor has been heard yet."""
    started = []

    def start(**options: float) -> TestHub:
        started.append(TestHub(folder=tmp_path, **options))
        started[-1].start()
        return started[-1]

    yield start
    for hub in started:
        hub.stop()


@pytest.fixture
def hub(start_hub: Callable[..., TestHub]) -> TestHub:
    """A running hub whose sensors have all been heard."""
    hub = start_hub()
    hub.hear_all()
    return hub


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail("chromium is missing; install it with: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, address: str, *, path: str = "/", **options) -> Iterator[tuple[Page, BrowserContext]]:
    """A page of a hub, live; at its end it has asked nobody else for anything, and the browser complained of nothing."""
    context = browser.new_context(**{"locale": "en-GB", "color_scheme": "dark"} | options)
    page = context.new_page()
    complaints = Complaints(origin=address)
    complaints.watch(page)
    page.goto(address + path)
    page.locator("[data-testid=link][data-state=live]").wait_for()
    page.complaints = complaints
    yield page, context
    context.close()
    assert complaints.foreign == []
    assert complaints.errors == []


@pytest.fixture
def open_page(browser: Browser):
    """Opens pages with :func:`opened`."""
    return lambda address, **options: opened(browser, address, **options)


@pytest.fixture
def heard_phone():
    """Makes a detection that is a phone; see :func:`phone`."""
    return phone
