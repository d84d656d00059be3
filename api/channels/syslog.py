"""Syslog after RFC 5424, with the notice as an event in CEF: by UDP, TCP or TLS.

By UDP after RFC 5426, by TCP with octet counting after RFC 6587, by TLS after RFC 5425. Syslog has no answer. By TCP and TLS
each notice has a connection of its own that is ended in order, so that a peer that breaks it is noticed; by UDP nothing but
a closed port is.
"""

import os
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC
from enum import StrEnum
from typing import Final

from api.alerts import Priority
from api.channels.notice import AlertFacts, Kind, Notice, Parcel, StandingFacts
from api.channels.port import AwayError, BarredError
from api.channels.tls import client_context, is_certificate_fault
from api.channels.wording import Language, worded
from detector import __version__
from detector.times import from_microseconds

__all__ = ["Syslog", "Transport", "cef", "record"]

FACILITY: Final = 16  # local0; RFC 5424, 6.2.1
ALERT, WARNING, NOTICE, INFORMATIONAL = 1, 4, 5, 6  # RFC 5424, 6.2.1
ENTERPRISE: Final = "wingwatch@32473"  # the number that RFC 5612 keeps for examples: there is no own one
BOM: Final = b"\xef\xbb\xbf"  # RFC 5424, 6.4: the text is UTF-8

LINGER_S: Final = 2.0
"""How long a peer gets to end a connection after us."""

CLOSED_PORT_S: Final = 0.05
"""How long to wait for word that a UDP port is closed."""

LARGEST_UDP: Final = 2048  # RFC 5426, 3.2: what a receiver should take

CEF_SEVERITY: Final = {Priority.LOW: 4, Priority.MEDIUM: 6, Priority.HIGH: 9}
OVER: Final = frozenset(
    {
        Kind.ACKNOWLEDGED,
        Kind.SEARCH_SENT,
        Kind.CLOSED,
        Kind.MERGED,
        Kind.STANDING_ACKNOWLEDGED,
        Kind.STANDING_ENDED,
        Kind.SUPERVISION_ENDED,
        Kind.CHANNEL_RESTORED,
    }
)
"""What asks for nothing to be done."""


class Transport(StrEnum):
    """How records travel."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class Syslog:
    """Sends notices to one collector."""

    supervised_s = None

    def __init__(
        self, host: str, port: int, *, transport: Transport, authorities: str | None, timeout_s: float
    ) -> None:
        self._host, self._port = host, port
        self._transport = transport
        self._context = client_context(authorities) if transport is Transport.TLS else None
        self._timeout_s = timeout_s
        self._own_name = socket.gethostname() or "-"

    @property
    def target(self) -> str:
        """The transport and the collector."""
        return f"{self._transport}:{self._host}:{self._port}"

    def send(self, parcel: Parcel, /) -> None:
        """Send one record."""
        made = record(parcel, host=self._own_name, process=os.getpid())
        try:
            if self._transport is Transport.UDP:
                self._by_datagram(made)
            else:
                self._by_stream(b"%d %b" % (len(made), made))
        except OSError as error:
            if is_certificate_fault(error):
                raise BarredError(f"{self._host}: its certificate is not valid for it") from error
            reason = "no answer in time" if isinstance(error, TimeoutError) else "no connection"
            raise AwayError(f"{self._host}: {reason}") from error

    def _by_datagram(self, made: bytes) -> None:
        family, kind, protocol, _, address = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as sock:
            sock.connect(address)
            sock.send(made[:LARGEST_UDP])
            sock.settimeout(CLOSED_PORT_S)
            try:
                sock.recv(1)
            except TimeoutError:
                return

    def _by_stream(self, made: bytes) -> None:
        with socket.create_connection((self._host, self._port), timeout=self._timeout_s) as plain:
            if self._context is None:
                plain.sendall(made)
                ended(plain)
                return
            with self._context.wrap_socket(plain, server_hostname=self._host) as sock:
                sock.sendall(made)
                unwrapped(sock)

    def supervise(self) -> None:
        """Nothing can be asked of a collector."""

    def close(self) -> None:
        """No connection is kept."""


def ended(sock: socket.socket) -> None:
    """End a connection from our side and see the peer end it; one that keeps it open has what was sent."""
    sock.shutdown(socket.SHUT_WR)
    sock.settimeout(LINGER_S)
    try:
        while sock.recv(1024):
            pass
    except TimeoutError:
        return


def unwrapped(sock: ssl.SSLSocket) -> None:
    """End a connection of TLS, and then as any; a peer that ends it without a word of TLS still read what was sent."""
    sock.settimeout(LINGER_S)
    try:
        ended(sock.unwrap())
    except (TimeoutError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
        return


def record(parcel: Parcel, *, host: str, process: int) -> bytes:
    """A notice as a record of RFC 5424."""
    notice = parcel.notice
    at = from_microseconds(notice.at_us).astimezone(UTC)
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}Z"
    data = f'[{ENTERPRISE} id="{parcel.id}" subject="{quoted(notice.subject)}"]'
    head = f"<{8 * FACILITY + severity(notice)}>1 {stamp} {printable(host)} wingwatch {process} {notice.kind} {data} "
    return head.encode() + BOM + cef(parcel).encode()


def severity(notice: Notice) -> int:
    """How urgent a record is."""
    if notice.kind in OVER:
        return NOTICE
    if notice.kind is Kind.TEST:
        return INFORMATIONAL
    return ALERT if notice.priority is Priority.HIGH else WARNING


def quoted(text: str) -> str:
    """A text within the quotes of structured data (RFC 5424, 6.3.3)."""
    for character in ("\\", '"', "]"):
        text = text.replace(character, f"\\{character}")
    return text


def printable(host: str) -> str:
    """A host's name as a header holds it: printable ASCII without spaces, or nothing."""
    return "".join(c for c in host if 33 <= ord(c) <= 126)[:255] or "-"


def cef(parcel: Parcel) -> str:
    """A notice in the Common Event Format, version 0."""
    notice = parcel.notice
    headline = worded(notice, Language.ENGLISH).headline
    level = 1 if notice.kind is Kind.TEST else CEF_SEVERITY[notice.priority]
    head = "|".join(header(part) for part in ("wingwatch", "wingwatch", __version__, notice.kind.value, headline))
    return f"CEF:0|{head}|{level}|{' '.join(f'{key}={extension(value)}' for key, value in fields(parcel))}"


def fields(parcel: Parcel) -> Iterator[tuple[str, str]]:
    """The extension: names of the CEF dictionary alone, own values under the labels of custom strings."""
    notice, facts = parcel.notice, parcel.notice.facts
    yield "rt", str(notice.at_us // 1000)
    yield "externalId", parcel.id
    yield "cat", notice.kind.group
    yield from labelled(1, "wing", notice.wing or "")
    yield from labelled(2, "subject", notice.subject)
    if isinstance(facts, AlertFacts):
        yield from labelled(3, "cells", ", ".join(f"{name} {chance:.2f}" for name, chance in facts.cells))
        yield from labelled(4, "sensors", ", ".join(facts.sensors))
        yield "cnt", str(facts.detections)
        if facts.outcome is not None:
            yield "outcome", facts.outcome.value
    elif isinstance(facts, StandingFacts):
        yield from labelled(3, "cells", ", ".join(facts.cells))
        yield "cnt", str(facts.alerts)
    yield "msg", " ".join(worded(notice, Language.ENGLISH).lines)


def labelled(number: int, label: str, value: str) -> Iterator[tuple[str, str]]:
    """A custom string and its label, if it says anything."""
    if value:
        yield f"cs{number}Label", label
        yield f"cs{number}", value


def header(text: str) -> str:
    """A part of the header: backslashes and pipes are escaped, lines are joined."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")


def extension(text: str) -> str:
    """A value of the extension: backslashes and equals signs are escaped, lines are joined."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("=", "\\=")
