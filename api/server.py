"""Runs the hub as a server until it is told to stop, and then ends open event streams instead of waiting for them."""

import errno
import socket
from collections.abc import Callable
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.settings import Settings, SettingsError

__all__ = ["HubServer", "serve", "server_for"]

GRACE_S: Final = 5
"""Requests that are still under way get this long when the server stops."""


class HubServer(uvicorn.Server):
    """A server that closes the feed before it waits for its connections."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: no new connections, streams ended, requests finished."""
        self.config.app.state.hub.feed.close()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def server_for(app: FastAPI, settings: Settings) -> HubServer:
    """A server for an application, not yet running."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    return HubServer(config)


def serve(settings: Settings, *, announce: Callable[[str], None] | None = None) -> None:
    """Run the hub until it is interrupted; logging is configured by whoever calls this.

    Parameters
    ----------
    announce
        Is told the address, such as ``http://127.0.0.1:8077``, once connections to it are taken.

    Raises
    ------
    SettingsError
        If it cannot start with these settings.
    """
    with bound(settings) as listener:
        server = server_for(create_app(settings), settings)
        address = address_of(listener)
        structlog.get_logger("api").info("hub listens", address=address, simulated=settings.simulated)
        if announce is not None:
            announce(address)
        server.run(sockets=[listener])


def bound(settings: Settings) -> socket.socket:
    """A socket that takes connections where the settings say."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(f"port {settings.port} is in use on {settings.host}") from error
        raise SettingsError(f"host {settings.host}, port {settings.port}: {error.strerror}") from error


def address_of(listener: socket.socket) -> str:
    """The address of what listens, as a browser wants it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
