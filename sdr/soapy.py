"""Wider radios (HackRF, LimeSDR, USRP, Pluto, Airspy) through SoapySDR.

The address is what SoapySDR calls device arguments, such as ``driver=hackrf``. The driver says when samples were lost, though
not how many; that shows in the times of what comes.
"""

import ctypes
from typing import Final

from sdr.receiver import Facts, ReceiverError, Request, Take
from sdr.soapy_library import OVERFLOW, RX, TIMEOUT, load

__all__ = ["SoapyReceiver", "found_radios", "open_soapy", "reach"]

CHANNEL: Final = 0
WAIT_US: Final = 100_000
TRANSFER_S: Final = 0.01

FORMATS: Final = {"CS8": "ci8", "CU8": "cu8", "CF32": "cf32_le"}
"""Formats that are asked for, and what they are called here. Others are scaled by the driver to CF32."""

SAMPLE_BYTES: Final = {"ci8": 2, "cu8": 2, "cf32_le": 8}


def found_radios() -> list[dict[str, str]]:
    """What SoapySDR finds: for each radio its names and values, ``driver`` and ``label`` among them."""
    library, length = load(), ctypes.c_size_t()
    found = library.SoapySDRDevice_enumerateStrArgs(b"", ctypes.byref(length))
    radios = [
        {found[n].keys[k].decode(): found[n].vals[k].decode() for k in range(found[n].size)}
        for n in range(length.value)
    ]
    library.SoapySDRKwargsList_clear(found, length)
    return radios


def reach(arguments: str) -> list[tuple[float, float]]:
    """The ranges that a radio can be tuned to [Hz]; it must not be in use."""
    library = load()
    device = make(arguments)
    length = ctypes.c_size_t()
    ranges = library.SoapySDRDevice_getFrequencyRange(device, RX, CHANNEL, ctypes.byref(length))
    told = [(ranges[n].minimum, ranges[n].maximum) for n in range(length.value)]
    library.SoapySDR_free(ranges)
    library.SoapySDRDevice_unmake(device)
    return told


def open_soapy(request: Request) -> "SoapyReceiver":
    """Open the radio of some device arguments, or the first one, and set it up.

    Raises
    ------
    ReceiverError
        In one line with what to do.
    """
    return SoapyReceiver(make(request.address), request)


def make(arguments: str) -> int:
    """An open radio."""
    library = load()
    device: int | None = library.SoapySDRDevice_makeStrArgs(arguments.encode())
    if device is None:
        why = library.SoapySDRDevice_lastError().decode()
        name = arguments or "the first radio"
        raise ReceiverError(
            f"soapy: {name} cannot be opened ({why}); is it plugged in, used by another program, or is its "
            "soapysdr-module missing? SoapySDRUtil --find lists what is found"
        )
    return device


class SoapyReceiver:
    """One radio.

    Parameters
    ----------
    device
        Open; closed with the receiver.
    """

    def __init__(self, device: int, request: Request) -> None:
        self._library = load()
        self._device = device
        self._stopping = False
        self._overruns = 0
        try:
            self._set_up(request)
            native = self._text("getNativeStreamFormat", ctypes.byref(ctypes.c_double()))
            asked = native if native in FORMATS else "CF32"
            self._stream = self._make_stream(asked)
        except ReceiverError:
            self._library.SoapySDRDevice_unmake(device)
            raise
        size = SAMPLE_BYTES[FORMATS[asked]]
        most = max(1, self._library.SoapySDRDevice_getStreamMTU(device, self._stream))
        self._elements = max(1024, min(most, int(TRANSFER_S * request.sample_rate_hz)))
        gain_db = self._library.SoapySDRDevice_getGain(device, RX, CHANNEL)
        self.facts = Facts(
            format=FORMATS[asked],
            gain_db=None if request.automatic_gain else float(gain_db),
            hardware=f"{self._key()} through SoapySDR",
            transfer_bytes=size * self._elements,
        )

    @property
    def overruns(self) -> int:
        """How often the driver said that samples were lost."""
        return self._overruns

    def stream(self, take: Take) -> None:
        """Read until stopped.

        Raises
        ------
        ReceiverError
            If the driver reports anything but samples, lost samples, or that none came yet.
        """
        size = self.facts.transfer_bytes // self._elements
        buffer = (ctypes.c_char * self.facts.transfer_bytes)()
        self._done(self._library.SoapySDRDevice_activateStream(self._device, self._stream, 0, 0, 0), "start")
        while not self._stopping:
            read = self._read(buffer)
            if read > 0:
                take(buffer.raw[: size * read])
            elif read == OVERFLOW:
                self._overruns += 1
            elif read != TIMEOUT:
                self._done(read, "go on")

    def tune(self, centre_hz: float) -> float:
        """Tune the radio, by as much beside it as its crystal is off where the radio cannot correct that itself."""
        asked_hz = centre_hz / (1 + self._off)
        done = self._library.SoapySDRDevice_setFrequency(self._device, RX, CHANNEL, asked_hz, None)
        self._done(done, f"take center_freq={centre_hz:g}")
        return 0.0

    def stop(self) -> None:
        """Make :meth:`stream` return after the read in hand."""
        self._stopping = True

    def close(self) -> None:
        """Give the radio back."""
        self._library.SoapySDRDevice_deactivateStream(self._device, self._stream, 0, 0)
        self._library.SoapySDRDevice_closeStream(self._device, self._stream)
        self._library.SoapySDRDevice_unmake(self._device)

    def _make_stream(self, asked: str) -> int:
        channels = ctypes.c_size_t(CHANNEL)
        stream: int | None = self._library.SoapySDRDevice_setupStream(
            self._device, RX, asked.encode(), ctypes.byref(channels), 1, None
        )
        if stream is None:
            raise ReceiverError(f"soapy: the radio gives no {asked} ({self._error()})")
        return stream

    def _read(self, buffer: "ctypes.Array[ctypes.c_char]") -> int:
        """Samples that were read, or an error's number below zero."""
        buffers = (ctypes.c_void_p * 1)(ctypes.addressof(buffer))
        flags, time_ns = ctypes.c_int(), ctypes.c_longlong()
        read: int = self._library.SoapySDRDevice_readStream(
            self._device, self._stream, buffers, self._elements, ctypes.byref(flags), ctypes.byref(time_ns), WAIT_US
        )
        return read

    def _set_up(self, request: Request) -> None:
        """Tune the radio."""
        library, where = self._library, (self._device, RX, CHANNEL)
        rate = request.sample_rate_hz
        self._done(library.SoapySDRDevice_setSampleRate(*where, rate), f"take sample_rate={rate:g}")
        self._off = 0.0 if library.SoapySDRDevice_hasFrequencyCorrection(*where) else 1e-6 * request.ppm
        if request.ppm and not self._off:
            self._done(library.SoapySDRDevice_setFrequencyCorrection(*where, request.ppm), f"take ppm={request.ppm:g}")
        self.tune(request.centre_hz)
        if library.SoapySDRDevice_hasGainMode(*where):
            self._done(library.SoapySDRDevice_setGainMode(*where, request.automatic_gain), "switch its automatic gain")
        if not request.automatic_gain:
            self._done(library.SoapySDRDevice_setGain(*where, request.gain_db), f"take gain={request.gain_db:g}")

    def _done(self, status: int, what: str) -> None:
        if status < 0:
            told = self._library.SoapySDR_errToStr(status).decode()
            raise ReceiverError(f"soapy: the radio does not {what} ({told}: {self._error()})")

    def _error(self) -> str:
        told: bytes = self._library.SoapySDRDevice_lastError()
        return told.decode()

    def _key(self) -> str:
        return owned_text(self._library.SoapySDRDevice_getHardwareKey(self._device))

    def _text(self, name: str, *arguments: object) -> str:
        return owned_text(getattr(self._library, f"SoapySDRDevice_{name}")(self._device, RX, CHANNEL, *arguments))


def owned_text(pointer: int) -> str:
    """A C string that is ours to free."""
    text = ctypes.string_at(pointer).decode()
    load().SoapySDR_free(pointer)
    return text
