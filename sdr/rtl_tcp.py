"""Dongles behind rtl_tcp: a client of its real protocol, which is a twelve-byte greeting, commands of five bytes, and bytes.

The server tells neither what it dropped nor whether it obeyed; what it sends before the settings took is left out. One
client at a time is served: a second one is left waiting without a greeting.
"""

import socket
import struct
from typing import Final

from sdr.receiver import Facts, ReceiverError, Request, Take

__all__ = ["R820T_GAINS_DB", "RtlTcpReceiver", "open_rtl_tcp"]

GREETING: Final = struct.Struct(">4sII")
COMMAND: Final = struct.Struct(">BI")
DEFAULT_PORT: Final = 1234
PATIENCE_S: Final = 3.0
"""How long the server may take to answer, and to send anything at all."""

SETTLING_S: Final = 0.3
"""Samples that were on their way while the settings changed."""

TRANSFER_BYTES: Final = 1 << 16

SET_FREQUENCY: Final = 0x01
SET_SAMPLE_RATE: Final = 0x02
SET_MANUAL_GAIN: Final = 0x03
SET_GAIN: Final = 0x04
SET_CORRECTION: Final = 0x05
SET_CONVERTER_GAIN_CONTROL: Final = 0x08
SET_DIRECT_SAMPLING: Final = 0x09

R820T: Final = 5
R828D: Final = 6
TUNERS: Final = {1: "E4000", 2: "FC0012", 3: "FC0013", 4: "FC2580", R820T: "R820T", R828D: "R828D"}
R820T_GAINS_DB: Final = (
    0.0, 0.9, 1.4, 2.7, 3.7, 7.7, 8.7, 12.5, 14.4, 15.7, 16.6, 19.7, 20.7, 22.9, 25.4,
    28.0, 29.7, 32.8, 33.8, 36.4, 37.2, 38.6, 40.2, 42.1, 43.4, 43.9, 44.5, 48.0, 49.6,
)  # fmt: skip


def open_rtl_tcp(request: Request) -> "RtlTcpReceiver":
    """Connect to the server at ``HOST:PORT`` and set its dongle up.

    Raises
    ------
    ReceiverError
        In one line with what to do.
    """
    host, _, port = request.address.rpartition(":") if ":" in request.address else (request.address, ":", DEFAULT_PORT)
    where = f"rtltcp: {host}:{port}"
    if not (host and str(port).isdecimal()):
        raise ReceiverError(f"{where} is no address; expected HOST:PORT, such as 10.0.0.7:{DEFAULT_PORT}")
    try:
        connection = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
    except OverflowError:
        raise ReceiverError(f"{where}: a port is a number from 1 to 65535") from None
    except OSError as error:
        raise ReceiverError(
            f"{where} cannot be reached ({error}); is rtl_tcp running there (rtl_tcp -a {host})?"
        ) from error
    try:
        return RtlTcpReceiver(connection, request, where=where)
    except BaseException:
        connection.close()
        raise


class RtlTcpReceiver:
    """A dongle behind a connection to rtl_tcp.

    Parameters
    ----------
    connection
        Fresh; closed with the receiver.
    where
        The server's name in messages.

    Raises
    ------
    ReceiverError
        If the other side does not greet as rtl_tcp does.
    """

    overruns: Final = 0
    """The server never says that samples were lost."""

    def __init__(self, connection: socket.socket, request: Request, *, where: str) -> None:
        self._connection = connection
        self._where = where
        self._stopping = False
        tuner = self._greet()
        gain_db = request.gain_db
        if tuner in {R820T, R828D}:
            gain_db = min(R820T_GAINS_DB, key=lambda gain: abs(gain - request.gain_db))
        self._set_up(request, gain_db)
        self._settling = 2 * int(SETTLING_S * request.sample_rate_hz)
        self.facts = Facts(
            format="cu8",
            gain_db=None if request.automatic_gain else gain_db,
            hardware=f"RTL-SDR ({TUNERS.get(tuner, 'unknown tuner')}) behind rtl_tcp",
            transfer_bytes=TRANSFER_BYTES,
        )

    def stream(self, take: Take) -> None:
        """Hand over what comes until stopped.

        Raises
        ------
        ReceiverError
            If the server goes away, or sends nothing.
        """
        self._read(self._settling)
        while not self._stopping:
            take(self._read(TRANSFER_BYTES))

    def tune(self, centre_hz: float) -> float:
        """Tell the server to tune; what is on its way by then was received before."""
        self._command(SET_FREQUENCY, round(centre_hz))
        return SETTLING_S

    def stop(self) -> None:
        """End the connection."""
        self._stopping = True
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended already

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _greet(self) -> int:
        """Read the greeting; gives the type of the tuner."""
        try:
            magic, tuner, _gains = GREETING.unpack(self._read(GREETING.size))
        except ReceiverError as error:
            raise ReceiverError(f"{self._where} does not greet ({error}); has it another client already?") from error
        if magic != b"RTL0":
            raise ReceiverError(f"{self._where} is not rtl_tcp: it begins with {magic!r}")
        return int(tuner)

    def _set_up(self, request: Request, gain_db: float) -> None:
        self._command(SET_DIRECT_SAMPLING, request.direct_sampling)
        self._command(SET_SAMPLE_RATE, round(request.sample_rate_hz))
        self._command(SET_CORRECTION, round(request.ppm))
        self._command(SET_FREQUENCY, round(request.centre_hz))
        self._command(SET_CONVERTER_GAIN_CONTROL, int(request.automatic_gain))
        self._command(SET_MANUAL_GAIN, int(not request.automatic_gain))
        if not request.automatic_gain:
            self._command(SET_GAIN, round(10 * gain_db))

    def _command(self, number: int, value: int) -> None:
        try:
            self._connection.sendall(COMMAND.pack(number, value & 0xFFFFFFFF))
        except OSError as error:
            raise ReceiverError(f"{self._where} takes no commands ({error}); restart rtl_tcp") from error

    def _read(self, size: int) -> bytes:
        """So many bytes; fewer, if it was told to stop meanwhile."""
        data = bytearray(size)
        filled = 0
        with memoryview(data) as view:
            while filled < size and not self._stopping:
                filled += self._receive(view[filled:])
        return bytes(data[:filled])

    def _receive(self, view: memoryview) -> int:
        try:
            read = self._connection.recv_into(view)
        except TimeoutError as error:
            raise ReceiverError(f"{self._where}: nothing came for {PATIENCE_S:g} s") from error
        except OSError as error:
            raise ReceiverError(f"{self._where}: the connection broke ({error})") from error
        if not read and not self._stopping:
            raise ReceiverError(f"{self._where}: the server ended the connection; is its dongle still plugged in?")
        return read
