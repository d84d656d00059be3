"""RTL-SDR dongles through pyrtlsdr, as bytes and with asynchronous reads.

The driver's thread fills a bounded queue; when the pipeline falls behind, what does not fit is counted as missing samples
and shows as a gap, and capture goes on. The driver itself gives no sequence numbers.
"""

import contextlib
import queue
import threading
import uuid
from collections.abc import Callable, Iterator
from ctypes import ArgumentError
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Protocol, Self

from detector.types import IqBlock, Tuning
from sdr.samples import FORMATS, to_iq
from sdr.source import Clock, SampleClock, SourceError

__all__ = ["RtlSdrSource", "open_dongle"]

TRANSFER_BYTES: Final = 1 << 17
QUEUED_TRANSFERS: Final = 64
STALL_S: Final = 2.0
"""Without a transfer for this long the dongle has stalled: even at 250 kS/s one comes each 0.3 s."""

FORMAT: Final = FORMATS["cu8"]


class Device(Protocol):
    """What is used of pyrtlsdr's ``RtlSdr``."""

    sample_rate: float
    center_freq: float
    freq_correction: int
    gain: Any

    def read_bytes_async(self, callback: Callable[[Any, Any], None], num_bytes: int) -> None:
        """Call back with each transfer until cancelled."""
        ...

    def cancel_read_async(self) -> None:
        """Make :meth:`read_bytes_async` return."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


def open_dongle(serial: str | None) -> Device:
    """Open the dongle of a serial number, or the first one.

    Raises
    ------
    SourceError
        In one line with what to do.
    """
    try:
        from rtlsdr import RtlSdr
    except (ImportError, AttributeError, OSError) as error:
        raise SourceError(
            f"rtlsdr: the driver library cannot be used ({error}); reinstall pyrtlsdr and pyrtlsdrlib"
        ) from error
    name = "the first dongle" if serial is None else f"dongle {serial}"
    try:
        device: Device = RtlSdr(serial_number=serial)
    except OSError as error:
        raise SourceError(
            f"rtlsdr: {name} cannot be opened ({error}); is it plugged in, used by another program, or held by the "
            "kernel's television driver (rmmod dvb_usb_rtl28xxu)?"
        ) from error
    return device


def set_up(device: Device, *, sample_rate_hz: float, centre_hz: float, gain_db: float, ppm: int) -> None:
    """Tune a dongle; one that refuses is given back.

    Raises
    ------
    SourceError
        Naming what the dongle did not take.
    """
    wanted = {"sample_rate": sample_rate_hz, "freq_correction": ppm, "center_freq": centre_hz, "gain": gain_db}
    if not ppm:
        del wanted["freq_correction"]  # the driver refuses the value that it has already
    for name, value in wanted.items():
        try:
            setattr(device, name, value)
        except (OSError, ValueError, ArithmeticError, ArgumentError) as error:
            device.close()
            raise SourceError(f"rtlsdr: the dongle does not take {name}={value:g} ({error})") from error


class RtlSdrSource:
    """One dongle as an ``IqSource``.

    Parameters
    ----------
    device
        An open device; closed with the source.
    tuning
        Centre and sample rate to set.
    gain_db
        Tuner gain; the automatic gain is off.
    ppm
        Correction of the crystal, whole parts per million.
    clock
        Tells the time in UTC.
    """

    def __init__(self, device: Device, *, tuning: Tuning, gain_db: float, ppm: int, clock: Clock) -> None:
        if tuning.centre_hz is None:
            device.close()
            raise SourceError("rtlsdr: a dongle needs a centre frequency")
        self._device = device
        set_up(device, sample_rate_hz=tuning.sample_rate_hz, centre_hz=tuning.centre_hz, gain_db=gain_db, ppm=ppm)
        self._tuning = Tuning(sample_rate_hz=tuning.sample_rate_hz, centre_hz=tuning.centre_hz, limit=FORMAT.limit)
        self._clock = clock
        self._started: SampleClock | None = None
        self._queue: queue.Queue[tuple[int, bytes] | BaseException | None] = queue.Queue(QUEUED_TRANSFERS)
        self._received = 0
        self._boot = uuid.uuid4().hex
        self._reader: threading.Thread | None = None
        self._closing = threading.Event()
        self._life = threading.Lock()

    @property
    def tuning(self) -> Tuning:
        """Where the dongle listens."""
        return self._tuning

    @property
    def boot(self) -> str:
        """Identifies this opening."""
        return self._boot

    def utc_of(self, sample: int) -> datetime:
        """When a sample was taken, counted from the first transfer's arrival."""
        if self._started is None:
            return self._clock()
        return self._started.utc_of(sample)

    def blocks(self) -> Iterator[IqBlock]:
        """The transfers as blocks, until the source is closed.

        Raises
        ------
        SourceError
            If the dongle stops, or gives nothing for two seconds.
        """
        with self._life:
            if self._closing.is_set():
                return
            self._reader = threading.Thread(target=self._read, name="rtlsdr", daemon=True)
            self._reader.start()
        while (item := self._next()) is not None:
            if isinstance(item, BaseException):
                raise SourceError(f"rtlsdr: the dongle stopped ({item}); is it still plugged in?") from item
            start, data = item
            yield IqBlock(tuning=self._tuning, start=start, samples=to_iq(data, FORMAT))

    def close(self) -> None:
        """Stop reading, end the blocks and give the dongle back; from any thread, and a second call does nothing.

        A driver that does not stop reading is left as it is: to close its device would wait for ever.
        """
        with self._life:
            if self._closing.is_set():
                return
            self._closing.set()
            self._end(None)
            if self._reader is not None:
                # A driver whose loop has ended, as when the dongle is pulled out, takes no cancellation.
                with contextlib.suppress(OSError):
                    self._device.cancel_read_async()
                self._reader.join(timeout=STALL_S)
            if self._reader is None or not self._reader.is_alive():
                self._device.close()

    def _next(self) -> tuple[int, bytes] | BaseException | None:
        """The next transfer, the driver's error, or the end mark."""
        try:
            return self._queue.get(timeout=STALL_S)
        except queue.Empty:
            raise SourceError(f"rtlsdr: no samples for {STALL_S:g} s; unplug the dongle and plug it in again") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def _read(self) -> None:
        """Run the driver's loop; its end, however it comes, is told through the queue."""
        end: BaseException | None = None
        try:
            self._device.read_bytes_async(self._take, TRANSFER_BYTES)
        except OSError as error:
            end = error
        if end is None and not self._closing.is_set():
            end = OSError("the driver's loop ended by itself")
        self._end(None if self._closing.is_set() else end)

    def _end(self, end: BaseException | None) -> None:
        """Put the end mark into the queue, in place of the oldest transfers if there is no room."""
        while True:
            with contextlib.suppress(queue.Full):
                return self._queue.put_nowait(end)
            with contextlib.suppress(queue.Empty):
                self._queue.get_nowait()

    def _take(self, transfer: Any, _context: object) -> None:  # noqa: ANN401 - a ctypes array
        data = bytes(transfer)
        count = len(data) // FORMAT.sample_bytes
        if self._started is None:
            taken = SampleClock(start=self._clock(), sample_rate_hz=self._tuning.sample_rate_hz)
            self._started = SampleClock(start=taken.utc_of(-count), sample_rate_hz=self._tuning.sample_rate_hz)
        start, self._received = self._received, self._received + count
        try:
            self._queue.put_nowait((start, data))
        except queue.Full:
            return  # the next block's start shows the gap
