"""What each kind of channel is told in the hub's settings: one model a kind, told apart by ``type``."""

from email.utils import parseaddr
from pathlib import Path
from string import hexdigits
from typing import Annotated, Final, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    model_validator,
)

from api.alerts import Priority
from api.channels.mail import Security
from api.channels.notice import GROUPS, Kind
from api.channels.sia import EXPRESSED, Protocol
from api.channels.syslog import Transport
from api.channels.webhook import key_of
from api.channels.wording import Language

__all__ = [
    "AppriseSettings",
    "ChannelSettings",
    "MailSettings",
    "MqttSettings",
    "SiaSettings",
    "SyslogSettings",
    "WebhookSettings",
    "kinds_of",
]

Port = Annotated[int, Ge(1), Le(65535)]
Host = Annotated[str, MinLen(1), Field(pattern=r"^[A-Za-z0-9._:-]+$")]
PRIVATE_PORTS: Final = {True: 8883, False: 1883}
MAIL_PORTS: Final = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


def understood(kind: str) -> str:
    """A kind of notice, or a group of them."""
    if kind not in GROUPS and kind not in tuple(Kind):
        raise ValueError(f"{kind!r} is no kind of notice; there are {', '.join((*GROUPS, *Kind))}")
    return kind


def address(text: str) -> str:
    """A plain address of e-mail."""
    if parseaddr(text)[1] != text or "@" not in text or not text.isprintable():
        raise ValueError("not an address of e-mail")
    return text


KindOrGroup = Annotated[str, AfterValidator(understood)]
Address = Annotated[str, AfterValidator(address)]


def kinds_of(told: tuple[str, ...]) -> frozenset[Kind]:
    """The kinds of notices that some words name, each a kind or a group; all if there are none."""
    return frozenset(kind for kind in Kind if not told or kind in told or kind.group in told)


class Common(BaseModel):
    """What every channel is told: which notices it is to have, and how long it waits for its peer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wings: tuple[str, ...] = Field((), description="Of these wings alone; of all, and of outside, if left out.")
    least_priority: Priority = Field(Priority.LOW, description="Alerts of this priority or a higher one.")
    kinds: tuple[KindOrGroup, ...] = Field((), description="Kinds of notices, or groups of them; all if left out.")
    timeout_s: Annotated[float, Gt(0), Le(120)] = Field(10.0, description="The longest wait for the peer [s].")

    @property
    def wanted(self) -> frozenset[Kind]:
        """The kinds of notices that it is to have."""
        return kinds_of(self.kinds)


class WebhookSettings(Common):
    """A signed webhook."""

    type: Literal["webhook"]
    url: SecretStr = Field(description="Where to; https, and http only to an address of networks.")
    secret: SecretStr = Field(description="whsec_ and 24 to 64 bytes in base64.")
    networks: tuple[IPvAnyNetwork, ...] = Field((), description="Addresses that are allowed though not public.")
    authorities: Path | None = Field(None, description="PEM file of the authorities to trust in the system's place.")

    @property
    def host(self) -> str:
        """The host of the url."""
        return (urlsplit(self.url.get_secret_value()).hostname or "").lower()

    @model_validator(mode="after")
    def _usable(self) -> Self:
        parts = urlsplit(self.url.get_secret_value())
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username is not None:
            raise ValueError("url: expected https://host/path without a user")
        if parts.scheme == "http" and not self.networks:
            raise ValueError("url: plain http goes only to addresses of networks")
        try:
            key_of(self.secret.get_secret_value())
        except ValueError as error:
            raise ValueError(f"secret: {error}") from None
        return self


class MailSettings(Common):
    """E-mail through one server."""

    type: Literal["mail"]
    host: Host = Field(description="The mail server.")
    port: Port | None = Field(None, description="587 for starttls, 465 for tls, 25 for none, if left out.")
    security: Security = Field(Security.STARTTLS, description="starttls, tls or none.")
    user: str | None = Field(None, description="Who logs in; nobody if left out.")
    password: SecretStr | None = Field(None, description="That user's.")
    sender: Address = Field(description="Whom messages are from.")
    recipients: Annotated[tuple[Address, ...], MinLen(1)] = Field(description="Whom they are for.")
    language: Language = Field(Language.ENGLISH, description="en or fr.")
    authorities: Path | None = Field(None, description="PEM file of the authorities to trust in the system's place.")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("password: user and password belong together")
        if self.user is not None and self.security is Security.NONE:
            raise ValueError("security: a password is not sent in the clear")
        return self

    @property
    def the_port(self) -> int:
        """The port, or the usual one."""
        return self.port or MAIL_PORTS[self.security]


class SyslogSettings(Common):
    """RFC 5424 with CEF."""

    type: Literal["syslog"]
    host: Host = Field(description="The collector.")
    port: Port | None = Field(None, description="6514 for tls, 514 for the others, if left out.")
    transport: Transport = Field(Transport.TLS, description="udp, tcp or tls.")
    authorities: Path | None = Field(None, description="PEM file of the authorities to trust in the system's place.")

    @property
    def the_port(self) -> int:
        """The port, or the usual one."""
        return self.port or (6514 if self.transport is Transport.TLS else 514)


class MqttSettings(Common):
    """A broker of MQTT."""

    type: Literal["mqtt"]
    host: Host = Field(description="The broker.")
    port: Port | None = Field(None, description="8883 with tls, 1883 without, if left out.")
    tls: bool = Field(default=True, description="Whether the connection is encrypted.")
    user: str | None = Field(None, description="Who logs in; nobody if left out.")
    password: SecretStr | None = Field(None, description="That user's.")
    client_id: Annotated[str, MinLen(1), Field(pattern=r"^[0-9A-Za-z_-]{1,23}$")] = Field(
        "wingwatch", description="By which the broker knows the hub; each hub has its own."
    )
    prefix: Annotated[str, Field(pattern=r"^[^#+\s]+$")] = Field("wingwatch", description="Of all topics.")
    authorities: Path | None = Field(None, description="PEM file of the authorities to trust in the system's place.")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("password: user and password belong together")
        if self.user is not None and not self.tls:
            raise ValueError("tls: a password is not sent in the clear")
        return self

    @property
    def the_port(self) -> int:
        """The port, or the usual one."""
        return self.port or PRIVATE_PORTS[self.tls]


class SiaSettings(Common):
    """An alarm receiver."""

    type: Literal["sia"]
    host: Host = Field(description="The receiver.")
    port: Port = Field(description="Its TCP port.")
    account: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{3,16}$")] = Field(description="3 to 16 hexadecimal digits.")
    protocol: Protocol = Field(Protocol.SIA_DCS, description="SIA-DCS or ADM-CID.")
    key: SecretStr | None = Field(None, description="AES key: 32, 48 or 64 hexadecimal digits; in the clear without.")
    receiver: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{1,6}$")] = Field("0", description="Receiver number.")
    line: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{1,6}$")] = Field("0", description="Account prefix.")
    zones: dict[str, Annotated[int, Ge(1), Le(999)]] = Field(
        default_factory=dict, description="Zone number of each wing; their order in the site if left out."
    )
    supervised_s: Annotated[float, Ge(10), Le(86400)] = Field(
        60.0, description="A silent receiver is sent a supervision message this often [s]."
    )

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.key is not None:
            digits = self.key.get_secret_value()
            if len(digits) not in (32, 48, 64) or not set(digits) <= set(hexdigits):
                raise ValueError("key: expected 32, 48 or 64 hexadecimal digits")
        if mute := sorted(set(self.kinds) & set(Kind) - set(EXPRESSED)):
            raise ValueError(f"kinds: an alarm receiver knows no {mute[0]}")
        return self

    @property
    def wanted(self) -> frozenset[Kind]:
        """The kinds of notices that it is to have and that its protocols know."""
        return kinds_of(self.kinds) & frozenset(EXPRESSED)


class AppriseSettings(Common):
    """Whatever apprise knows."""

    type: Literal["apprise"]
    urls: Annotated[tuple[SecretStr, ...], MinLen(1)] = Field(description="Addresses as apprise writes them.")
    language: Language = Field(Language.ENGLISH, description="en or fr.")


ChannelSettings: TypeAlias = Annotated[
    WebhookSettings | MailSettings | SyslogSettings | MqttSettings | SiaSettings | AppriseSettings,
    Field(discriminator="type"),
]
