"""What stands before every path: who may be addressed as the hub, and what browsers may do with its answers.

The host is checked so that a foreign page, whose name was made to point at this machine, cannot read alerts through a
browser on it. Pages run no script but the hub's own.
"""

from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem

__all__ = ["Guard"]

SECURITY: Final = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HASHED: Final = "/assets/"
FOREVER: Final = "public, max-age=31536000, immutable"


class Guard:
    """Middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = host_name(Headers(scope=scope).get("host", ""))
        if host in self._hosts:
            await self._app(scope, receive, secured(send, path=scope["path"]))
            return
        refusal = problem(421, "Misdirected request", f"host: {host!r} is not a name of this hub", parameter="host")
        await refusal(scope, receive, secured(send, path=scope["path"]))


def secured(send: Send, *, path: str) -> Send:
    """A ``send`` that adds what every answer bears."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY.items():
                headers.setdefault(name, value)
            if path.startswith(HASHED) and message["status"] == 200:
                headers["Cache-Control"] = FOREVER
            else:
                headers.setdefault("Cache-Control", "no-cache")
        await send(message)

    return sending


def host_name(host: str) -> str:
    """The name in a Host header, without its port and the brackets of an IPv6 address."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
