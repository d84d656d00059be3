"""Runs the hub as a server until it is told to stop, and then ends open event streams instead of waiting for them."""

import socket
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.settings import Settings

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


def serve(settings: Settings) -> None:
    """Run the hub until it is interrupted; logging is configured by whoever calls this.

    Raises
    ------
    SettingsError
        If it cannot start with these settings.
    """
    app = create_app(settings)
    structlog.get_logger("api").info(
        "hub listens", host=settings.host, port=settings.port, simulated=settings.simulated
    )
    server_for(app, settings).run()
