"""A hub behind a socket, with a database of its own, for the proofs that need one."""

import asyncio
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.app import create_app
from api.hub import Hub
from api.server import HubServer, server_for
from api.settings import Settings

__all__ = ["TOKEN", "serving"]

TOKEN = "a secret of sixteen characters"


@contextmanager
def serving(site: str, tokens: Mapping[str, str], **options: Any) -> Iterator[tuple[Hub, str]]:
    """A hub of a site and its sensors' tokens, with settings of its own; and its address."""
    folder = Path(tempfile.mkdtemp())
    (folder / "site.toml").write_text(site)
    settings = Settings(site=folder / "site.toml", data_dir=folder, port=0, sensor_tokens=dict(tokens), **options)
    server = server_for(create_app(settings), settings)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        yield server.config.app.state.hub, address_of(server)  # type: ignore[union-attr]
    finally:
        server.should_exit = True
        thread.join()
        shutil.rmtree(folder)


def address_of(server: HubServer) -> str:
    """The address of a server, once it listens."""
    while not server.started:
        time.sleep(0.01)
    return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
