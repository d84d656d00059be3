"""Signed webhooks after the specification of Standard Webhooks: JSON over HTTPS, with an id, a time and a signature.

Redirects are not followed, the certificate must be the name's, and the connection goes to the address that was checked.
"""

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import httpx

from api.channels.addresses import Network, permitted_addresses
from api.channels.notice import Notice, Parcel
from api.channels.port import AwayError, BarredError, RefusedError
from api.channels.tls import client_context, is_certificate_fault
from detector.times import format_utc, from_microseconds

__all__ = ["Webhook", "key_of", "payload", "signature"]

PREFIX: Final = "whsec_"
USER_AGENT: Final = "wingwatch"

LATER: Final = frozenset({408, 425, 429})
"""Statuses below 500 that ask for another attempt."""

BARRED: Final = frozenset({401, 403, 404, 405, 407, 410, 421})
"""Statuses that say something of us or of the address, and nothing of the notice."""


class Webhook:
    """Posts notices to one address.

    Parameters
    ----------
    url
        Of HTTPS, or of HTTP where the settings allow it; its path and query are secret.
    key
        Signs.
    networks
        Addresses that are allowed in spite of not being public.
    authorities
        PEM file of the authorities to trust in place of the system's.
    """

    supervised_s = None

    def __init__(
        self,
        url: str,
        key: bytes,
        *,
        networks: Sequence[Network],
        authorities: str | None,
        timeout_s: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._url = httpx.URL(url)
        self._key = key
        self._networks = networks
        self._clock = clock
        self._client = httpx.Client(
            verify=client_context(authorities) if self._url.scheme == "https" else False,
            timeout=timeout_s,
            trust_env=False,
            follow_redirects=False,
        )

    @property
    def target(self) -> str:
        """The scheme and the host."""
        return f"{self._url.scheme}://{self._url.netloc.decode()}"

    def send(self, parcel: Parcel, /) -> None:
        """Post one notice."""
        body = json.dumps(payload(parcel.notice), ensure_ascii=False).encode()
        seconds = str(int(self._clock().timestamp()))
        headers = {
            "Host": self._url.netloc.decode(),
            "User-Agent": USER_AGENT,
            "Content-Type": "application/json",
            "webhook-id": parcel.id,
            "webhook-timestamp": seconds,
            "webhook-signature": signature(self._key, parcel.id, seconds, body),
        }
        judge(self._post(body, headers))

    def _post(self, body: bytes, headers: dict[str, str]) -> int:
        """Give the status of the first address that takes a connection."""
        host = self._url.host
        port = self._url.port or (443 if self._url.scheme == "https" else 80)
        fault: Exception | None = None
        for address in permitted_addresses(host, port, networks=self._networks):
            try:
                return self._post_to(address, body, headers)
            except httpx.TransportError as error:
                if is_certificate_fault(error):
                    raise BarredError(f"{host}: its certificate is not valid for it") from error
                fault = error
                if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                    break
        raise AwayError(f"{host}: {plainly(fault)}") from fault

    def _post_to(self, address: str, body: bytes, headers: dict[str, str]) -> int:
        """Give the status of an answer, of which nothing else is read."""
        url = self._url.copy_with(host=address)
        named = {"sni_hostname": self._url.host}
        with self._client.stream("POST", url, content=body, headers=headers, extensions=named) as response:
            return response.status_code

    def supervise(self) -> None:
        """Nothing can be asked of a webhook."""

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def judge(status: int) -> None:
    """Raise what the status of an answer means, if it does not mean that the notice was taken."""
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise BarredError(f"HTTP {status}: a redirect is not followed")
    if status in BARRED:
        raise BarredError(f"HTTP {status}")
    if status >= 500 or status in LATER:
        raise AwayError(f"HTTP {status}")
    raise RefusedError(f"HTTP {status}")


def plainly(fault: Exception | None) -> str:
    """Why nobody answered, in a few words and without the address's path."""
    if isinstance(fault, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(fault, httpx.ConnectError):
        return "no connection"
    if isinstance(fault, ssl.SSLError):
        return "no TLS"
    return "the connection broke"


def key_of(secret: str) -> bytes:
    """The key in a secret such as ``whsec_`` and base64.

    Raises
    ------
    ValueError
        If it is none, or of fewer than 24 or more than 64 bytes.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError as error:
        raise ValueError("expected whsec_ and base64") from error
    if not 24 <= len(key) <= 64:
        raise ValueError("expected a key of 24 to 64 bytes in base64")
    return key


def signature(key: bytes, message: str, seconds: str, body: bytes) -> str:
    """The symmetric signature, version 1: HMAC-SHA256 of id, time and body."""
    signed = hmac.new(key, f"{message}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def payload(notice: Notice) -> dict[str, Any]:
    """A notice as its receiver gets it: what happened, when, and the facts; times are RFC 3339 in UTC."""
    facts = notice.facts.model_dump(mode="json")
    for name in [name for name in facts if name.endswith("_us")]:
        facts[f"{name.removesuffix('_us')}_utc"] = format_utc(from_microseconds(facts.pop(name)))
    if "cells" in facts and facts["about"] == "alert":
        facts["cells"] = [{"name": name, "probability": chance} for name, chance in facts["cells"]]
    return {
        "type": notice.kind.value,
        "timestamp": format_utc(from_microseconds(notice.at_us)),
        "data": {
            "site": notice.site,
            "simulated": notice.simulated,
            "wing": notice.wing,
            "wing_title": notice.wing_title,
            "priority": notice.priority.value,
            "subject": notice.subject,
            **facts,
        },
    }
