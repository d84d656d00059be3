"""Which receiver takes which part of the spectrum: windows that together cover all that any of them can reach.

Spectrum that only one receiver reaches is dealt out first, and then each piece to the one with the fewest windows, so
that several receivers come round about equally soon. What none reaches is named, never dropped. Nothing here knows time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

__all__ = ["Cover", "Reach", "Span", "Window", "cover", "merged", "overlap_hz"]

Span = tuple[float, float]
"""Lower and upper edge [Hz]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a receiver can hear: where it tunes to, and how much at a time.

    The whole of its sample rate counts: its filter rolls off towards the edges, but for the noise as for the signal.
    """

    name: str
    low_hz: float
    high_hz: float
    sample_rate_hz: float

    def __post_init__(self) -> None:
        if not 0 < self.sample_rate_hz <= self.high_hz - self.low_hz:
            raise ValueError(f"{self.name}: sample_rate_hz={self.sample_rate_hz} is outside (0, high_hz - low_hz]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One tuning of one receiver, by its number in the list of receivers."""

    receiver: int
    low_hz: float
    high_hz: float

    @property
    def centre_hz(self) -> float:
        """Where the receiver is tuned."""
        return (self.low_hz + self.high_hz) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """The windows by ascending frequency, and the spectrum that no receiver reaches."""

    windows: tuple[Window, ...]
    unreached: tuple[Span, ...]

    def of_receiver(self, receiver: int) -> tuple[Window, ...]:
        """The windows of one receiver, by ascending frequency."""
        return tuple(window for window in self.windows if window.receiver == receiver)


def cover(spans: Sequence[Span], receivers: Sequence[Reach]) -> Cover:
    """Share spectrum out among receivers.

    Parameters
    ----------
    spans
        What is to be heard; they may overlap.
    """
    pieces = sorted(pieces_of(merged(spans), receivers), key=lambda piece: (len(piece[1]), piece[0]))
    loads = [0] * len(receivers)
    windows: list[Window] = []
    unreached = [span for span, able in pieces if not able]
    for span, able in pieces:
        for window in windows_of(span, able, receivers, loads):
            loads[window.receiver] += 1
            windows.append(window)
    windows.sort(key=lambda window: window.low_hz)
    return Cover(windows=tuple(windows), unreached=tuple(merged(unreached)))


def merged(spans: Sequence[Span]) -> list[Span]:
    """Spans in ascending order, those that touch as one."""
    out: list[Span] = []
    for low, high in sorted(spans):
        if out and low <= out[-1][1]:
            out[-1] = out[-1][0], max(high, out[-1][1])
        else:
            out.append((low, high))
    return out


def pieces_of(spans: Sequence[Span], receivers: Sequence[Reach]) -> Iterator[tuple[Span, tuple[int, ...]]]:
    """Spans cut where a receiver's reach ends, each piece with the receivers that hear all of it."""
    limits = {edge for one in receivers for edge in (one.low_hz, one.high_hz)}
    for low, high in spans:
        for piece in pairwise(sorted({low, high} | {limit for limit in limits if low < limit < high})):
            able = [n for n, one in enumerate(receivers) if one.low_hz <= piece[0] and piece[1] <= one.high_hz]
            yield piece, tuple(able)


def windows_of(span: Span, able: Sequence[int], receivers: Sequence[Reach], loads: Sequence[int]) -> Iterator[Window]:
    """Windows side by side from the lower edge on, each of the receiver with the fewest so far.

    The loads are read anew for each window: whoever takes one keeps count.
    """
    low, high = span
    while able and low < high:
        receiver = min(able, key=lambda n: (loads[n], -receivers[n].sample_rate_hz))
        reach = receivers[receiver]
        left = ceil((high - low) / reach.sample_rate_hz - 1e-9)
        # The last window ends where the span does, as far as the receiver reaches on the other side.
        first = low if left > 1 else max(reach.low_hz, high - reach.sample_rate_hz)
        yield Window(receiver=receiver, low_hz=first, high_hz=first + reach.sample_rate_hz)
        low = first + reach.sample_rate_hz


def overlap_hz(window: Window, low_hz: float, high_hz: float) -> float:
    """How much of a band lies in a window."""
    return max(0.0, min(window.high_hz, high_hz) - max(window.low_hz, low_hz))
