"""The hub's settings: a TOML file, and the environment (``WINGWATCH_HUB_`` and a setting's name), which wins.

A setting that is unknown or wrong is named in one plain line. Nothing is read at import, and secrets do not show when
settings are printed.
"""

import os
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

import pydantic_settings
from annotated_types import Ge, Gt, Le
from pydantic import Field, SecretStr, StringConstraints, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import make_url

from api.channels.settings import ChannelSettings, WebhookSettings
from api.channels.tls import client_context

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["Settings", "SettingsError", "load_settings"]

PREFIX: Final = "WINGWATCH_HUB_"
MIN_TOKEN: Final = 16

Seconds = Annotated[float, Gt(0), Le(86400)]
Share = Annotated[float, Gt(0), Le(1)]
Decibels = Annotated[float, Gt(0), Le(100)]


class SettingsError(ValueError):
    """Settings that cannot be used; the message names the setting."""


class Settings(BaseSettings):
    """What the hub is told."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    site: Path = Field(description="TOML file of the site: wings, cells and sensors.")
    data_dir: Path = Field(Path("var"), description="Folder of the hub's own files; made if missing.")
    database_url: str | None = Field(None, description="SQLite database; a file in data_dir if left out.")
    host: str = Field(
        "127.0.0.1", description="Address to listen on; only this machine's own while there are no roles."
    )
    port: Annotated[int, Ge(0), Le(65535)] = Field(8077, description="Port to listen on; 0 takes a free one.")
    allowed_hosts: tuple[str, ...] = Field(
        ("127.0.0.1", "localhost", "::1"), description="Names by which browsers may address the hub."
    )
    sensor_tokens: dict[str, SecretStr] = Field(
        default_factory=dict, description="Secret of each sensor, by its name; at least 16 characters."
    )
    simulated: bool = Field(default=False, description="Whether the air is simulated; pages say so.")
    stale_after_s: Seconds = Field(10.0, description="A sensor that was not heard for this long counts as stale [s].")
    dead_after_s: Seconds = Field(20.0, description="A sensor that was not heard for this long is an alarm [s].")
    frozen_after_s: Seconds = Field(
        6.0, description="A sensor that speaks, but whose samples stand still for this long, is an alarm [s]."
    )
    flow_least_share: Share = Field(
        0.8, description="A sensor that searches a smaller share of its sample rate than this is an alarm."
    )
    flow_window_s: Seconds = Field(15.0, description="Over this time the rate of samples is measured [s].")
    saturation_share: Share = Field(0.2, description="From this share of clipped samples on a sensor is saturated.")
    saturation_delay_s: Seconds = Field(4.0, description="A sensor saturated for this long is an alarm [s].")
    explained_after_s: Seconds = Field(
        300.0,
        description="The same, and for a risen noise floor, while the sensor hears a phone, which may explain it [s].",
    )
    phone_explains_s: Seconds = Field(
        15.0, description="For this long after a sensor told of a phone, it explains what else is seen [s]."
    )
    floor_rise_db: Decibels = Field(6.0, description="A noise floor this far above the learned one is an alarm [dB].")
    floor_fall_db: Decibels = Field(10.0, description="A noise floor this far below the learned one is an alarm [dB].")
    floor_spreads: Annotated[float, Gt(0), Le(100)] = Field(
        5.0, description="But only so many times as far from what was learned as is usual for it."
    )
    floor_delay_s: Seconds = Field(15.0, description="A noise floor out of bounds for this long is an alarm [s].")
    reference_fall_db: Decibels = Field(
        10.0, description="A reference carrier this far below the learned level means a lost antenna [dB]."
    )
    reference_delay_s: Seconds = Field(10.0, description="A reference carrier too weak for this long is an alarm [s].")
    reference_missing_s: Seconds = Field(
        300.0,
        description="A reference carrier of the site that a sensor does not measure for this long is an alarm [s].",
    )
    learn_beats: Annotated[int, Ge(1), Le(100_000)] = Field(
        15, description="From so many heartbeats on a noise floor and a reference carrier are known."
    )
    memory_beats: Annotated[int, Ge(1), Le(1_000_000)] = Field(
        1800, description="Over so many heartbeats what is usual is averaged; an hour, at one each 2 s."
    )
    clock_error_limit_s: Annotated[float, Gt(0), Le(3600)] = Field(
        1.0, description="A sensor whose time service owns up to more than this is an alarm [s]."
    )
    lost_hold_s: Seconds = Field(
        60.0, description="An alarm of lost detections stands for this long after the last [s]."
    )
    alarm_clear_s: Seconds = Field(20.0, description="An alarm is cleared once all was well for this long [s].")
    scan_round_s: Seconds = Field(
        300.0, description="What a sensor was not tuned to within this time it does not listen to [s]."
    )
    heard_share_least: Share = Field(
        0.01, description="Share of each named band that must be listened to, where the site does not say its own."
    )
    hub_away_s: Seconds = Field(15.0, description="A hub that was away for this long is an alarm [s].")
    hub_grace_s: Seconds = Field(
        45.0, description="After the hub was away its sensors may take this long to find it again [s]."
    )
    test_grace_s: Seconds = Field(
        20.0, description="This long after its time is over it is judged whether a test phone was heard [s]."
    )
    episode_gap_s: Seconds = Field(30.0, description="Longest pause within one alert [s].")
    episode_limit_s: Seconds = Field(
        7200.0, description="An alert takes no new emissions this long after it began [s]."
    )
    clock_tolerance_s: Seconds = Field(
        0.4, description="Sensors' reports that miss each other by no more than this are of one time [s]."
    )
    clock_memory_s: Seconds = Field(
        600.0, description="Sensors' frame timing is compared by what they heard together within this time [s]."
    )
    clear_snr_db: Annotated[float, Ge(-20), Le(60)] = Field(
        6.0, description="From which signal-to-noise ratio timing may say that two emissions are not one phone's [dB]."
    )
    clock_limit_s: Seconds = Field(5.0, description="A sensor whose clock is off by more than this is not trusted [s].")
    escalate_after_s: Seconds = Field(
        300.0, description="An alert that nobody acknowledged for this long is escalated [s]."
    )
    on_delay_s: Annotated[float, Ge(0), Le(600)] = Field(
        0.0, description="An alert is announced once it is this old [s]."
    )
    realarm_s: Seconds = Field(
        1800.0, description="An alert that nobody takes on is announced again after this, while its phone is heard [s]."
    )
    move_hold_s: Annotated[float, Ge(0), Le(3600)] = Field(
        60.0,
        description="Once channels were told that an alert changed, they are told that it moved again after this [s].",
    )
    rate_window_s: Seconds = Field(600.0, description="Over this time the alerts of a wing are counted [s].")
    most_alerts: Annotated[int, Ge(1), Le(1000)] = Field(
        6, description="So many alerts of one wing are announced in that time; a standing alarm stands for the others."
    )
    priority_sure: Annotated[float, Ge(0), Le(1)] = Field(
        0.5, description="An alert is of low priority below this probability of an unpermitted phone inside."
    )
    repeat_alerts: Annotated[int, Ge(2)] = Field(
        3, description="So many alerts from one cell within repeat_days make the last one more urgent."
    )
    repeat_days: Annotated[float, Gt(0), Le(365)] = Field(
        7.0, description="How far back alerts of one cell are counted [days]."
    )
    shelf_limit_s: Seconds = Field(28800.0, description="Nothing is shelved for longer than this [s].")
    shelf_confirm_s: Seconds = Field(
        900.0, description="A wing is shelved only if a second person agrees within this time [s]."
    )
    silence_settle_s: Seconds = Field(
        3.0,
        description="A silence says something of a phone once its sensor listened for this long after it began [s].",
    )
    silence_poi: Annotated[float, Gt(0), Le(1)] = Field(
        0.9, description="Probability that a sensor that listens catches a phone that is strong enough."
    )
    hearing_snr_db: Annotated[float, Ge(-20), Le(40)] = Field(
        0.0, description="From which signal-to-noise ratio a phone is strong enough for that [dB]."
    )
    learn_after: Annotated[int, Ge(1)] = Field(
        20, description="The site's law of propagation is learned anew after so many further alerts."
    )
    engineers: tuple[str, ...] = Field(
        (),
        description="Names that may see sensors' places and change the site; not verified while there are no accounts.",
    )
    channels: dict[Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")], ChannelSettings] = Field(
        default_factory=dict, description="Ways out to people and systems, by their names; deploy/ has examples."
    )
    webhook_hosts: tuple[str, ...] = Field((), description="The hosts that webhooks may go to, and no others.")
    retry_first_s: Seconds = Field(2.0, description="Pause before a notice that failed is tried again; doubled on [s].")
    retry_longest_s: Seconds = Field(300.0, description="The longest such pause [s].")
    notice_keep_s: Annotated[float, Gt(0), Le(30 * 86400)] = Field(
        86400.0, description="A notice that could not be delivered for this long is given up [s]."
    )
    channel_patience_s: Annotated[float, Ge(0), Le(86400)] = Field(
        60.0, description="A channel whose peer is away for this long is an alarm [s]."
    )
    max_body_bytes: Annotated[int, Ge(1024)] = Field(2_000_000, description="Largest batch that the hub reads [bytes].")
    log_json: bool = Field(default=True, description="Whether logs are JSON lines, or for a person's eyes.")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.host != "localhost" and not is_loopback(self.host):
            raise ValueError(f"host: {self.host!r} is not this machine's own; without roles the hub stays on 127.0.0.1")
        if not self.database.startswith("sqlite:///"):
            raise ValueError("database_url: only sqlite:/// addresses are understood")
        if not is_file(self.database):
            raise ValueError("database_url: not a plain file; what is kept elsewhere does not outlive the hub")
        for sensor, token in self.sensor_tokens.items():
            if len(token.get_secret_value()) < MIN_TOKEN:
                raise ValueError(f"sensor_tokens.{sensor}: shorter than {MIN_TOKEN} characters")
        return self

    @model_validator(mode="after")
    def _channels_usable(self) -> Self:
        allowed = {host.lower() for host in self.webhook_hosts}
        for name, channel in self.channels.items():
            if isinstance(channel, WebhookSettings) and channel.host not in allowed:
                raise ValueError(f"channels.{name}.url: {channel.host} is not among webhook_hosts")
            authorities = getattr(channel, "authorities", None)
            if authorities is not None and not is_authorities(authorities):
                raise ValueError(f"channels.{name}.authorities: {authorities} is no PEM file that can be read")
        return self

    @property
    def database(self) -> str:
        """Where detections and alerts are kept."""
        return self.database_url or f"sqlite:///{self.data_dir / 'hub.sqlite'}"


class FileSettings(Settings):
    """Settings of a file: what is passed in gives way to the environment."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the framework's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then the file."""
        return env_settings, init_settings


def load_settings(file: Path | None = None) -> Settings:
    """Read settings from a TOML file, if there is one, and from the environment.

    Raises
    ------
    SettingsError
        In one line that names the setting.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    if unknown := sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known):
        raise SettingsError(f"{unknown[0]}: unknown setting in the environment")
    try:
        return FileSettings(**read_file(file))
    except ValidationError as error:
        raise SettingsError(one_line(error)) from None
    except pydantic_settings.SettingsError as error:
        raise SettingsError(f"environment: {error}") from error


def read_file(file: Path | None) -> dict[str, Any]:
    """Settings in a file, as they stand there."""
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text())
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not TOML: {error}") from error


def one_line(error: ValidationError) -> str:
    """All that is wrong with settings, without their values, which may be secret."""
    return "; ".join(map(fault, error.errors(include_url=False, include_input=False, include_context=False)))


def fault(found: "ErrorDetails") -> str:
    """One thing that is wrong with settings."""
    steps = [str(step) for step in found["loc"]]
    if steps[:1] == ["channels"] and len(steps) > 3:
        del steps[2]  # the kind of the channel, by which its model was chosen
    where = ".".join(steps)
    if found["type"] == "extra_forbidden":
        known = f"; known are {', '.join(Settings.model_fields)}" if len(steps) == 1 else ""
        return f"{where}: unknown setting{known}"
    if found["type"] == "union_tag_not_found":
        return f"{where}: type is missing; see deploy/channels.toml"
    reason = found["msg"].removeprefix("Value error, ")
    return f"{where}: {reason}" if where else reason


def is_authorities(file: Path) -> bool:
    """Whether a file holds certificates that can be trusted."""
    try:
        client_context(str(file))
    except OSError:
        return False
    return True


def is_file(url: str) -> bool:
    """Whether an SQLite address names a file, and no database in memory."""
    name = make_url(url).database
    return name is not None and name not in ("", ":memory:") and not name.startswith("file:")


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
