import re
import socket
import ssl
import struct
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.channels.notice import Kind
from api.channels.port import AwayError, BarredError
from api.channels.syslog import Syslog, Transport, extension, header, quoted, record

RECORD = re.compile(
    rb"<(?P<pri>\d{1,3})>1 (?P<stamp>\S+) (?P<host>\S+) (?P<app>\S+) (?P<pid>\S+) (?P<msgid>\S+) "
    rb"\[(?P<data>[^\]]*)\] \xef\xbb\xbf(?P<text>CEF:0\|.*)",
    re.DOTALL,
)


class Collector:
    """Takes connections one after the other and keeps the octet-counted records of each."""

    def __init__(self, context=None, *, reset=False, name="127.0.0.1"):
        self.records = []
        self._context, self._reset = context, reset
        self._listener = socket.create_server((name, 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            try:
                if self._reset:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    sock.recv(1)
                    continue
                with self._context.wrap_socket(sock, server_side=True) if self._context else sock as stream:
                    self._read(stream)
            except OSError:
                pass
            finally:
                sock.close()

    def _read(self, stream):
        data = b""
        while piece := stream.recv(4096):
            data += piece
        while data:
            length, _, rest = data.partition(b" ")
            self.records.append(rest[: int(length)])
            data = rest[int(length) :]

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def collector():
    made = []

    def collecting(*args, **options):
        made.append(Collector(*args, **options))
        return made[-1]

    yield collecting
    for each in made:
        each.close()


def syslog(port, transport, authority=None, timeout_s=5.0, host="localhost"):
    authorities = None if authority is None else str(authority[1])
    return Syslog(host, port, transport=transport, authorities=authorities, timeout_s=timeout_s)


def test_a_record_has_the_form_of_rfc_5424_and_an_event_of_cef(parcel):
    found = RECORD.fullmatch(record(parcel(), host="hub one", process=7))
    assert found is not None
    assert int(found["pri"]) == 16 * 8 + 1
    assert found["stamp"] == b"2026-03-01T12:00:00.000000Z"
    assert (found["host"], found["app"], found["pid"], found["msgid"]) == (
        b"hubone",
        b"wingwatch",
        b"7",
        b"alert.opened",
    )
    assert f'id="{parcel().id}"'.encode() in found["data"]
    head, extension_part = found["text"].decode().split("|", 7)[:7], found["text"].decode().split("|", 7)[7]
    assert head[:3] == ["CEF:0", "wingwatch", "wingwatch"]
    assert head[4:] == ["alert.opened", "Phone in Wing B, probably cell B-1-04", "9"]
    assert "cs1Label=wing cs1=B" in extension_part
    assert "cs3=B-1-04 0.62, B-1-05 0.21" in extension_part


@pytest.mark.parametrize(
    ("kind", "severity"), [(Kind.OPENED, 1), (Kind.CLOSED, 5), (Kind.STANDING_ENDED, 5), (Kind.MERGED, 5)]
)
def test_what_is_over_asks_for_nothing(parcel, notice, kind, severity):
    assert record(parcel(notice(kind)), host="hub", process=1).startswith(f"<{128 + severity}>1 ".encode())


@given(st.text())
def test_nothing_breaks_out_of_its_field(text):
    assert re.fullmatch(r'(?:[^\\"\]]|\\[\\"\]])*', quoted(text), re.DOTALL)
    assert re.fullmatch(r"(?:[^\\|]|\\[\\|])*", header(text))
    assert re.fullmatch(r"(?:[^\\=]|\\[\\=])*", extension(text))


def test_by_udp_one_datagram_is_one_record(parcel):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        syslog(sock.getsockname()[1], Transport.UDP, host="127.0.0.1").send(parcel())
        assert RECORD.fullmatch(sock.recv(4096))


def test_by_udp_a_closed_port_is_noticed(parcel):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    with pytest.raises(AwayError):
        syslog(port, Transport.UDP, host="127.0.0.1").send(parcel())


def test_by_tcp_records_are_counted_in_octets(collector, parcel, notice):
    peer = collector()
    channel = syslog(peer.port, Transport.TCP)
    channel.send(parcel())
    channel.send(parcel(notice(wing_title="Aile à étage"), number=2))
    assert [bool(RECORD.fullmatch(each)) for each in peer.records] == [True, True]


def test_by_tls_the_name_is_checked(collector, certified, authority, parcel):
    peer, other = collector(certified()), collector(certified("elsewhere.example"))
    syslog(peer.port, Transport.TLS, authority).send(parcel())
    assert len(peer.records) == 1
    with pytest.raises(BarredError, match="certificate"):
        syslog(other.port, Transport.TLS, authority).send(parcel())


def test_a_peer_that_resets_is_away(collector, parcel):
    with pytest.raises(AwayError):
        syslog(collector(reset=True).port, Transport.TCP).send(parcel())


def test_a_peer_that_is_not_there_is_away_whatever_the_transport(authority, parcel):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for transport in (Transport.TCP, Transport.TLS):
        with pytest.raises(AwayError):
            syslog(port, transport, authority).send(parcel())


def test_a_peer_that_speaks_no_tls_is_away(authority, parcel):
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(AwayError, match="in time"):
        syslog(silent.getsockname()[1], Transport.TLS, authority, timeout_s=0.3).send(parcel())


def test_a_collector_that_keeps_connections_open_has_the_record(parcel, monkeypatch):
    monkeypatch.setattr("api.channels.syslog.LINGER_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        syslog(listener.getsockname()[1], Transport.TCP).send(parcel())
        sock, _ = listener.accept()
        with sock:
            assert b"CEF:0" in sock.recv(4096)


def test_the_context_trusts_nobody_unasked():
    made = Syslog("h", 1, transport=Transport.TLS, authorities=None, timeout_s=1)._context
    assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, True)
