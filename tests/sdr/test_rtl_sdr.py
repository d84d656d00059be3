import re
import threading
from ctypes import ArgumentError
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detector.types import Tuning
from sdr import rtl_sdr
from sdr.rtl_sdr import QUEUED_TRANSFERS, TRANSFER_BYTES, RtlSdrSource
from sdr.source import SourceError

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
RATE = 2.4e6
COUNT = TRANSFER_BYTES // 2


class Dongle:
    """A device whose transfers are handed over by the test, in the driver's thread."""

    def __init__(self, transfers, end=None):
        self.transfers = transfers
        self.end = end
        self.cancelled = threading.Event()
        self.delivered = threading.Event()
        self.closed = 0

    def read_bytes_async(self, callback, num_bytes):
        assert num_bytes == TRANSFER_BYTES
        for transfer in self.transfers:
            callback(transfer, None)
        self.delivered.set()
        if self.end is not None:
            raise self.end
        self.cancelled.wait(timeout=30)

    def cancel_read_async(self):
        self.cancelled.set()

    def close(self):
        self.closed += 1


def opened(device, **options):
    defaults = {
        "tuning": Tuning(sample_rate_hz=RATE, centre_hz=897e6),
        "gain_db": 30.0,
        "ppm": 0,
        "clock": lambda: EPOCH,
    }
    return RtlSdrSource(device, **defaults | options)


def transfer(value):
    return bytes([value]) * TRANSFER_BYTES


def test_a_dongle_is_set_up_and_given_back_once():
    device = Dongle([])
    with opened(device, ppm=7) as source:
        assert (device.sample_rate, device.center_freq, device.gain, device.freq_correction) == (RATE, 897e6, 30.0, 7)
        assert source.tuning.limit == 1.0
    source.close()
    assert device.closed == 1


def test_transfers_become_blocks_that_count_on():
    device = Dongle([transfer(0), transfer(255)])
    with opened(device) as source:
        stream = source.blocks()
        first, second = next(stream), next(stream)
    assert [(b.start, b.samples.size) for b in (first, second)] == [(0, COUNT), (COUNT, COUNT)]
    np.testing.assert_array_equal(first.samples, np.full(COUNT, -1 - 1j, np.complex64))
    np.testing.assert_array_equal(second.samples, np.full(COUNT, 1 + 1j, np.complex64))


def test_time_counts_back_from_the_arrival_of_the_first_transfer():
    device = Dongle([transfer(1)])
    with opened(device) as source:
        next(source.blocks())
        assert source.utc_of(0) == EPOCH - timedelta(seconds=COUNT / RATE)
        assert source.utc_of(COUNT) == EPOCH


def test_what_the_pipeline_cannot_take_shows_as_a_gap_and_never_stalls_the_driver():
    device = Dongle([transfer(n % 256) for n in range(QUEUED_TRANSFERS + 10)])
    source = opened(device)
    stream = source.blocks()
    first = next(stream)
    assert device.delivered.wait(timeout=10)
    held = [first, *(next(stream) for _ in range(QUEUED_TRANSFERS - 1))]
    source._take(transfer(9), None)
    late = [next(stream) for _ in range(source._queue.qsize())][-1]
    source.close()
    assert held[-1].start < late.start
    assert late.start == (QUEUED_TRANSFERS + 10) * COUNT
    assert late.start > held[-1].start + COUNT


def test_a_dongle_that_stops_says_so_in_one_line():
    with opened(Dongle([transfer(1)], end=OSError("error -4"))) as source, pytest.raises(SourceError) as caught:
        list(source.blocks())
    assert str(caught.value) == "rtlsdr: the dongle stopped (error -4); is it still plugged in?"


def test_closing_ends_the_blocks():
    source = opened(Dongle([transfer(1)]))
    stream = source.blocks()
    next(stream)
    source.close()
    assert list(stream) == []


def test_a_dongle_without_a_centre_is_refused():
    with pytest.raises(SourceError, match="needs a centre frequency"):
        opened(Dongle([]), tuning=Tuning(sample_rate_hz=RATE))


class Choosy(Dongle):
    """A device that does not take one of its settings."""

    def __init__(self, name, error):
        super().__init__([])
        self.name = name
        self.error = error

    def __setattr__(self, name, value):
        if name == self.__dict__.get("name"):
            raise self.error
        super().__setattr__(name, value)


@pytest.mark.parametrize(
    ("name", "error", "value"),
    [
        ("sample_rate", OSError("invalid"), "2.4e+06"),
        ("freq_correction", OSError("invalid"), "7"),
        ("center_freq", ArgumentError("int too long"), "8.97e+08"),
        ("gain", OverflowError("too large"), "30"),
    ],
)
def test_a_setting_that_the_dongle_does_not_take_is_named_and_the_dongle_given_back(name, error, value):
    device = Choosy(name, error)
    with pytest.raises(SourceError, match=re.escape(f"the dongle does not take {name}={value} ({error})")):
        opened(device, ppm=7)
    assert device.closed == 1


def test_a_dongle_that_gives_nothing_has_stalled(monkeypatch):
    monkeypatch.setattr(rtl_sdr, "STALL_S", 0.01)
    with opened(Dongle([])) as source, pytest.raises(SourceError, match=r"rtlsdr: no samples for 0\.01 s"):
        list(source.blocks())


def test_a_stalled_dongle_can_be_closed_from_another_thread(monkeypatch):
    monkeypatch.setattr(rtl_sdr, "STALL_S", 30.0)
    device = Dongle([])
    source = opened(device)
    ended = []
    reading = threading.Thread(target=lambda: ended.append(list(source.blocks())))
    reading.start()
    assert device.delivered.wait(timeout=10)
    source.close()
    reading.join(timeout=10)
    assert ended == [[]]
    assert device.closed == 1


def test_a_driver_that_never_returns_does_not_hold_up_the_end(monkeypatch):
    monkeypatch.setattr(rtl_sdr, "STALL_S", 0.01)
    device = Dongle([transfer(1)])
    release, device.cancelled = device.cancelled, threading.Event()
    device.read_bytes_async = lambda callback, num_bytes: (callback(transfer(1), None), release.wait(timeout=30))
    source = opened(device)
    next(source.blocks())
    source.close()
    assert device.closed == 0  # closing would wait for the driver
    release.set()


def test_a_dongle_that_was_pulled_out_is_closed_without_a_second_error():
    device = Dongle([], end=OSError("gone"))

    def cancel():
        raise OSError("not running")

    device.cancel_read_async = cancel
    with pytest.raises(SourceError, match="the dongle stopped"), opened(device) as source:
        list(source.blocks())
    assert device.closed == 1


def test_a_source_that_was_closed_before_its_first_block_gives_none():
    source = opened(Dongle([transfer(1)]))
    source.close()
    assert list(source.blocks()) == []
