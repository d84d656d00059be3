"""The table of all kinds of channels: from its settings to a channel. A new one is a module, its settings and a line here."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from api.channels.apprise_urls import AppriseUrls
from api.channels.mail import Mail
from api.channels.mqtt import Mqtt
from api.channels.port import Channel
from api.channels.settings import (
    AppriseSettings,
    ChannelSettings,
    MailSettings,
    MqttSettings,
    SiaSettings,
    SyslogSettings,
    WebhookSettings,
)
from api.channels.sia import Receiver, Zones
from api.channels.syslog import Syslog
from api.channels.webhook import Webhook, key_of

__all__ = ["CHANNELS", "open_channel"]

Clock = Callable[[], datetime]
Wings = Sequence[str]


def webhook(told: WebhookSettings, wings: Wings, clock: Clock) -> Channel:  # noqa: ARG001 - one shape for all
    """A signed webhook."""
    return Webhook(
        told.url.get_secret_value(),
        key_of(told.secret.get_secret_value()),
        networks=told.networks,
        authorities=text_of(told.authorities),
        timeout_s=told.timeout_s,
        clock=clock,
    )


def mail(told: MailSettings, wings: Wings, clock: Clock) -> Channel:  # noqa: ARG001
    """E-mail through one server."""
    return Mail(
        told.host,
        told.the_port,
        security=told.security,
        login=login_of(told.user, told.password),
        sender=told.sender,
        recipients=told.recipients,
        language=told.language,
        authorities=text_of(told.authorities),
        timeout_s=told.timeout_s,
    )


def syslog(told: SyslogSettings, wings: Wings, clock: Clock) -> Channel:  # noqa: ARG001
    """RFC 5424 with CEF."""
    return Syslog(
        told.host,
        told.the_port,
        transport=told.transport,
        authorities=text_of(told.authorities),
        timeout_s=told.timeout_s,
    )


def mqtt(told: MqttSettings, wings: Wings, clock: Clock) -> Channel:  # noqa: ARG001
    """A broker of MQTT."""
    return Mqtt(
        told.host,
        told.the_port,
        tls=told.tls,
        login=login_of(told.user, told.password),
        client_id=told.client_id,
        prefix=told.prefix,
        authorities=text_of(told.authorities),
        timeout_s=told.timeout_s,
    )


def sia(told: SiaSettings, wings: Wings, clock: Clock) -> Channel:
    """An alarm receiver."""
    return Receiver(
        told.host,
        told.port,
        account=told.account,
        protocol=told.protocol,
        key=None if told.key is None else bytes.fromhex(told.key.get_secret_value()),
        receiver=told.receiver,
        line=told.line,
        zones=Zones(told.zones or {wing: number for number, wing in enumerate(wings, start=1)}),
        supervised_s=told.supervised_s,
        timeout_s=told.timeout_s,
        clock=clock,
    )


def apprise(told: AppriseSettings, wings: Wings, clock: Clock) -> Channel:  # noqa: ARG001
    """Whatever apprise knows."""
    return AppriseUrls([url.get_secret_value() for url in told.urls], language=told.language)


CHANNELS: Final[Mapping[str, Callable[[Any, Wings, Clock], Channel]]] = {
    "webhook": webhook,
    "mail": mail,
    "syslog": syslog,
    "mqtt": mqtt,
    "sia": sia,
    "apprise": apprise,
}


def open_channel(told: ChannelSettings, *, wings: Wings, clock: Clock) -> Channel:
    """A channel as its settings have it; nothing is connected yet.

    Parameters
    ----------
    wings
        Names of the site's wings, in their order.

    Raises
    ------
    OSError
        If the file of authorities cannot be read.
    """
    return CHANNELS[told.type](told, wings, clock)


def login_of(user: str | None, password: SecretStr | None) -> tuple[str, str] | None:
    """A user and the password, if there is one."""
    return None if user is None or password is None else (user, password.get_secret_value())


def text_of(path: Path | None) -> str | None:
    """A path as the libraries want it."""
    return None if path is None else str(path)
