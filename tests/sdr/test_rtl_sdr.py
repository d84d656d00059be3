"""A dongle as the capture process holds it, below it a stand-in for pyrtlsdr; the real one is in test_capture.py."""

import re
import threading
from ctypes import ArgumentError
from dataclasses import replace

import pytest

from sdr.receiver import ReceiverError, Request
from sdr.rtl_sdr import TRANSFER_BYTES, RtlSdrReceiver, remedy

REQUEST = Request(kind="rtlsdr", address="7", sample_rate_hz=2.4e6, centre_hz=897e6, gain_db=30.0)


class Dongle:
    """A device whose transfers are handed over by the test; like the real one, it takes the nearest gain that it has."""

    def __init__(self, transfers=(), end=None):
        self.transfers = transfers
        self.end = end
        self.cancelled = threading.Event()
        self.closed = 0
        self.own_gain_control = None
        self.branch = 0
        self._gain = None

    @property
    def gain(self):
        return self._gain

    @gain.setter
    def gain(self, value):
        self._gain = value if value == "auto" else min((0.0, 9.0, 29.7, 49.6), key=lambda gain: abs(gain - value))

    def set_agc_mode(self, enabled):
        self.own_gain_control = enabled

    def set_direct_sampling(self, direct):
        self.branch = direct

    def read_bytes_async(self, callback, num_bytes):
        assert num_bytes == TRANSFER_BYTES
        for transfer in self.transfers:
            callback(transfer, None)
        if self.end is not None:
            raise self.end
        assert self.cancelled.wait(timeout=30)

    def cancel_read_async(self):
        self.cancelled.set()

    def close(self):
        self.closed += 1


def test_a_dongle_is_set_up_without_any_gain_control_and_says_which_gain_it_took():
    device = Dongle()
    facts = RtlSdrReceiver(device, replace(REQUEST, ppm=7)).facts
    assert (device.sample_rate, device.center_freq, device.freq_correction) == (2.4e6, 897e6, 7)
    assert (device.gain, device.own_gain_control, device.branch) == (29.7, False, 0)
    assert (facts.format, facts.gain_db, facts.hardware) == ("cu8", 29.7, "RTL-SDR 7")


def test_automatic_gain_and_direct_sampling_come_only_when_asked_for():
    device = Dongle()
    facts = RtlSdrReceiver(device, replace(REQUEST, automatic_gain=True, direct_sampling=2)).facts
    assert (device.gain, device.own_gain_control, device.branch, facts.gain_db) == ("auto", True, 2, None)


def test_transfers_are_handed_over_as_bytes_until_stopped():
    device, taken = Dongle([bytearray(b"ab"), bytearray(b"cd")]), []
    receiver = RtlSdrReceiver(device, REQUEST)
    receiver.stop()
    receiver.stream(taken.append)
    assert taken == [b"ab", b"cd"]
    receiver.close()
    assert device.closed == 1


@pytest.mark.parametrize("end", [OSError("error -4"), None])
def test_a_dongle_that_stops_by_itself_says_so_in_one_line(end):
    device = Dongle(end=end)
    device.cancelled.set()
    with pytest.raises(ReceiverError, match=r"rtlsdr: the dongle stopped \(.*\); is it still plugged in\?"):
        RtlSdrReceiver(device, REQUEST).stream(lambda _data: None)


def test_a_loop_that_takes_no_cancellation_is_left_alone():
    device = Dongle()

    def cancel():
        raise OSError("not running")

    device.cancel_read_async = cancel
    RtlSdrReceiver(device, REQUEST).stop()


class Choosy(Dongle):
    """A device that does not take one of its settings."""

    def __init__(self, name, error):
        super().__init__()
        self.refused = name
        self.error = error

    def __setattr__(self, name, value):
        if name == self.__dict__.get("refused"):
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
    with pytest.raises(ReceiverError, match=re.escape(f"the dongle does not take {name}={value} ({error})")):
        RtlSdrReceiver(device, replace(REQUEST, ppm=7))
    assert device.closed == 1


class Library:
    """pyrtlsdr's listing of what is attached."""

    def __init__(self, serials):
        self.RtlSdr = self
        self.serials = serials

    def get_device_serial_addresses(self):
        if isinstance(self.serials, OSError):
            raise self.serials
        return self.serials


@pytest.mark.parametrize(
    ("attached", "what_to_do"),
    [
        ([], "no dongle is attached: plug it in"),
        (["1", "2"], "attached are 1, 2; end the program that uses it"),
        (OSError(-3), "unplug it and plug it in again"),
    ],
)
def test_what_to_do_depends_on_what_is_attached(attached, what_to_do):
    assert what_to_do in remedy(Library(attached))
