"""What a sensor asks of a small machine: the whole command over one (fake) dongle in quiet air, every detector on.

    python -m tests.bench.small_machine [--seconds 600] [--rate 2.4e6] [--scan]

Run it from the project's root. It prints the share of a core and the memory of the sensor and its capture process together;
memory is the sum of their proportional set sizes, so that what they share counts once. Nothing is asserted of either.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from detector.wire import Heartbeat, parse_batch
from tests.sdr.fake_dongle import fake_dongle

ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
START_S = 10.0
"""Imports and the first tables are left out."""

PROBE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of a sensor while it ran: processor time over time, and the most memory that was seen."""

    seconds: float
    share: float
    memory_bytes: int
    beats: tuple[Heartbeat, ...]


@contextmanager
def hub() -> Iterator[tuple[str, list[Heartbeat]]]:
    """A hub that takes everything: its address, and the heartbeats."""
    beats: list[Heartbeat] = []

    class Hub(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            batch = parse_batch(self.rfile.read(int(self.headers["Content-Length"])))
            beats.extend(filter(None, [batch.heartbeat]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", beats
        finally:
            server.shutdown()
            thread.join()


def family(pid: int) -> list[int]:
    """A process and its children."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [pid, *(int(child) for task in tasks for child in (task / "children").read_text().split())]


def cpu_s(pids: list[int]) -> float:
    """Processor time of some processes so far [s]."""
    fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(int(one[11]) + int(one[12]) for one in fields) / TICKS


def memory_bytes(pids: list[int]) -> int:
    """Their proportional set sizes."""
    lines = (line for pid in pids for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines())
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def measure(*, seconds: float, rate_hz: float, scan: bool, start_s: float = START_S) -> Cost:
    """Run a sensor for a while."""
    with fake_dongle() as dongle, hub() as (address, beats), TemporaryDirectory() as folder:
        told = {"name": "B1", "token": "t", "hub": address, "sample_rate_hz": rate_hz, "clips": f"{folder}/clips"}
        told |= {"outbox": f"{folder}/outbox.sqlite", "centre_hz": "890e6,895e6,900e6" if scan else "897e6"}
        own = {f"WINGWATCH_SENSOR_{key.upper()}": str(value) for key, value in told.items()}
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, str(ROOT / "wingwatch.py"), "sensor"]
        with subprocess.Popen(command, env=dongle.environment | one_thread | own) as sensor:
            try:
                time.sleep(start_s)
                pids = family(sensor.pid)
                begun_s, spent_s, most = time.monotonic(), cpu_s(pids), 0
                while time.monotonic() - begun_s < seconds:
                    time.sleep(PROBE_S)
                    most = max(most, memory_bytes(pids))
                lasted_s = time.monotonic() - begun_s
                share = (cpu_s(pids) - spent_s) / lasted_s
            finally:
                sensor.terminate()
        return Cost(seconds=lasted_s, share=share, memory_bytes=most, beats=tuple(beats))


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--rate", type=float, default=2.4e6, help="samples per second")
    parser.add_argument("--scan", action="store_true", help="go through three tunings")
    options = parser.parse_args()
    cost = measure(seconds=options.seconds, rate_hz=options.rate, scan=options.scan)
    last = cost.beats[-1]
    sys.stdout.write(
        f"{cost.seconds:.0f} s at {options.rate / 1e6:g} MS/s: {cost.share:.1%} of a core, "
        f"{cost.memory_bytes / 1e6:.0f} MB; {last.samples} samples, {last.gaps} gaps, {last.dropped} dropped\n"
    )


if __name__ == "__main__":
    main()
