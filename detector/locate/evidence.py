"""What an episode says of each place: the likelihood of levels and silences, with the phone's power summed out.

A level is the phone's power, plus what the law predicts for the place, plus a Gaussian deviation. A silence says that the
level stayed below the sensor's limit, as far as the sensor would have caught the phone at all. Nothing is learned here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from detector.locate.ground import Mask, Real

__all__ = ["N_POWERS", "Episodes", "Field", "Power", "Single", "Weighed", "any_power", "chance_of_silence", "weigh"]

Single: TypeAlias = NDArray[np.float32]
"""Single precision suffices for probabilities that are summed at once."""

POWER_STEP_DB: Final = 2.0
POWER_REACH_DB: Final = (-8.0, 20.0)
"""Powers are tried from this much below what the loudest level asks for at the best place, to this much above."""

RARE: Final = 1e-4
"""Powers that fewer phones have are tried only where an episode asks for them."""

N_POWERS: Final = 100
SMOOTHING: Final = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
ODD_PHONES: Final = 0.002
"""So many phones have a power that says nothing about the others'."""

POI_STEPS: Final = 20
CHUNK: Final = 64
TINY: Final = 1e-30


@dataclass(frozen=True, kw_only=True, eq=False)
class Episodes:
    """What the sensors heard of phones, one phone an episode.

    Parameters
    ----------
    levels_db
        Shape (n_episodes, n_sensors): received levels [dB]; not a number where nothing was heard.
    poi
        Shape (n_episodes, n_sensors): probability that the sensor would have caught the phone, were it strong enough. 0
        where it was not healthy or not tuned to the channel: its silence says nothing.

    Raises
    ------
    ValueError
        If the shapes differ, a probability lies outside 0 to 1, or nobody heard an episode.
    """

    levels_db: Real
    poi: Real

    def __post_init__(self) -> None:
        if self.levels_db.shape != self.poi.shape or self.levels_db.ndim != 2:
            raise ValueError(
                f"levels_db has shape {self.levels_db.shape}, poi {self.poi.shape}; expected two equal axes"
            )
        if not np.all((self.poi >= 0) & (self.poi <= 1)):
            raise ValueError("poi is outside 0 to 1")
        if not self.heard.any(axis=1).all():
            raise ValueError(f"episode {int((~self.heard.any(axis=1)).argmax())} was heard by no sensor")

    def __len__(self) -> int:
        return len(self.levels_db)

    def __getitem__(self, picked: slice) -> "Episodes":
        return Episodes(levels_db=self.levels_db[picked], poi=self.poi[picked])

    @property
    def heard(self) -> Mask:
        """Shape (n_episodes, n_sensors)."""
        return np.isfinite(self.levels_db)

    def silences(self) -> Iterator[tuple[float, Single]]:
        """Each probability of intercept that occurs, to a twentieth, with a one where a silence has it.

        The ones stand in an array of shape (n_episodes, n_sensors).
        """
        steps = np.where(self.heard, 0, np.round(self.poi * POI_STEPS)).astype(int)
        for step in np.unique(steps[steps > 0]):
            yield float(step) / POI_STEPS, (steps == step).astype(np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """The level at which a phone of power zero is expected, and from which level a sensor hears.

    Parameters
    ----------
    mean_db, spread_db
        Shape (n_places, n_sensors): expected level and its standard deviation [dB].
    limits_db
        Shape (n_sensors,).
    """

    mean_db: Real
    spread_db: Real
    limits_db: Real


@dataclass(frozen=True, kw_only=True, eq=False)
class Power:
    """How powerful the phones of a site are, in the unit in which the law has no constant.

    Parameters
    ----------
    origin_db
        The lowest power that is tried at all [dB].
    counts
        Shape (N_POWERS,): expected episodes of each power, ``POWER_STEP_DB`` apart. None at all says that every power is
        as likely as every other.
    """

    origin_db: float
    counts: Real

    @property
    def levels_db(self) -> Real:
        """The powers, shape (N_POWERS,) [dB]."""
        return np.asarray(self.origin_db + POWER_STEP_DB * np.arange(N_POWERS), float)

    @property
    def log_prior(self) -> Real:
        """Log probability of each power but for a constant, shape (N_POWERS,)."""
        smooth = np.convolve(self.counts, SMOOTHING, mode="same")
        return np.asarray(np.log(smooth + (ODD_PHONES * self.counts.sum() + 1) / N_POWERS))


@dataclass(frozen=True, kw_only=True, eq=False)
class Weighed:
    """A chunk of episodes, weighed against powers and places.

    Parameters
    ----------
    powers
        Which of the powers were tried.
    powers_db
        Shape (n_powers,): these powers [dB].
    joint
        Shape (n_powers, n_episodes, n_places): their posterior together with that of the place; sums to one an episode.
    """

    episodes: Episodes
    powers: slice
    powers_db: Real
    joint: Single

    @property
    def places(self) -> Real:
        """Shape (n_episodes, n_places): posterior of the place."""
        return np.asarray(self.joint.sum(axis=0), float)


def weigh(episodes: Episodes, field: Field, places: Real, power: Power | None) -> Iterator[Weighed]:
    """Posterior of power and place, a chunk of episodes at a time.

    Parameters
    ----------
    places
        Shape (n_places,): prior of the place.
    power
        Prior of the power; None if every power is as likely as every other.
    """
    if not len(episodes):
        return
    power = power or any_power(episodes, field)
    powers = powers_needed(episodes, field, power)
    powers_db = power.levels_db[powers]
    log_prior = (np.log(places) + power.log_prior[powers, None, None]).astype(np.float32)
    silence = {poi: silence_log(field, powers_db, poi) for poi, _ in episodes.silences()}
    for start in range(0, len(episodes), CHUNK):
        chunk = episodes[start : start + CHUNK]
        log = heard_log(chunk, field, powers_db) + log_prior
        for poi, silent in chunk.silences():
            log += silent @ silence[poi]
        log -= log.max(axis=(0, 2), keepdims=True)
        joint = np.exp(log, out=log)
        joint /= joint.sum(axis=(0, 2), keepdims=True)
        yield Weighed(episodes=chunk, powers=powers, powers_db=powers_db, joint=joint)


def any_power(episodes: Episodes, field: Field) -> Power:
    """Every power alike, over a range about those that the episodes ask for."""
    middle = float(np.median(powers_asked(episodes, field)))
    return Power(origin_db=middle - POWER_STEP_DB * N_POWERS / 2, counts=np.zeros(N_POWERS))


def powers_asked(episodes: Episodes, field: Field) -> Real:
    """The power that would explain the loudest level at the best place, shape (n_episodes,) [dB]."""
    levels = np.where(episodes.heard, episodes.levels_db, -np.inf)
    return np.asarray(levels.max(axis=1) - field.mean_db.max(axis=0)[levels.argmax(axis=1)])


def powers_needed(episodes: Episodes, field: Field, power: Power) -> slice:
    """The powers that phones have or that the episodes ask for; all of them while nothing is known of phones."""
    if not power.counts.any():
        return slice(0, N_POWERS)
    usual = np.flatnonzero(power.counts > RARE * power.counts.sum())
    asked = (powers_asked(episodes, field) - power.origin_db) / POWER_STEP_DB
    below, above = (reach / POWER_STEP_DB for reach in POWER_REACH_DB)
    first = min(usual[0], int(np.floor(asked.min() + below)))
    last = max(usual[-1], int(np.ceil(asked.max() + above)))
    return slice(int(np.clip(first, 0, N_POWERS - 1)), int(np.clip(last, 0, N_POWERS - 1)) + 1)


def heard_log(episodes: Episodes, field: Field, powers_db: Real) -> Single:
    """Log likelihood of the heard levels but for a constant an episode, shape (n_powers, n_episodes, n_places)."""
    heard = episodes.heard.astype(float)
    level = np.where(episodes.heard, episodes.levels_db, 0.0)
    weight = field.spread_db**-2.0
    pull = weight * field.mean_db
    zeroth = heard @ weight.T
    first = level @ weight.T - heard @ pull.T
    second = level**2 @ weight.T - 2 * level @ pull.T + heard @ (pull * field.mean_db).T
    second += 2 * heard @ np.log(field.spread_db).T
    power = first / zeroth
    best = (first * power - second) / 2
    best -= best.max(axis=1, keepdims=True)
    log: Single = powers_db.astype(np.float32)[:, None, None] - power.astype(np.float32)
    np.square(log, out=log)
    log *= (-zeroth / 2).astype(np.float32)
    log += best.astype(np.float32)
    return log


def silence_log(field: Field, powers_db: Real, poi: float) -> Single:
    """Log probability of a silence, shape (n_powers, n_sensors, n_places)."""
    chance, _ = chance_of_silence(field, powers_db, poi)
    return np.log(chance).transpose(0, 2, 1).astype(np.float32)


def chance_of_silence(field: Field, powers_db: Real, poi: float) -> tuple[Real, Real]:
    """Probability of a silence, and the limit in standard deviations above the expected level.

    Both have shape (n_powers, n_places, n_sensors).
    """
    limit = (field.limits_db - field.mean_db - powers_db[:, None, None]) / field.spread_db
    return np.maximum(TINY, 1 - poi * ndtr(-limit)), limit
