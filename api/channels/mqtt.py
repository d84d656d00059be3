"""MQTT 3.1.1 or 5: each notice as a message of QoS 1, and the state of each thing as a retained one.

Topics, below a prefix such as ``wingwatch``:

=========================  ==============================================================================
``PREFIX/status``          ``online``, retained; the broker says ``offline`` in our place when we are gone
``PREFIX/notices/KIND``    every notice of that kind, as in a webhook, with its ``id``
``PREFIX/alert/NUMBER``    the last notice of that alert, retained until the alert is over; so for the others
=========================  ==============================================================================
"""

import json
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from api.channels.notice import Kind, Parcel
from api.channels.port import AwayError, BarredError, ChannelError
from api.channels.tls import client_context, is_certificate_fault
from api.channels.webhook import payload

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessageInfo

__all__ = ["Mqtt"]

QOS: Final = 1
ONLINE, OFFLINE = b"online", b"offline"
KEEPALIVE_S: Final = 20
SUPERVISED_S: Final = 10.0

OVER: Final = frozenset({Kind.CLOSED, Kind.MERGED, Kind.STANDING_ENDED, Kind.SUPERVISION_ENDED, Kind.CHANNEL_RESTORED})
"""After these nothing is retained of the thing."""


class ClosedUnlessShaken(ssl.SSLSocket):
    """A socket that a failed handshake closes; the library leaves it open."""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class Mqtt:
    """Publishes notices to one broker, over a connection that is kept and brought back."""

    supervised_s = SUPERVISED_S

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: bool,
        login: tuple[str, str] | None,
        client_id: str,
        prefix: str,
        authorities: str | None,
        timeout_s: float,
    ) -> None:
        self._host, self._port = host, port
        self._context = client_context(authorities) if tls else None
        if self._context is not None:
            self._context.sslsocket_class = ClosedUnlessShaken
        self._login = login
        self._client_id = client_id
        self._prefix = prefix.strip("/")
        self._timeout_s = timeout_s
        self._client: Client | None = None

    @property
    def target(self) -> str:
        """The broker and the prefix."""
        return f"{self._host}:{self._port}/{self._prefix}"

    def send(self, parcel: Parcel, /) -> None:
        """Publish one notice, and what is now so; the broker has acknowledged both when this returns."""
        notice = parcel.notice
        body = json.dumps({"id": parcel.id} | payload(notice), ensure_ascii=False).encode()
        client = self._connected()
        told = [client.publish(f"{self._prefix}/notices/{notice.kind}", body, qos=QOS)]
        if notice.kind is not Kind.TEST:
            state = b"" if notice.kind in OVER else body
            told.append(client.publish(f"{self._prefix}/{notice.subject}", state, qos=QOS, retain=True))
        self._await(told)

    def supervise(self) -> None:
        """See that the connection stands; it is kept alive by itself."""
        self._connected()

    def close(self) -> None:
        """Say goodbye in order, so that the broker tells nobody that we are gone unexpectedly."""
        if self._client is None:
            return
        if self._client.is_connected():
            told = self._client.publish(f"{self._prefix}/status", OFFLINE, qos=QOS, retain=True)
            with suppress(RuntimeError, ValueError):
                told.wait_for_publish(self._timeout_s)
        self._drop()

    def _await(self, told: "list[MQTTMessageInfo]") -> None:
        """Wait until the broker acknowledged what was published."""
        try:
            for each in told:
                each.wait_for_publish(self._timeout_s)
            done = all(each.is_published() for each in told)
        except (RuntimeError, ValueError):
            done = False
        if not done:
            # What waits in the client is not left to it: the queue repeats it, with the same id.
            self._drop()
            raise AwayError(f"{self._host}: no acknowledgement in time")

    def _connected(self) -> "Client":
        """A client with a connection."""
        if self._client is not None and self._client.is_connected():
            return self._client
        self._drop()
        try:
            self._client = self._connect()
        except OSError as error:
            self._drop()
            if is_certificate_fault(error):
                raise BarredError(f"{self._host}: its certificate is not valid for it") from error
            reason = "no answer in time" if isinstance(error, TimeoutError) else "no connection"
            raise AwayError(f"{self._host}: {reason}") from error
        except ChannelError:
            self._drop()
            raise
        return self._client

    def _connect(self) -> "Client":
        """A client that the broker has accepted, and that has told its presence."""
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        answered, codes = threading.Event(), []

        def answer(_: Any, __: Any, ___: Any, code: Any, ____: Any) -> None:  # noqa: ANN401 - the library's signature
            codes.append(code)
            answered.set()

        client = self._client = Client(CallbackAPIVersion.VERSION2, client_id=self._client_id)
        client.on_connect = answer
        client.connect_timeout = self._timeout_s
        client.will_set(f"{self._prefix}/status", OFFLINE, qos=QOS, retain=True)
        if self._login is not None:
            client.username_pw_set(*self._login)
        if self._context is not None:
            client.tls_set_context(self._context)
        client.connect(self._host, self._port, keepalive=KEEPALIVE_S)
        client.loop_start()
        if not answered.wait(self._timeout_s):
            raise AwayError(f"{self._host}: no answer in time")
        if codes[0].is_failure:
            raise meaning(str(codes[0]), self._host)
        client.publish(f"{self._prefix}/status", ONLINE, qos=QOS, retain=True)
        return client

    def _drop(self) -> None:
        """Let the client go, whatever state it is in."""
        client, self._client = self._client, None
        if client is not None:
            client.on_connect = None
            client.disconnect()
            client.loop_stop()


def meaning(reason: str, host: str) -> ChannelError:
    """What a broker's refusal of a connection means."""
    if "unavailable" in reason.lower():
        return AwayError(f"{host}: {reason.lower()}")
    return BarredError(f"{host}: {reason.lower()}")
