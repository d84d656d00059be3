"""The port of the capture process: what a receiver must do there, and what it is told.

A receiver hands over bytes as they come and knows nothing of time, queues or gaps. It runs in a process of its own, which
may be killed at any moment; so nothing here starts a thread or remembers anything.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Protocol, TypeAlias

__all__ = ["Facts", "Receiver", "ReceiverError", "Request", "Take", "Tuned", "dump", "read_request"]

Take: TypeAlias = Callable[[bytes], None]
"""Is called with each transfer, a whole number of samples; never waits."""


class ReceiverError(Exception):
    """A receiver that cannot be opened or has stopped; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a capture process is to open, and how.

    Parameters
    ----------
    kind, address
        The two sides of the colon in a source's word, such as ``rtlsdr`` and a serial number.
    gain_db
        Tuner gain; automatic gain is off unless ``automatic_gain`` is set.
    direct_sampling
        0, or the converter's branch (1 or 2) that is read without a tuner.
    settle_s
        How long samples are of no use, at least, after the receiver was told to tune.
    """

    kind: str
    address: str
    sample_rate_hz: float
    centre_hz: float
    gain_db: float = 0.0
    ppm: float = 0.0
    automatic_gain: bool = False
    direct_sampling: int = 0
    settle_s: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """A receiver has tuned to another centre; samples of use were taken from ``settled_s`` on, monotonic time."""

    centre_hz: float
    settled_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an open receiver says of itself.

    Parameters
    ----------
    format
        Name of its samples' format.
    gain_db
        The gain that it took, the nearest that it has; None under automatic gain.
    hardware
        Its name, for people.
    """

    format: str
    gain_db: float | None
    hardware: str
    transfer_bytes: int


class Receiver(Protocol):
    """An open receiver."""

    facts: Facts
    """What it says of itself."""

    @property
    def overruns(self) -> int:
        """How often its driver said that samples were lost; 0 for drivers that never say."""
        ...

    def stream(self, take: Take) -> None:
        """Hand over transfers until stopped.

        Raises
        ------
        ReceiverError
            If the receiver stops by itself.
        """
        ...

    def tune(self, centre_hz: float) -> float:
        """Tune to another centre while it streams; from any thread.

        Returns
        -------
        float
            How much longer its samples are of no use [s].

        Raises
        ------
        ReceiverError
            If the receiver does not take it.
        """
        ...

    def stop(self) -> None:
        """Make :meth:`stream` return; from any thread."""
        ...

    def close(self) -> None:
        """Give the receiver back."""
        ...


def dump(value: Request | Facts | Tuned) -> bytes:
    """A request, or what a receiver says, as JSON."""
    return json.dumps(asdict(value)).encode()


def read_request(data: bytes | str) -> Request:
    """A request from its JSON."""
    return Request(**json.loads(data))
