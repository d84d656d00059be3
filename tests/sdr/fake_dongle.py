"""A dongle without a dongle: the fake driver built and put in the place of the real one, below the real pyrtlsdr.

The air is seeded noise of which every byte is known, so that each block can be held against where it says it was taken.
"""

import atexit
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from detector.types import IqBlock
from sdr.capture_process import CaptureProcess
from sdr.gaps import GapLimits
from sdr.receiver import Request
from sdr.supervise import SupervisedSource
from sdr.timekeeping import SYSTEM_CLOCKS

HERE = Path(__file__).parent
SERIAL = "00000077"
AIR_BYTES = 1 << 23
NOISE_STEPS = 3.0
LIMITS = GapLimits(gap_s=0.002, confirm_s=0.8)
REMOTE_LIMITS = GapLimits(gap_s=0.02, confirm_s=2.0)


@cache
def workshop() -> Path:
    """A folder with the driver under its names, an empty pyrtlsdrlib, and the air; removed at the end."""
    folder = TemporaryDirectory(prefix="fake-rtlsdr-")
    atexit.register(folder.cleanup)
    path = Path(folder.name)
    (path / "python").mkdir()
    (path / "python/pyrtlsdrlib.py").write_text('raise ImportError("the packaged driver is left out")\n')
    driver = path / "librtlsdr.so"
    command = ["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-pthread", "-o", str(driver)]
    subprocess.run([*command, str(HERE / "fake_rtlsdr/fake_rtlsdr.c")], check=True)
    for name in ("librtlsdr.so.0", "librtlsdr.so.2"):
        (path / name).symlink_to(driver)
    (path / "noise.cu8").write_bytes(noise(AIR_BYTES))
    return path


def noise(count: int) -> bytes:
    """Bytes of a receiver's noise."""
    rng = np.random.default_rng(list(b"fake dongle"))
    return np.clip(np.rint(rng.normal(127.5, NOISE_STEPS, count)), 0, 255).astype(np.uint8).tobytes()


@dataclass(frozen=True)
class FakeDongle:
    """One dongle, plugged in; ``state`` is what its processes share."""

    state: Path
    environment: dict[str, str]

    def launch(self, request: Request, *, interrupt: int) -> CaptureProcess:
        """Start a capture process that finds the fake driver."""
        return CaptureProcess(request, interrupt=interrupt, environment=self.environment)

    def unplug(self) -> None:
        """Take it out."""
        (self.state / "away").touch()

    def plug_in(self) -> None:
        """Put it back."""
        (self.state / "away").unlink()

    @property
    def is_away(self) -> bool:
        """Whether it is unplugged."""
        return (self.state / "away").exists()

    @property
    def struck_s(self) -> float | None:
        """When its fault struck, by the monotonic clock."""
        struck = self.state / "struck"
        return float(struck.read_text()) if struck.exists() else None

    def source(
        self, *, kind="rtlsdr", address="", sample_rate_hz=2.4e6, centre_hz=897e6, rate_error_share=0.1
    ) -> SupervisedSource:
        """It, or what leads to it, as a source."""
        request = Request(kind=kind, address=address, sample_rate_hz=sample_rate_hz, centre_hz=centre_hz, gain_db=30.0)
        return SupervisedSource(
            request,
            limits=REMOTE_LIMITS if kind == "rtltcp" else LIMITS,
            rate_error_share=rate_error_share,
            clocks=SYSTEM_CLOCKS,
            launch=self.launch,
            find_device=lambda _serial: None,
        )


@contextmanager
def fake_dongle(*, fault: str = "", air: Path | None = None, **options: str) -> Iterator[FakeDongle]:
    """A dongle with a fault, such as ``late@20``; options are further variables of the driver."""
    shop = workshop()
    with TemporaryDirectory(prefix="fake-dongle-") as folder:
        told = {"FILE": str(air or shop / "noise.cu8"), "STATE": folder, "FAULT": fault} | options
        bare = {name: value for name, value in os.environ.items() if not name.startswith("FAKE_RTLSDR_")}
        environment = (
            bare
            | {f"FAKE_RTLSDR_{name}": value for name, value in told.items() if value}
            | {"LD_LIBRARY_PATH": str(shop), "PYTHONPATH": str(shop / "python")}
        )
        yield FakeDongle(state=Path(folder), environment=environment)


def place_in_air(block: IqBlock) -> int:
    """Where in the noise a block truly begins [samples]."""
    steps = np.rint(block.samples[:64].view(np.float32) * 127.5 + 127.5).astype(np.uint8).tobytes()
    air = (workshop() / "noise.cu8").read_bytes()
    at = (air + air[:256]).find(steps)
    assert at >= 0
    assert at % 2 == 0
    return at // 2


def misplaced(place: int, first: int, block: IqBlock) -> int:
    """By how many samples a block lies elsewhere than its count says, in air that repeats."""
    turn = AIR_BYTES // 2
    return (place - first - block.start + turn // 2) % turn - turn // 2


@dataclass(frozen=True)
class Leftovers:
    """Processes, threads and descriptors of this process."""

    processes: int
    threads: int
    descriptors: int


def leftovers() -> Leftovers:
    """What this process holds now."""
    tasks = Path("/proc/self/task")
    children = sum(len((task / "children").read_text().split()) for task in tasks.iterdir())
    return Leftovers(children, len(list(tasks.iterdir())), len(list(Path("/proc/self/fd").iterdir())))


@contextmanager
def rtl_tcp(dongle: FakeDongle) -> Iterator[str]:
    """The real rtl_tcp over the fake driver; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # It says when it listens, but only to a terminal at once.
    terminal, other = os.openpty()
    command = ["rtl_tcp", "-a", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, env=dongle.environment, stdout=other, stderr=subprocess.DEVNULL) as server:
        os.close(other)
        said = b""
        while b"listening" not in said:
            said += os.read(terminal, 1024)
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.kill()
            os.close(terminal)
