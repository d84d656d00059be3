"""A capture process as its parent holds it: started, read from, ended, and gone in bounded time whatever its driver does."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Protocol

from sdr.frames import Frame, FrameReader
from sdr.receiver import Request, dump

__all__ = ["Capture", "CaptureProcess", "Launch", "launch"]

PIPE_BYTES: Final = 1 << 20
KILL_S: Final = 0.5

CODE: Final = str(Path(__file__).parents[1])
"""Where the packages are; the process must find the same ones."""


class Capture(Protocol):
    """What a supervisor needs of a capture process."""

    def read(self, timeout_s: float) -> Frame | None:
        """The next frame, as of :class:`sdr.frames.FrameReader`."""
        ...

    def tune(self, centre_hz: float) -> None:
        """Have the receiver tune to another centre; a process that is gone is not told."""
        ...

    def end(self, bound_s: float) -> bool:
        """End the process; whether it ended by itself in the time given. It is gone in any case, as far as it can be."""
        ...


class Launch(Protocol):
    """Starts a capture process."""

    def __call__(self, request: Request, *, interrupt: int) -> Capture:
        """Start one for a request; ``interrupt`` is a descriptor that ends every wait for its frames."""
        ...


def launch(request: Request, *, interrupt: int) -> "CaptureProcess":
    """Start a capture process of our own."""
    return CaptureProcess(request, interrupt=interrupt)


class CaptureProcess:
    """One capture process, for one opening of a receiver.

    Parameters
    ----------
    request
        What it is to open.
    interrupt
        A descriptor that ends every wait for its frames once it can be read.
    environment
        What the process finds in its environment; ours if left out.
    """

    def __init__(self, request: Request, *, interrupt: int, environment: Mapping[str, str] | None = None) -> None:
        around = dict(os.environ if environment is None else environment)
        found = os.pathsep.join(filter(None, [around.get("PYTHONPATH"), CODE]))
        # It computes nothing: threads of a linear algebra library would only take memory.
        around |= {"PYTHONPATH": found, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", "sdr.capture", dump(request).decode()],
            env=around,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        descriptor = self._output().fileno()
        with suppress(OSError):  # the system's bound for pipes may be lower
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._reader = FrameReader(descriptor, interrupt=interrupt, clock=time.monotonic)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def read(self, timeout_s: float) -> Frame | None:
        """The next frame; None if it did not come in time.

        Raises
        ------
        StreamEndedError
            If the process is gone.
        """
        return self._reader.read(timeout_s)

    def tune(self, centre_hz: float) -> None:
        """Write it into the process's orders."""
        if self._process.stdin is not None:
            with suppress(OSError, ValueError):  # the end of the process shows where it is read from
                self._process.stdin.write(f"{centre_hz!r}\n".encode())

    def end(self, bound_s: float) -> bool:
        """End the process, by itself if it does so in time."""
        process = self._process
        if process.stdin is not None:
            process.stdin.close()
        self._output().close()
        gently = bound_s > 0 and self._wait(bound_s)
        if not gently:
            process.kill()
            self._wait(KILL_S)  # one that hangs in the kernel is left to the kernel
        return gently

    def _wait(self, bound_s: float) -> bool:
        try:
            self._process.wait(bound_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _output(self) -> IO[bytes]:
        output = self._process.stdout
        if output is None:
            raise RuntimeError("the process was started without a pipe")
        return output
