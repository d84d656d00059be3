"""A hub on a fresh, migrated database, with a clock that the test moves, and makers of what sensors send."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
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

    def post(self, sensor: str, body: bytes, secret: str | None = None) -> httpx.Response:
        """Send the bytes of a batch."""
        headers = {"Authorization": f"Bearer {secret or token(sensor)}"}
        return self.request("POST", f"/api/v1/sensors/{sensor}/batches", content=body, headers=headers)


@pytest.fixture
def detection() -> Callable[..., SensorDetection]:
    return make_detection


@pytest.fixture
def heartbeat() -> Callable[..., Heartbeat]:
    return make_heartbeat


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    site = tmp_path / "site.toml"
    site.write_text(SITE)
    return Settings(
        site=site,
        data_dir=tmp_path,
        port=0,
        sensor_tokens={name: token(name) for name in ("A1", "A2", "B1", "B2", "C1", "P1")},
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
