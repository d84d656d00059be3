"""What is delivered with the package: the default profile and the band plans, read from its data files."""

from importlib.resources import files
from typing import Final

from detector.bands import BandPlan, parse_plan, union
from detector.profile import Profile, parse_profile

__all__ = ["COUNTRIES", "band_plan", "default_profile"]

COUNTRIES: Final = ("fr", "gb")


def default_profile() -> Profile:
    """The profile that is used where none is named."""
    return parse_profile(files("detector").joinpath("data/default-profile.json").read_bytes())


def band_plan(country: str | None = None) -> BandPlan:
    """The plan of a country (ISO 3166 code), or the union of all of them.

    Raises
    ------
    ValueError
        If there is no plan of that country.
    """
    if country is None:
        return union([band_plan(code) for code in COUNTRIES])
    if country.lower() not in COUNTRIES:
        raise ValueError(f"there is no band plan for country={country!r}; there are {', '.join(COUNTRIES)}")
    return parse_plan(files("detector").joinpath(f"data/plans/{country.lower()}.toml").read_bytes())
