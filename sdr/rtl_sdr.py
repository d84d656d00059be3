"""RTL-SDR dongles through pyrtlsdr, as bytes and with asynchronous reads.

The driver gives neither sequence numbers nor times, may hang in any call, and prints where it likes: it belongs into a
capture process, and nothing of it is imported before a dongle is opened.
"""

from collections.abc import Callable
from ctypes import ArgumentError
from typing import Any, Final, Protocol

from sdr.receiver import Facts, ReceiverError, Request, Take

__all__ = ["TRANSFER_BYTES", "RtlSdrReceiver", "open_rtl_sdr", "serials"]

TRANSFER_BYTES: Final = 1 << 17


class Device(Protocol):
    """What is used of pyrtlsdr's ``RtlSdr``."""

    sample_rate: float
    center_freq: float
    freq_correction: int
    gain: Any

    def set_agc_mode(self, enabled: bool) -> int:
        """Switch the converter's own gain control."""
        ...

    def set_direct_sampling(self, direct: int) -> None:
        """Choose the converter's branch."""
        ...

    def read_bytes_async(self, callback: Callable[[Any, Any], None], num_bytes: int) -> None:
        """Call back with each transfer until cancelled."""
        ...

    def cancel_read_async(self) -> None:
        """Make :meth:`read_bytes_async` return."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


def driver() -> Any:  # noqa: ANN401 - pyrtlsdr has no types
    """The driver.

    Raises
    ------
    ReceiverError
        If it, or the library below it, cannot be used.
    """
    try:
        import rtlsdr
    except (ImportError, AttributeError, OSError) as error:
        raise ReceiverError(
            f"rtlsdr: the driver library cannot be used ({error}); reinstall pyrtlsdr and pyrtlsdrlib"
        ) from error
    return rtlsdr


def serials() -> list[str]:
    """Serial numbers of the dongles that are attached."""
    try:
        found: list[str] = driver().RtlSdr.get_device_serial_addresses()
    except OSError as error:
        raise ReceiverError(f"rtlsdr: the dongles do not tell their serial numbers ({error})") from error
    return found


def open_rtl_sdr(request: Request) -> "RtlSdrReceiver":
    """Open the dongle of a serial number, or the first one, and set it up.

    Raises
    ------
    ReceiverError
        In one line with what to do.
    """
    name = f"dongle {request.address}" if request.address else "the first dongle"
    library = driver()
    try:
        device: Device = library.RtlSdr(serial_number=request.address or None)
    except OSError as error:
        raise ReceiverError(f"rtlsdr: {name} cannot be opened ({error}); {remedy(library)}") from error
    return RtlSdrReceiver(device, request)


def remedy(library: Any) -> str:  # noqa: ANN401
    """What to do about a dongle that cannot be opened."""
    try:
        attached = library.RtlSdr.get_device_serial_addresses()
    except OSError:
        return "it is there but tells nothing: unplug it and plug it in again"
    if not attached:
        return "no dongle is attached: plug it in, or look at the cable and the hub"
    return (
        f"attached are {', '.join(attached)}; end the program that uses it, or the kernel's television driver "
        "(rmmod dvb_usb_rtl28xxu)"
    )


def set_up(device: Device, request: Request) -> None:
    """Tune a dongle; one that refuses is given back.

    Raises
    ------
    ReceiverError
        Naming what the dongle did not take.
    """
    wanted: dict[str, float | str] = {
        "sample_rate": request.sample_rate_hz,
        "freq_correction": round(request.ppm),
        "center_freq": request.centre_hz,
        "gain": "auto" if request.automatic_gain else request.gain_db,
    }
    if not round(request.ppm):
        del wanted["freq_correction"]  # the driver refuses the value that it has already
    for name, value in wanted.items():
        try:
            setattr(device, name, value)
        except (OSError, ValueError, ArithmeticError, ArgumentError) as error:
            device.close()
            told = value if isinstance(value, str) else f"{value:g}"
            raise ReceiverError(f"rtlsdr: the dongle does not take {name}={told} ({error})") from error
    device.set_agc_mode(request.automatic_gain)
    if request.direct_sampling:
        device.set_direct_sampling(request.direct_sampling)


class RtlSdrReceiver:
    """One dongle.

    Parameters
    ----------
    device
        An open device; closed with the receiver.
    request
        What to set.
    """

    overruns: Final = 0
    """The driver never says that samples were lost."""

    def __init__(self, device: Device, request: Request) -> None:
        set_up(device, request)
        self._device = device
        self._stopping = False
        self.facts = Facts(
            format="cu8",
            gain_db=None if request.automatic_gain else float(device.gain),
            hardware=f"RTL-SDR {request.address}".strip(),
            transfer_bytes=TRANSFER_BYTES,
        )

    def stream(self, take: Take) -> None:
        """Run the driver's loop until stopped.

        Raises
        ------
        ReceiverError
            If the loop ends by itself.
        """

        def hand_over(transfer: Any, _context: object) -> None:  # noqa: ANN401 - a ctypes array
            take(bytes(transfer))

        try:
            self._device.read_bytes_async(hand_over, TRANSFER_BYTES)
        except OSError as error:
            raise ReceiverError(f"rtlsdr: the dongle stopped ({error}); is it still plugged in?") from error
        if not self._stopping:
            raise ReceiverError("rtlsdr: the dongle stopped (the driver's loop ended); is it still plugged in?")

    def tune(self, centre_hz: float) -> float:
        """Tune the dongle, whose driver waits until its oscillator holds."""
        try:
            self._device.center_freq = centre_hz
        except (OSError, ValueError, ArithmeticError, ArgumentError) as error:
            raise ReceiverError(f"rtlsdr: the dongle does not take center_freq={centre_hz:g} ({error})") from error
        return 0.0

    def stop(self) -> None:
        """Cancel the driver's loop."""
        self._stopping = True
        try:
            self._device.cancel_read_async()
        except OSError:
            return  # a loop that has ended, as when the dongle is pulled out, takes no cancellation

    def close(self) -> None:
        """Give the dongle back."""
        self._device.close()
