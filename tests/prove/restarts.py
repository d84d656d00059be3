"""The proof ``restarts``: a hub that is killed at any moment loses no alert and doubles none.

Each trial runs the hub as a process of its own, as it is installed. Sensors send phones without a pause, each batch over and over
until it is acknowledged, as their couriers do; meanwhile the hub is killed (SIGKILL) five times, each time within
two seconds of its start, and started anew. In the end its database and its event stream are counted.
"""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import create_server
from typing import Final

import httpx
import numpy as np

from detector.wire import Batch, dump_batch
from tests.prove.flood import DETECTION
from tests.prove.proof import Bound, Outcomes, Proof
from tests.prove.serving import TOKEN

__all__ = ["PROOF", "trial_of"]

ROOT: Final = Path(__file__).parents[2]
KILLS: Final = 5
LATEST_KILL_S: Final = 2.0
PHONE_EVERY_S: Final = 0.2
MOST_PHONES: Final = 400
"""Phones of one trial, each on a channel of its own."""

PATIENCE_S: Final = 120.0
SENSORS: Final = ("A1", "A2")
SITE: Final = 'name = "Killed"\ncountry = "FR"\ntime_zone = "UTC"\n[[wing]]\nname = "A"\ntitle = "A"\n' + "".join(
    f'[[sensor]]\nname = "{name}"\nwing = "A"\nplace_m = [{x}, 0, 0]\n' for x, name in enumerate(SENSORS)
)


@dataclass
class Outbox:
    """What sensors have sent and what was acknowledged; sends each batch until it is."""

    address: str
    ended: threading.Event = field(default_factory=threading.Event)
    phones: int = 0
    detections: int = 0
    refused: int = 0

    def run(self) -> None:
        """Send phones until told to stop."""
        with httpx.Client(timeout=PATIENCE_S) as client:
            while not self.ended.is_set() and self.phones < MOST_PHONES:
                for sensor in SENSORS:
                    self.deliver(client, sensor, self.phones)
                self.phones += 1
                self.ended.wait(PHONE_EVERY_S)

    def deliver(self, client: httpx.Client, sensor: str, number: int) -> None:
        """Send one phone as one sensor heard it, until the hub has it."""
        body = dump_batch(batch_of(sensor, number))
        path = f"{self.address}/api/v1/sensors/{sensor}/batches"
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            try:
                status = client.post(path, content=body, headers={"Authorization": f"Bearer {TOKEN}"}).status_code
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            self.refused += status != 200
            self.detections += 1
            return
        raise TimeoutError(f"the hub took no batch for {PATIENCE_S:g} s")


def batch_of(sensor: str, number: int) -> Batch:
    """A phone of its own channel, a moment ago, as one sensor heard it."""
    now = datetime.now(UTC)
    lower_hz = 880e6 + 0.2e6 * number
    heard = replace(
        DETECTION,
        start_utc=now - timedelta(seconds=1),
        end_utc=now - timedelta(seconds=0.5),
        freq_lower_hz=lower_hz,
        freq_upper_hz=lower_hz + 0.2e6,
        channel=f"ARFCN {number}",
        emission=number,
    )
    return Batch(sensor=sensor, boot="b", sequence=number, sent_utc=now, detections=(heard,))


def trial(seed: int) -> Outcomes:
    """One hub, killed five times."""
    return trial_of(seed, kills=KILLS)


def trial_of(seed: int, *, kills: int) -> Outcomes:
    """One hub, killed so many times."""
    rng = np.random.default_rng(seed)
    folder = Path(tempfile.mkdtemp())
    try:
        outbox = sent_through(folder, kills=kills, rng=rng)
        return counted(folder / "hub.sqlite", outbox)
    finally:
        shutil.rmtree(folder)


def sent_through(folder: Path, *, kills: int, rng: np.random.Generator) -> Outbox:
    """Send phones while the hub is killed and started anew; ends with a hub that has them all, and was killed too."""
    port = free_port()
    (folder / "site.toml").write_text(SITE)
    (folder / "hub.toml").write_text(config_of(folder, port))
    outbox = Outbox(address=f"http://127.0.0.1:{port}")
    sender = threading.Thread(target=outbox.run)
    sender.start()
    try:
        for _ in range(kills):
            kill_after(folder, outbox.address, float(rng.uniform(0, LATEST_KILL_S)))
        last = started(folder, outbox.address)
        outbox.ended.set()
        sender.join(PATIENCE_S)
        end(last)
    finally:
        outbox.ended.set()
    return outbox


def config_of(folder: Path, port: int) -> str:
    """The hub's settings: no cap on alerts, so that each phone is announced."""
    tokens = "".join(f'{name} = "{TOKEN}"\n' for name in SENSORS)
    return (
        f'site = "{folder / "site.toml"}"\ndata_dir = "{folder}"\nport = {port}\nmost_alerts = 1000\n'
        f"[sensor_tokens]\n{tokens}"
    )


def free_port() -> int:
    """A port that nobody listens on."""
    with create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def started(folder: Path, address: str) -> "subprocess.Popen[bytes]":
    """A hub's process, once it answers."""
    command = [sys.executable, "wingwatch.py", "hub", "--config", str(folder / "hub.toml")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in until(PATIENCE_S):
        try:
            httpx.get(f"{address}/api/v1/health", timeout=5).raise_for_status()
        except httpx.HTTPError:
            continue
        return process
    end(process)
    raise TimeoutError(f"the hub did not answer within {PATIENCE_S:g} s")


def until(patience_s: float) -> Iterator[None]:
    """Turns of a twentieth of a second until a patience is over."""
    deadline_s = time.monotonic() + patience_s
    while time.monotonic() < deadline_s:
        yield
        time.sleep(0.05)


def kill_after(folder: Path, address: str, seconds: float) -> None:
    """Start the hub, and kill it some time after it answers."""
    process = started(folder, address)
    time.sleep(seconds)
    end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process, whatever it does."""
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE_S)


def counted(database: Path, outbox: Outbox) -> Outcomes:
    """What the database holds against what was acknowledged."""
    with closing(sqlite3.connect(database)) as connection:

        def rows(query: str) -> list[tuple[int | str, ...]]:
            return connection.execute(query).fetchall()

        alerts = rows("SELECT id, channel, announcements FROM alerts WHERE merged_into IS NULL")
        ((detections,),) = rows("SELECT count(*) FROM detections")
        told = [json.loads(str(data)) for (data,) in rows("SELECT data FROM changes WHERE kind = 'alert' ORDER BY id")]
    channels = [channel for _, channel, _ in alerts]
    first = {message["id"] for message in told}
    return {
        "no alert lost": len(set(channels)) == outbox.phones > 0,
        "no alert doubled": len(channels) == len(set(channels)),
        "each alert announced once": all(times == 1 for _, _, times in alerts),
        "each alert told on the event stream": first == {number for number, _, _ in alerts},
        "every detection stored once": detections == outbox.detections,
        "no batch refused": outbox.refused == 0,
    }


PROOF: Final = Proof(
    name="restarts",
    claim="A hub that is killed at any moment, a hundred times, loses no alert and doubles none.",
    count=20,
    few=1,
    trial=trial,
    bounds=tuple(
        Bound(about=about, at_least=1.0)
        for about in (
            "no alert lost",
            "no alert doubled",
            "each alert announced once",
            "each alert told on the event stream",
            "every detection stored once",
            "no batch refused",
        )
    ),
    parallel=False,
)
