"""A hub on a fresh, migrated database, with a clock that the test moves, and makers of what sensors send."""

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from api.app import create_app
from api.database import connect, migrate
from api.server import HubServer, server_for
from api.settings import Settings
from detector.types import Activity, Label, Technology
from detector.wire import Batch, Heartbeat, SensorDetection, dump_batch

SITE = """
name = "Test prison"
country = "FR"
time_zone = "Europe/Paris"
[[wing]]
name = "A"
title = "Wing A"
[[wing]]
name = "B"
title = "Wing B"
[[wing]]
name = "C"
title = "Wing C"
""" + "".join(
    f'[[sensor]]\nname = "{name}"\nplace_m = [{x}, 0, 0]\n' + (f'wing = "{name[0]}"\n' if name[0] != "P" else "")
    for x, name in enumerate(("A1", "A2", "B1", "B2", "C1", "P1"))
)

PLAN = """
name = "Prison with cells"
country = "FR"
time_zone = "Europe/Paris"
""" + "".join(
    f"""
[[wing]]
name = "{wing}"
title = "Wing {wing}"
[[sensor]]
name = "{wing}1"
wing = "{wing}"
place_m = [{x}, 4, 2.6]
[[sensor]]
name = "{wing}2"
wing = "{wing}"
place_m = [{x}, 16, 2.6]
"""
    + "".join(
        f"""
[[cell]]
name = "{wing}-1-{2 * k + side + 1:02d}"
wing = "{wing}"
landing = "{wing}-1"
centre_m = [{x + (-3.5, 3.5)[side]}, {2.5 * k + 1.25}, 1]
"""
        for k in range(8)
        for side in (0, 1)
    )
    for wing, x in (("A", 0), ("B", 35), ("C", 70))
)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROFILE = "sha256:" + "0" * 64


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def token(sensor: str) -> str:
    return f"secret-of-{sensor}-0123456789"


def make_detection(start_s: float = 0.0, end_s: float | None = None, **fields: Any) -> SensorDetection:
    """A GSM call of two seconds on ARFCN 36 that began some seconds after START, unless told otherwise."""
    end_s = start_s + 2.0 if end_s is None else end_s
    told: dict[str, Any] = {
        "technology": Technology.GSM,
        "kinds": (Label.GSM_AB, Label.GSM_NB),
        "activity": Activity.CALL,
        "start_s": start_s,
        "end_s": end_s,
        "start_utc": START + timedelta(seconds=start_s),
        "end_utc": START + timedelta(seconds=end_s),
        "freq_lower_hz": 897_100_000.0,
        "freq_upper_hz": 897_300_000.0,
        "channel": "ARFCN 36",
        "bursts": 81,
        "snr_db": 18.0,
        "power_dbfs": -31.0,
        "score": 0.99,
        "parts": {"coherence": 0.9},
        "clipped": False,
        "emission": 1,
        "part": 1,
        "last": True,
        "profile": PROFILE,
    }
    return SensorDetection(**told | fields)


def make_heartbeat(samples: int, **fields: Any) -> Heartbeat:
    told: dict[str, Any] = {
        "samples": samples,
        "sample_rate_hz": 2.4e6,
        "centre_hz": 897e6,
        "noise_floor_dbfs": -61.5,
        "gaps": 0,
        "clipped_share": 0.0,
        "queue": 0,
        "profile": PROFILE,
    }
    return Heartbeat(**told | fields)


class Client:
    """Asks an application directly, without a socket; each request in a loop of its own."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def request(self, method: str, path: str, **request: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, **request)

        return asyncio.run(asked())

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.request("GET", path, params=params)

    def items(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """The items of a list under the API's root."""
        response = self.get(f"/api/v1/{path}", **params)
        assert response.status_code == 200, response.text
        return response.json()["items"]

    def act(self, alert: int, act: str, actor: str = "Dana", **body: Any) -> httpx.Response:
        """Do something to an alert."""
        headers = {"X-Wingwatch-Actor": quote(actor)}
        return self.request("POST", f"/api/v1/alerts/{alert}/{act}", json=body, headers=headers)

    def post(self, sensor: str, body: bytes, secret: str | None = None) -> httpx.Response:
        """Send the bytes of a batch."""
        headers = {"Authorization": f"Bearer {secret or token(sensor)}".encode()}
        return self.request("POST", f"/api/v1/sensors/{sensor}/batches", content=body, headers=headers)


class Served:
    """A hub behind a real socket, in a thread of its own."""

    def __init__(self, settings: Settings, *, clock: Clock, heartbeat_s: float = 10.0) -> None:
        self.app = create_app(settings, clock=clock, heartbeat_s=heartbeat_s)
        self._server = server_for(self.app, settings)
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.client = httpx.Client(timeout=20)

    def _run(self) -> None:
        async def serving(server: HubServer) -> None:
            started = server.startup

            async def startup(sockets: Any = None) -> None:
                await started(sockets)
                self._up.set()

            server.startup = startup  # type: ignore[method-assign]
            await server.serve()

        try:
            asyncio.run(serving(self._server))
        finally:
            self._up.set()

    @property
    def port(self) -> int:
        return self._server.servers[0].sockets[0].getsockname()[1]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()

    def post(self, batch: Batch) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token(batch.sensor)}"}
        path = f"{self.address}/api/v1/sensors/{batch.sensor}/batches"
        return self.client.post(path, content=dump_batch(batch), headers=headers)


@pytest.fixture
def serve(settings: Settings, clock: Clock) -> Callable[..., Served]:
    """Makes a hub behind a socket, on the test's database; a context manager."""

    def serving(**options: Any) -> Served:
        return Served(settings, clock=clock, **options)

    return serving


@pytest.fixture
def detection() -> Callable[..., SensorDetection]:
    return make_detection


@pytest.fixture
def heartbeat() -> Callable[..., Heartbeat]:
    return make_heartbeat


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database whose schema is up to date."""
    file = tmp_path_factory.mktemp("migrated") / "hub.sqlite"
    engine = connect(f"sqlite:///{file}")
    migrate(engine)
    engine.dispose()
    return file


@pytest.fixture
def settings(tmp_path: Path, migrated: Path) -> Settings:
    site = tmp_path / "site.toml"
    site.write_text(SITE)
    shutil.copy(migrated, tmp_path)
    return Settings(
        site=site,
        data_dir=tmp_path,
        port=0,
        sensor_tokens={name: token(name) for name in ("A1", "A2", "B1", "B2", "C1", "P1")},
    )


@pytest.fixture
def with_cells(settings: Settings) -> Settings:
    """Settings of a hub whose site has cells: three wings of one landing, two sensors a wing."""
    settings.site.write_text(PLAN)
    return settings.model_copy(
        update={"sensor_tokens": {name: SecretStr(token(name)) for name in ("A1", "A2", "B1", "B2", "C1", "C2")}}
    )


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Iterator[FastAPI]:
    made = create_app(settings, clock=clock)
    yield made
    made.state.hub.database.close()


@pytest.fixture
def client(app: FastAPI) -> Client:
    return Client(app)


@pytest.fixture
def make_client() -> type[Client]:
    return Client


@pytest.fixture
def batch(clock: Clock) -> Callable[..., Batch]:
    """Makes batches of a sensor, numbered on."""
    numbers = count()

    def made(sensor: str, *detections: SensorDetection, **fields: Any) -> Batch:
        told = {"boot": "boot-1", "sequence": next(numbers), "sent_utc": clock.now} | fields
        return Batch(sensor=sensor, detections=detections, **told)

    return made


@pytest.fixture
def send(client: Client, batch: Callable[..., Batch]) -> Callable[..., dict[str, Any]]:
    """Sends a batch of a sensor; gives what the hub made of it."""

    def sending(sensor: str, *detections: SensorDetection, **fields: Any) -> dict[str, Any]:
        response = client.post(sensor, dump_batch(batch(sensor, *detections, **fields)))
        assert response.status_code == 200, response.text
        return response.json()

    return sending
