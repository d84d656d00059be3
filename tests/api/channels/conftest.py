"""Notices on their way, an authority made for the test, and peers that are real servers on sockets of this machine."""

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from api.alerts import Priority
from api.channels.notice import AlertFacts, Kind, Notice, Parcel
from detector.types import Activity, Technology

AT_US = 1_772_366_400_000_000  # 2026-03-01 12:00 UTC


def make_notice(kind: Kind = Kind.OPENED, **fields: Any) -> Notice:
    """A call in wing B, probably in the fourth cell of its first landing."""
    facts = AlertFacts(
        alert=17,
        opened_us=AT_US - 3_000_000,
        technology=Technology.GSM,
        activity=Activity.CALL,
        channel="ARFCN 36",
        snr_db=18.2,
        sensors=("B1", "B2"),
        detections=3,
        sure=0.96,
        cells=(("B-1-04", 0.62), ("B-1-05", 0.21)),
        outside=0.03,
        permitted=0.0,
        announcements=1,
    )
    told: dict[str, Any] = {
        "key": f"alert/17/{kind}",
        "kind": kind,
        "subject": "alert/17",
        "at_us": AT_US,
        "site": "Prison d'essai",
        "time_zone": "Europe/Paris",
        "simulated": False,
        "wing": "B",
        "wing_title": "Wing B",
        "priority": Priority.HIGH,
        "facts": facts,
    }
    return Notice(**told | fields)


def make_parcel(notice: Notice | None = None, *, number: int = 1, **fields: Any) -> Parcel:
    told: dict[str, Any] = {
        "channel": "here",
        "number": number,
        "id": f"msg_{number:032x}",
        "notice": notice or make_notice(),
        "due_us": AT_US,
        "attempts": 0,
    }
    return Parcel(**told | fields)


class Answering:
    """An HTTP server that answers as told and keeps what it was sent."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        self.pause = threading.Event()
        self.pause.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                outer.pause.wait(20)
                if outer.status == 0:
                    self.connection.close()
                    return
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                with contextlib.suppress(OSError, ValueError):
                    super().handle()

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass

            def get_request(self) -> Any:
                sock, address = super().get_request()
                return (context.wrap_socket(sock, server_side=True) if context else sock), address

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self.pause.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """An authority, and its certificate as a file."""
    made = trustme.CA()
    path = tmp_path_factory.mktemp("authority") / "authority.pem"
    made.cert_pem.write_to_path(str(path))
    return made, path


@pytest.fixture(scope="session")
def certified(authority: tuple[trustme.CA, Path]) -> Callable[..., ssl.SSLContext]:
    """Makes what a server of some name speaks TLS with."""

    def made(name: str = "localhost") -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority[0].issue_cert(name).configure_cert(context)
        return context

    return made


@pytest.fixture
def answering() -> Iterator[Callable[..., Answering]]:
    """Makes HTTP servers."""
    made: list[Answering] = []

    def answer(context: ssl.SSLContext | None = None) -> Answering:
        made.append(Answering(context))
        return made[-1]

    yield answer
    for server in made:
        server.close()


@pytest.fixture
def notice() -> Callable[..., Notice]:
    return make_notice


@pytest.fixture
def parcel() -> Callable[..., Parcel]:
    return make_parcel


@pytest.fixture
def utc_now() -> Callable[[], datetime]:
    return lambda: datetime.now(UTC)
