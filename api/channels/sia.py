"""Alarm receivers by SIA DC-09: events as SIA-DCS or ADM-CID, with CRC, sequence, time, supervision, and AES if wanted.

Written after ANSI/SIA DC-09-2013; the clauses named are its own. One event has one connection: it is sent, and the receiver
acknowledges it by its sequence number, which a repeated event has as well.
"""

import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from api.channels.notice import Kind, Parcel
from api.channels.port import AwayError, BarredError, ChannelError, RefusedError
from api.channels.wording import Language, worded

__all__ = ["EXPRESSED", "Protocol", "Receiver", "Zones", "crc_of", "framed", "opened", "sealed"]

CRC_POLYNOMIAL: Final = 0xA001  # 5.4.1.2, CRC-16 as in annex A, reflected
LAST_SEQUENCE: Final = 9999  # 5.4.1.5
BLOCK: Final = 16  # 5.4.4: AES in CBC, initialisation vector zero
NULL_SEQUENCE: Final = "0000"  # 5.5.3
LONGEST_ANSWER: Final = 1024
LONGEST_TEXT: Final = 60


class Protocol(StrEnum):
    """How an event is written within a frame."""

    SIA_DCS = "SIA-DCS"
    ADM_CID = "ADM-CID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An event in both protocols: the code of SIA DC-03, and qualifier and number of SIA DC-05 (Contact ID)."""

    dcs: str
    cid: str


CODES: Final[Mapping[Kind, Code]] = {
    Kind.OPENED: Code(dcs="UA", cid="1150"),  # alarm of a 24-hour zone that is no burglary
    Kind.AGAIN: Code(dcs="UA", cid="1150"),
    Kind.CHANGED: Code(dcs="UA", cid="1150"),
    Kind.ESCALATED: Code(dcs="UA", cid="1150"),
    Kind.REOPENED: Code(dcs="UA", cid="1150"),
    Kind.CLOSED: Code(dcs="UR", cid="3150"),  # its restoral
    Kind.MERGED: Code(dcs="UR", cid="3150"),
    Kind.STANDING_BEGAN: Code(dcs="UA", cid="1150"),
    Kind.STANDING_ESCALATED: Code(dcs="UA", cid="1150"),
    Kind.STANDING_ENDED: Code(dcs="UR", cid="3150"),
    Kind.SUPERVISION_RAISED: Code(dcs="UT", cid="1380"),  # trouble of a sensor
    Kind.SUPERVISION_ENDED: Code(dcs="UJ", cid="3380"),
    Kind.CHANNEL_FAILED: Code(dcs="YC", cid="1350"),  # trouble of communication
    Kind.CHANNEL_RESTORED: Code(dcs="YK", cid="3350"),
    Kind.TEST: Code(dcs="RX", cid="1601"),  # manual test
}

EXPRESSED: Final = tuple(CODES)
"""What an alarm receiver can be told; there is no code for what staff did."""


class Zones:
    """The number by which a receiver knows each wing; what is of no wing has number 0.

    Parameters
    ----------
    numbers
        By wing.
    """

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._numbers = dict(numbers)

    def of(self, wing: str | None) -> int:
        """The number of a wing."""
        return self._numbers.get(wing or "", 0)


class Receiver:
    """Sends notices to one alarm receiver by TCP.

    Parameters
    ----------
    account
        Three to sixteen hexadecimal digits.
    key
        Of AES: 16, 24 or 32 bytes; None to send in the clear.
    clock
        Gives the time, in UTC: a receiver refuses a frame whose time is off.
    supervised_s
        How often a silent receiver is sent a supervision message [s].
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        account: str,
        protocol: Protocol,
        key: bytes | None,
        receiver: str,
        line: str,
        zones: Zones,
        supervised_s: float,
        timeout_s: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._host, self._port = host, port
        self._account = account.upper()
        self._protocol = protocol
        self._key = key
        self._prefix = f"R{receiver}L{line}#{self._account}"
        self._zones = zones
        self._supervised_s = supervised_s
        self._timeout_s = timeout_s
        self._clock = clock

    @property
    def target(self) -> str:
        """The receiver; the account is the site's name there and no secret, but nobody needs it."""
        return f"{self._host}:{self._port}"

    @property
    def supervised_s(self) -> float | None:
        """How often a silent receiver is sent a supervision message [s]."""
        return self._supervised_s

    def send(self, parcel: Parcel, /) -> None:
        """Send one event and see it acknowledged."""
        sequence = f"{(parcel.number - 1) % LAST_SEQUENCE + 1:04d}"
        self._exchange(self._protocol.value, sequence, f"#{self._account}|{self._event(parcel)}")

    def supervise(self) -> None:
        """Send a supervision message (5.5.3) and see it acknowledged."""
        self._exchange("NULL", NULL_SEQUENCE, "")

    def close(self) -> None:
        """No connection is kept."""

    def _event(self, parcel: Parcel) -> str:
        """The data of an event."""
        notice = parcel.notice
        code = CODES.get(notice.kind)
        if code is None:
            raise RefusedError(f"{notice.kind}: an alarm receiver knows no such event")
        zone = self._zones.of(notice.wing)
        if self._protocol is Protocol.ADM_CID:
            return f"{code.cid} 01 {zone:03d}"
        return f"Nri1/{code.dcs}{zone:d}^{plain(worded(notice, Language.ENGLISH).headline)}^"

    def _exchange(self, name: str, sequence: str, data: str) -> None:
        """Send a frame and judge its answer."""
        stamp = f"{self._clock().astimezone(UTC):_%H:%M:%S,%m-%d-%Y}"
        if self._key is None:
            frame = framed(f'"{name}"{sequence}{self._prefix}[{data}]{stamp}')
        else:
            hidden = sealed(f"{data}]{stamp}", self._key)
            frame = framed(f'"*{name}"{sequence}{self._prefix}[{hidden}')
        try:
            answer = self._asked(frame)
        except OSError as error:
            reason = "no answer in time" if isinstance(error, TimeoutError) else "no connection"
            raise AwayError(f"{self._host}: {reason}") from error
        judge(answer, sequence=sequence, host=self._host)

    def _asked(self, frame: bytes) -> bytes:
        """The receiver's answer to a frame; what came of it if it ended early."""
        with socket.create_connection((self._host, self._port), timeout=self._timeout_s) as sock:
            sock.sendall(frame)
            answer = b""
            while b"\r" not in answer and len(answer) < LONGEST_ANSWER and (piece := sock.recv(LONGEST_ANSWER)):
                answer += piece
        return answer


def crc_of(text: bytes) -> int:
    """The CRC of a frame's text: CRC-16, reflected, beginning at zero (annex A)."""
    crc = 0
    for byte in text:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ CRC_POLYNOMIAL if crc & 1 else crc >> 1
    return crc


def framed(text: str) -> bytes:
    """A frame (5.4.1): line feed, CRC, length, text, carriage return."""
    told = text.encode("ascii")
    return b"\n%04X0%03X%b\r" % (crc_of(told), len(told), told)


def opened(frame: bytes) -> str:
    """The text of a frame.

    Raises
    ------
    ValueError
        If it is none, or its length or CRC is wrong.
    """
    if frame[:1] != b"\n" or frame[-1:] != b"\r" or len(frame) < 10:
        raise ValueError("no frame")
    text = frame[9:-1]
    if int(frame[5:9], 16) != len(text) or int(frame[1:5], 16) != crc_of(text):
        raise ValueError("the length or the CRC is wrong")
    return text.decode("ascii")


def sealed(data: str, key: bytes) -> str:
    """Data behind random padding and a bar, encrypted, in hexadecimal digits (5.4.4)."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    length = -(len(data) + 1) % BLOCK
    padding = "".join(secrets.choice("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(length))
    encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(BLOCK))).encryptor()
    told = f"{padding}|{data}".encode("ascii")
    return (encryptor.update(told) + encryptor.finalize()).hex().upper()


def judge(answer: bytes, *, sequence: str, host: str) -> None:
    """Raise what an answer means, if it does not acknowledge the sequence number."""
    try:
        text = opened(answer)
    except ValueError as error:
        raise AwayError(f"{host}: no valid answer") from error
    name, told = text[1:].partition('"')[::2]
    raise_unless(name.removeprefix("*"), told[:4] == sequence, host=host)


def raise_unless(name: str, same: bool, *, host: str) -> None:
    """Raise unless an answer of that name acknowledges the same frame."""
    faults: dict[str, ChannelError] = {
        "NAK": BarredError(f"{host}: NAK; the clocks, the account or the key differ"),
        "DUH": RefusedError(f"{host}: DUH; the receiver cannot take this event"),
    }
    if name in faults:
        raise faults[name]
    if name != "ACK" or not same:
        raise AwayError(f"{host}: no acknowledgement of this event")


def plain(text: str) -> str:
    """A text that a frame may hold: printable ASCII without what has a meaning there."""
    import unicodedata

    letters = unicodedata.normalize("NFKD", text)
    return "".join(c for c in letters if c.isascii() and c.isprintable() and c not in '[]|^"')[:LONGEST_TEXT]
