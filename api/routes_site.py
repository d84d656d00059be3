"""The paths of the site: its TOML with an ETag, its versions, its landings and their drawings."""

from typing import Annotated, Final

from fastapi import Depends, Header, Query, Request, Response

from api import site_keeper
from api.lists import NoQuery
from api.requests import PerhapsAnActor, TheActor, TheHub, api_router, read_body, readable
from api.views import Listing
from api.views_site import LandingView, SiteVersionView

__all__ = ["router"]

TOML: Final = "application/toml"
STILL: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A drawing, opened as a page of its own, does nothing."""

router: Final = api_router()


async def the_body(request: Request, hub: TheHub) -> bytes:
    """The body of a request, as it came."""
    return await read_body(request, hub)


@readable(router, "/site")
def get_site(
    hub: TheHub,
    actor: PerhapsAnActor,
    _: Annotated[NoQuery, Query()],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Give the site as TOML; sensors' places to those alone who may see them."""
    document = site_keeper.document(hub, actor=actor)
    headers = {"ETag": document.etag, "Vary": "X-Wingwatch-Actor"}
    if if_none_match is not None and document.etag in [tag.strip() for tag in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(document.data, media_type=TOML, headers=headers)


@router.put("/site", openapi_extra={"requestBody": {"content": {TOML: {"schema": {"type": "string"}}}}})
def put_site(
    hub: TheHub,
    actor: TheActor,
    body: Annotated[bytes, Depends(the_body)],
    if_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Put another site in force, in place of the one that If-Match names."""
    document = site_keeper.replace_site(hub, body, actor=actor, if_match=if_match)
    return Response(status_code=204, headers={"ETag": document.etag})


@readable(router, "/site/versions")
def get_versions(hub: TheHub, _: Annotated[NoQuery, Query()]) -> Listing[SiteVersionView]:
    """List the versions of the site, latest first."""
    return Listing(items=site_keeper.versions(hub))


@readable(router, "/site/landings")
def get_landings(hub: TheHub, _: Annotated[NoQuery, Query()]) -> Listing[LandingView]:
    """List the landings with the outlines of their cells."""
    return Listing(items=site_keeper.landings(hub))


@readable(router, "/site/plans/{landing}")
def get_plan(hub: TheHub, landing: str, _: Annotated[NoQuery, Query()]) -> Response:
    """Give the drawing of a landing."""
    media, data = site_keeper.floor_plan(hub, landing)
    return Response(data, media_type=media, headers={"Content-Security-Policy": STILL})
