"""The application: puts settings, site, database, feed and routes together, and keeps the sweeper running.

Wiring is a function; nothing connects, reads a file or configures anything at import.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Final

import structlog
from alembic.util import CommandError
from anyio.to_thread import run_sync
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from sqlalchemy.exc import DBAPIError
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from api import coverage_keeper, routes, routes_channels, routes_people, routes_site, routes_watch
from api import hub as services
from api.courier import PostOffice
from api.database import Database, connect, migrate
from api.errors import install_handlers
from api.events import HEARTBEAT_S, Feed
from api.guard import Guard
from api.heart import Heart
from api.hub import Hub
from api.premises import Current
from api.settings import Settings, SettingsError
from api.site_keeper import open_premises, parsed, read_file
from detector.times import to_microseconds

__all__ = ["create_app"]

SWEEP_S: Final = 1.0
LEARN_S: Final = 60.0
COVERAGE_S: Final = 10.0

NO_PAGES: Final = "wingwatch: the pages are not built; the API is at /api/v1/health\n"


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


class HubApp(FastAPI):
    """An application whose guard stands before everything, also before what answers an unforeseen error."""

    def build_middleware_stack(self) -> ASGIApp:
        """The whole application, guarded."""
        hub: Hub = self.state.hub
        return Guard(super().build_middleware_stack(), allowed_hosts=hub.settings.allowed_hosts)


class Pages(Mount):
    """The built pages: everywhere but under ``/api/``, whose paths answer for themselves."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for a page."""
        if scope["type"] == "http" and scope["path"].startswith("/api/"):
            return Match.NONE, {}
        return super().matches(scope)


def create_app(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    heartbeat_s: float = HEARTBEAT_S,
    pages: Path | None = None,
) -> FastAPI:
    """Make the hub.

    Parameters
    ----------
    clock
        Gives the time, in UTC.
    heartbeat_s
        A silent feed says this often that it lives [s].
    pages
        Folder of the built pages; those of the package if left out.

    Raises
    ------
    SettingsError
        If the site or the database cannot be used, or a token belongs to no sensor.
    """
    parsed(read_file(settings), settings)
    database, heart = open_database(settings), Heart()
    hub = Hub(
        settings=settings,
        current=Current(open_premises(settings, database, now_us=to_microseconds(clock()))),
        database=database,
        feed=Feed(database, heartbeat_s=heartbeat_s, heart=heart.told),
        clock=clock,
        heart=heart,
    )
    office = PostOffice(hub)
    app = HubApp(
        title="wingwatch",
        lifespan=lifespan_of(hub, office),
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.hub = hub
    app.state.office = office
    for router in (
        routes.router,
        routes_people.router,
        routes_site.router,
        routes_watch.router,
        routes_channels.router,
    ):
        app.include_router(router)
    install_handlers(app)
    serve_pages(app, pages or Path(str(resources.files("api") / "static")))
    return app


def open_database(settings: Settings) -> Database:
    """The database that the settings name, its schema up to date."""
    try:
        engine = connect(settings.database)
    except OSError as error:
        raise SettingsError(f"database: {error.filename}: {error.strerror}") from error
    try:
        migrate(engine)
    except (DBAPIError, CommandError) as error:
        engine.dispose()
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise SettingsError(f"database: {settings.database}: {reason}") from error
    return Database(engine)


def lifespan_of(hub: Hub, office: PostOffice) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What runs while the application does: the feed, the sweeper and the couriers."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        hub.feed.open()
        await run_sync(services.sweep, hub)
        await run_sync(office.open)
        tasks = [
            asyncio.create_task(repeated("sweep", services.sweep, hub, every_s=SWEEP_S)),
            asyncio.create_task(repeated("learning", services.learn, hub, every_s=LEARN_S)),
            asyncio.create_task(repeated("coverage", coverage_keeper.keep, hub, every_s=COVERAGE_S)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await run_sync(office.close)
            hub.feed.close()
            hub.database.close()

    return lifespan


async def repeated(what: str, service: Callable[[Hub], object], hub: Hub, *, every_s: float) -> None:
    """Run a service over and over; one failure does not end it."""
    log = structlog.get_logger()
    while True:
        await asyncio.sleep(every_s)
        try:
            await run_sync(service, hub)
        except Exception:
            log.exception("service failed", service=what)


def serve_pages(app: FastAPI, folder: Path) -> None:
    """Serve the built pages, or say that there are none."""
    if (folder / "index.html").is_file():
        app.router.routes.append(Pages("/", app=StaticFiles(directory=folder, html=True)))
        return

    @app.get("/", include_in_schema=False)
    def no_pages() -> PlainTextResponse:
        return PlainTextResponse(NO_PAGES)
