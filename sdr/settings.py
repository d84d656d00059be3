"""A sensor's settings, from a TOML file and the environment (``WINGWATCH_SENSOR_...``); the environment wins."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError as UnreadableError

from detector.wire import NAME
from sdr.defaults import COUNTRIES

__all__ = ["SensorSettings", "SettingsError", "load_settings"]


PREFIX: Final = "WINGWATCH_SENSOR_"


class SettingsError(Exception):
    """Settings that cannot be used; one line that names the key."""


def one_or_several(told: object) -> object:
    """A value as a tuple of one; several that a text names, between commas, as a tuple."""
    if isinstance(told, str):
        return tuple(told.split(","))
    return told if isinstance(told, list | tuple) else (told,)


Centres = Annotated[tuple[float, ...], NoDecode, BeforeValidator(one_or_several)]


class SensorSettings(BaseSettings):
    """What a sensor must know. Unknown keys are errors."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, allow_inf_nan=False)

    name: str = Field(description="The sensor's name in the site.")
    source: str = Field(
        "rtlsdr:",
        description="Where samples come from: rtlsdr:[SERIAL], rtltcp:HOST:PORT, soapy:ARGS, sigmf:PATH or sim:[SITEFILE].",
    )
    hub: str = Field("http://127.0.0.1:8077", description="Address of the hub.")
    token: SecretStr = Field(description="The sensor's token at the hub.")
    outbox: Path | None = Field(
        None, description="File that keeps detections until the hub has them; wingwatch-NAME.sqlite if left out."
    )
    clips: Path | None = Field(
        None, description="Folder for a clip of the power map around each detection; none are kept if left out."
    )
    clips_mb: float = Field(256.0, gt=0, description="Size of that folder, above which the oldest clips go [MB].")
    iq_clips_days: float = Field(
        0.0, ge=0, le=30, description="How long clips of raw samples are kept as well [days]; 0 makes none."
    )
    centre_hz: Centres = Field((897e6,), description="Centre frequency [Hz]; of several, each is listened to in turn.")
    bands: tuple[str, ...] = Field((), description="Bands to scan by their names in the band plan, instead of centres.")
    shared_by: tuple[str, ...] = Field(
        (),
        description="All receivers of this host that share the bands, this one among them, as their `source` names them.",
    )
    policy: str = Field("round-robin", description="Order of a scan: fixed, round-robin or priority.")
    dwell_s: float = Field(1.0, gt=0, le=3600, description="Time on a tuning of a scan [s].")
    settle_s: float = Field(0.05, ge=0, le=10, description="Time after each tuning of which nothing is used [s].")
    linger_s: float = Field(10.0, ge=0, le=3600, description="Longest stay beyond that while something is heard [s].")
    reference_hz: float | None = Field(
        None, gt=0, description="A carrier that is always on air, looked at each minute to see that the sensor hears."
    )
    sample_rate_hz: float = Field(2.4e6, ge=250e3, description="Sample rate [samples/s].")
    gain_db: float = Field(30.0, description="Tuner gain [dB].")
    automatic_gain: bool = Field(False, description="Let the receiver choose its gain; levels then mean little.")
    ppm: float | None = Field(
        None, ge=-200, le=200, description="Correction of the receiver's crystal [ppm]; the profile's if left out."
    )
    direct_sampling: int = Field(0, ge=0, le=2, description="Branch of an RTL-SDR's converter to read without a tuner.")
    country: str | None = Field(None, description="Country of the band plan (ISO 3166 code); all plans if left out.")
    profile: Path | None = Field(None, description="File with the thresholds; the default profile if left out.")
    loop: bool = Field(False, description="Play a sigmf: source over and over.")
    flat_out: bool = Field(False, description="Play a sigmf: source as fast as it is searched.")
    seed: int = Field(1, ge=0, description="Seed of simulated air.")
    epoch: str | None = Field(None, description="When simulated air began (RFC 3339, UTC); now if left out.")

    @property
    def outbox_file(self) -> Path:
        """The outbox that was set, or the sensor's own."""
        return Path(f"wingwatch-{self.name}.sqlite") if self.outbox is None else self.outbox

    def at(self, centre_hz: float) -> Self:
        """The same settings at one centre."""
        return self.model_copy(update={"centre_hz": (centre_hz,)})

    @field_validator("centre_hz")
    @classmethod
    def _centres_are_different_frequencies(cls, each: tuple[float, ...]) -> tuple[float, ...]:
        if not each or len(set(each)) < len(each) or not all(0 < centre_hz < 1e12 for centre_hz in each):
            raise ValueError(f"{', '.join(f'{one:g}' for one in each)}: expected different frequencies in hertz")
        return each

    @field_validator("name")
    @classmethod
    def _name_is_one(cls, name: str) -> str:
        if NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is not 1 to 64 letters, digits and ._:-, the first a letter or digit")
        return name

    @field_validator("hub")
    @classmethod
    def _hub_is_an_address(cls, hub: str) -> str:
        parts = urlsplit(hub)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
            raise ValueError(f"{hub!r} is no address such as http://127.0.0.1:8077")
        return hub

    @field_validator("token")
    @classmethod
    def _token_fits_a_header(cls, token: SecretStr) -> SecretStr:
        text = token.get_secret_value()
        if not (text.isascii() and text.isprintable() and text.split() == [text]):
            raise ValueError("is empty, or holds what is not a printable ASCII character")
        return token

    @field_validator("country")
    @classmethod
    def _country_has_a_plan(cls, country: str | None) -> str | None:
        if country is not None and country.lower() not in COUNTRIES:
            raise ValueError(f"there is no band plan for {country!r}; there are {', '.join(COUNTRIES)}")
        return country

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values handed in win over the environment, and that over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(path: Path | None, **given: Any) -> SensorSettings:  # noqa: ANN401 - checked by the model
    """Read a sensor's settings.

    Parameters
    ----------
    path
        TOML file; None if there is none.
    given
        Values that win over the environment and the file.

    Raises
    ------
    SettingsError
        Naming the first key that is unknown, missing or wrong.
    """

    class FromFile(SensorSettings):
        model_config = SettingsConfigDict(toml_file=path)

    known = {f"{PREFIX}{name}".upper() for name in SensorSettings.model_fields}
    if unknown := sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known):
        raise SettingsError(f"environment: {unknown[0]} is no setting; known are {', '.join(sorted(known))}")
    try:
        if path is not None:
            path.open("rb").close()
        return FromFile(**given)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error
    except UnreadableError as error:
        raise SettingsError(f'environment: {error}: expected a list such as ["LTE 20"]') from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(part for part in first["loc"] if isinstance(part, str))
        what = first["ctx"]["error"] if first["type"] == "value_error" else first["msg"].lower()
        raise SettingsError(f"{path or 'settings'}: {key}: {what}") from error
