"""The services that keep the site: give it, replace it, and know all its versions. One transaction each.

The site's file starts a hub off and may be changed while it is down; what is put over the API is kept in the database.
Whichever came last is in force. Where sensors stand is told to those alone who may see it.
"""

import hashlib
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from api.actors import HUB, Actor
from api.database import Database
from api.errors import ForbiddenError, InvalidError, NotFoundError, PreconditionError, PreconditionMissingError
from api.hub import Hub
from api.premises import Premises, ground_key, premises_of
from api.repository import Repository
from api.rows import SiteVersion
from api.settings import Settings, SettingsError
from api.uplinks import unknown_bands
from api.views_site import LandingView, SiteVersionView, landing_view, site_version_view
from detector.site import Image, Site, SiteError, dump_site, landing_plan, parse_site, schematic_svg

__all__ = ["Document", "document", "floor_plan", "landings", "open_premises", "replace_site", "versions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A site as somebody may see it, and the mark by which they can say which one they saw."""

    data: bytes
    etag: str


def open_premises(settings: Settings, database: Database, *, now_us: int) -> Premises:
    """The site in force, with what was learned of it; a file that is new is a version of its own.

    Raises
    ------
    SettingsError
        If the site cannot be used, or a token belongs to no sensor of it.
    """
    data = read_file(settings)
    digest = digest_of(data)
    with database.writing() as connection:
        repository = Repository(connection)
        latest, filed = repository.journal.latest_site(), repository.journal.latest_site(source="file")
        if latest is None or filed is None or filed.digest != digest:
            site = parsed(data, settings)
            latest = SiteVersion(id=0, source="file", digest=digest, data=data, at_us=now_us, actor=HUB)
            repository.journal.add_site(latest)
        else:
            site = parsed(latest.data, settings)
        premises = premises_of(site, repository.learned())
        forget_other_ground(repository, premises)
    return premises


def read_file(settings: Settings) -> bytes:
    """The bytes of the site's file."""
    try:
        return settings.site.read_bytes()
    except OSError as error:
        raise SettingsError(f"site: {settings.site}: {error.strerror}") from error


def parsed(data: bytes, settings: Settings) -> Site:
    """The site of a file or a version, if it fits the settings."""
    try:
        return usable(data, settings)
    except SiteError as error:
        raise SettingsError(f"{settings.site}: {error}") from error


def usable(data: bytes, settings: Settings) -> Site:
    """A site whose time zone and bands are known, and which has every sensor of a token and every wing of a channel.

    Raises
    ------
    SiteError
        Naming every fault.
    """
    site = parse_site(data)
    faults = []
    try:
        ZoneInfo(site.time_zone)
    except (KeyError, ValueError, OSError):
        faults.append(f"time_zone: {site.time_zone!r} is not a time zone such as Europe/Paris")
    strangers = settings.sensor_tokens.keys() - {place.name for place in site.sensors}
    faults += [f"sensor_tokens.{name}: no such sensor in the site" for name in sorted(strangers)]
    faults += unknown_bands(site)
    known = {wing.name for wing in site.wings}
    faults += [
        f"channels.{name}.wings: {wing!r} is no wing of the site"
        for name, channel in settings.channels.items()
        for wing in channel.wings
        if wing not in known
    ]
    if faults:
        raise SiteError(faults)
    return site


def document(hub: Hub, *, actor: Actor | None) -> Document:
    """The site as TOML: as it was put, for those who may see sensors' places; without these for everybody else."""
    with hub.database.reading() as connection:
        latest = in_force(Repository(connection))
    if actor is not None and actor.see_places:
        return Document(data=latest.data, etag=etag_of(latest.digest))
    public = dump_site(parse_site(latest.data), places=False)
    return Document(data=public, etag=etag_of(digest_of(public)))


def replace_site(hub: Hub, data: bytes, *, actor: Actor, if_match: str | None) -> Document:
    """Put another site in force; the same bytes again change nothing.

    Raises
    ------
    ForbiddenError
        If the actor may not see sensors' places, and so not set them.
    PreconditionMissingError, PreconditionError
        If it is not said which site is replaced, or that is no longer the one in force.
    InvalidError
        If the site cannot be used; the answer names every fault.
    """
    if not actor.see_places:
        raise ForbiddenError(f"{actor.name} is not among the engineers of the hub's settings")
    if if_match is None:
        raise PreconditionMissingError("If-Match must name the site that is replaced: its ETag", parameter="If-Match")
    site = checked(data, hub.settings)
    digest, now_us = digest_of(data), hub.now_us
    with hub.database.writing() as connection:
        repository = Repository(connection)
        latest = in_force(repository)
        if latest.digest == digest:
            return Document(data=data, etag=etag_of(digest))
        if if_match.strip() != etag_of(latest.digest):
            detail = f"{latest.actor.name} put another site in force meanwhile; its ETag is {etag_of(latest.digest)}"
            raise PreconditionError(detail, parameter="If-Match")
        version = SiteVersion(id=0, source="api", digest=digest, data=data, at_us=now_us, actor=actor)
        repository.journal.add_site(version)
        premises = premises_of(site, repository.learned())
        forget_other_ground(repository, premises)
        repository.add_changes("site", [site_version_view(version).model_dump_json()], at_us=now_us)
    hub.current.premises = premises
    hub.feed.wake()
    return Document(data=data, etag=etag_of(digest))


def checked(data: bytes, settings: Settings) -> Site:
    """The site that somebody wants, if it can be used."""
    try:
        return usable(data, settings)
    except SiteError as error:
        more = {"faults": list(error.faults)}
        raise InvalidError(f"the site has {len(error.faults)} faults", parameter="body", more=more) from error


def versions(hub: Hub) -> list[SiteVersionView]:
    """All versions of the site, latest first."""
    with hub.database.reading() as connection:
        return [site_version_view(version) for version in Repository(connection).journal.sites()]


def landings(hub: Hub) -> list[LandingView]:
    """All landings with the outlines of their cells."""
    site = hub.site
    return [landing_view(landing, landing_plan(site, landing.name)) for landing in site.all_landings]


def floor_plan(hub: Hub, landing: str) -> tuple[Image, bytes]:
    """The drawing of a landing: its floor plan, or a schematic where it has none.

    Raises
    ------
    NotFoundError
        If the site has no such landing.
    """
    try:
        plan = landing_plan(hub.site, landing)
    except KeyError as error:
        raise NotFoundError(f"there is no landing {landing!r}", parameter="landing") from error
    return (Image.SVG, schematic_svg(plan)) if plan.plan is None else (plan.plan.media, plan.plan.data)


def in_force(repository: Repository) -> SiteVersion:
    """The latest version; there is one since the hub was started."""
    latest = repository.journal.latest_site()
    assert latest is not None  # noqa: S101 - the hub's start wrote one
    return latest


def forget_other_ground(repository: Repository, premises: Premises) -> None:
    """Where cells or sensors moved, learn anew from what is recorded: nothing learned fits any more."""
    key = None if premises.ground is None else ground_key(premises.ground)
    if repository.learned_key() not in (None, key):
        repository.forget_learned()


def digest_of(data: bytes) -> str:
    """What names a version of the site."""
    return hashlib.sha256(data).hexdigest()


def etag_of(digest: str) -> str:
    """A digest as an entity tag."""
    return f'"{digest}"'
