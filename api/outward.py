"""The services for channels: how they fare, and a test of one."""

import secrets
from typing import Final

from api import notifying
from api.courier import PostOffice
from api.errors import NotFoundError
from api.hub import Hub
from api.outgoing import Outgoing
from api.views_channels import ChannelView, TrialView, channel_view, trial_view

__all__ = ["channels", "try_out"]

TRIAL_WAIT_S: Final = 15.0
"""How long somebody who tests a channel waits for what becomes of it."""


def channels(hub: Hub, office: PostOffice) -> list[ChannelView]:
    """All channels and how they fare."""
    with hub.database.reading() as connection:
        outgoing = Outgoing(connection)
        return [
            channel_view(
                outgoing.health(name),
                outgoing.tally(name),
                kind=hub.settings.channels[name].type,
                target=courier.channel.target,
            )
            for name, courier in office.couriers.items()
        ]


def try_out(hub: Hub, office: PostOffice, name: str, *, wait_s: float = TRIAL_WAIT_S) -> TrialView:
    """Send a test through a channel, behind nothing that waits, and tell what became of it.

    Raises
    ------
    NotFoundError
        If there is no such channel.
    """
    courier = office.couriers.get(name)
    if courier is None:
        raise NotFoundError(f"there is no channel {name!r}", parameter="channel")
    now_us = hub.now_us
    notice = notifying.trial_notice(hub.audience, mark=secrets.token_hex(8), now_us=now_us)
    with hub.database.writing() as connection:
        Outgoing(connection).add(notice, [name], now_us=now_us, first=True)
    courier.lift()
    return trial_view(office.await_fate(name, notice.key, within_s=wait_s))
