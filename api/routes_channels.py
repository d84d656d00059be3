"""The paths of channels: how each fares, and a test of one."""

from typing import Annotated, Final

from fastapi import Depends, Path, Query, Request

from api import outward
from api.courier import PostOffice
from api.lists import NoQuery
from api.requests import TheActor, TheHub, api_router, readable
from api.views import Listing
from api.views_channels import ChannelView, TrialView

__all__ = ["router"]

router: Final = api_router()

ChannelName = Annotated[str, Path(max_length=80)]


async def the_office(request: Request) -> PostOffice:
    """The couriers of the hub."""
    office: PostOffice = request.app.state.office
    return office


TheOffice = Annotated[PostOffice, Depends(the_office)]


@readable(router, "/channels")
def get_channels(hub: TheHub, office: TheOffice, _: Annotated[NoQuery, Query()]) -> Listing[ChannelView]:
    """List the channels and how they fare."""
    return Listing(items=outward.channels(hub, office))


@router.post("/channels/{channel}/test")
def post_test(hub: TheHub, office: TheOffice, channel: ChannelName, _: TheActor) -> TrialView:
    """Send a test through a channel; the answer says what became of it."""
    return outward.try_out(hub, office, channel)
