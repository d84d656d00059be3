"""Learning a site's law from episodes whose places nobody knows, by expectation and maximisation.

Episodes from one cell share their shadowing, so many of them say little more about the law than one (the design effect
of clustered samples); phones outside teach the law nearly nothing, since their places are known too badly. What was
learned is a value; learning more gives another.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from detector.locate.evidence import Episodes, Field, Power, any_power, weigh
from detector.locate.expectation import Sums, no_sums, sums_of, walk_sums
from detector.locate.ground import Ground, Real
from detector.locate.law import Law, law_of
from detector.locate.walks import Walks, no_walks, walked

__all__ = ["State", "begin", "field_of", "learn", "with_walks"]

SPREAD_DB: Final = 6.0
SPREAD_WEIGHT: Final = 30.0
"""The prior of the deviations' spread, and how many deviations it is worth."""

SHARED: Final = 0.9
"""Share of the deviation's variance that all episodes of a cell have in common: shadowing, not fading."""

OUTSIDE: Final = 0.1
OUTSIDE_WEIGHT: Final = 0.1
PSEUDO: Final = 5.0
"""Phones outside at first; what one of them is worth to the law; and how many episodes this prior is worth."""

MAX_EPISODES: Final = 1500
MAX_ROUNDS: Final = 40
SETTLED_DB: Final = 0.1
RELAX: Final = 1.5
"""Each round goes so far beyond where plain expectation and maximisation would go; below 2 it still converges."""

MEMORY: Final = 20_000.0
"""Episodes that are remembered; older ones fade."""


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """What is known of a site's propagation and of its phones.

    Parameters
    ----------
    law
        The terms of the loss, with their prior.
    terms, covariance
        Their coefficients as now known, shapes (n_terms,) and (n_terms, n_terms).
    spread_db
        Standard deviation of a level about the law.
    places
        Shape (n_places,): prior of the place.
    power
        The phones' powers; None while nothing was learned.
    walks
        Walk tests, which replace the law where they went.
    memory
        Of the episodes learned from.
    """

    law: Law
    terms: Real
    covariance: Real
    spread_db: float
    places: Real
    power: Power | None
    walks: Walks
    memory: Sums


def begin(ground: Ground) -> State:
    """What is known before anything was heard: the stated priors."""
    law = law_of(ground)
    n_spots, n_outside = len(ground.spots), len(ground.outside_m)
    return State(
        law=law,
        terms=law.mean,
        covariance=np.diag(law.sd**2),
        spread_db=SPREAD_DB,
        places=np.r_[np.full(n_spots, (1 - OUTSIDE) / n_spots), np.full(n_outside, OUTSIDE / n_outside)],
        power=None,
        walks=no_walks(len(ground.sensors)),
        memory=no_sums(n_spots + n_outside, len(ground.sensors)),
    )


def with_walks(state: State, walks: Walks) -> State:
    """The state with these walk tests in place of those before."""
    return replace(state, walks=walks)


def field_of(ground: Ground, state: State) -> Field:
    """Expected levels by the law, as sure as it is, and where a walk test was made, by what it measured."""
    law = law_field(ground, state)
    spread_db = np.hypot(law.spread_db, doubt_db(state))
    return walked(replace(law, spread_db=spread_db), state.walks, shared=SHARED)


def law_field(ground: Ground, state: State) -> Field:
    """Expected levels by the law, as if it were sure."""
    mean_db = law_mean(state.law, state.terms)
    return Field(mean_db=mean_db, spread_db=np.full(mean_db.shape, state.spread_db), limits_db=ground.limits_db)


def doubt_db(state: State) -> Real:
    """Standard deviation of the law's own error, shape (n_places, n_sensors), without what all sensors have in common.

    The phone's unknown power takes up that.
    """
    apart = state.law.features - state.law.features.mean(axis=1, keepdims=True)
    return np.asarray(np.sqrt(np.einsum("pst,tu,psu->ps", apart, state.covariance, apart, optimize=True)))


def law_mean(law: Law, terms: Real) -> Real:
    """Expected level of a phone of power zero, shape (n_places, n_sensors) [dB]."""
    return np.asarray(law.features @ terms)


def learn(ground: Ground, state: State, episodes: Episodes) -> State:
    """Learn from further episodes.

    Parameters
    ----------
    episodes
        None of them learned from before. Of very many an even selection is used: the law gains nothing by more.
    """
    if not len(episodes):
        return state
    state = ready(ground, state, episodes)
    sample = episodes[:: -(-len(episodes) // MAX_EPISODES)]
    past = state.memory.scaled(min(1.0, MEMORY / max(1.0, state.memory.powers.sum())))
    for _ in range(MAX_ROUNDS):
        before = state.terms
        state = fitted(ground, state, past + expected(ground, state, sample))
        if np.abs(state.terms - before).max() < SETTLED_DB:
            break
        state = replace(state, terms=before + RELAX * (state.terms - before))
    return state


def ready(ground: Ground, state: State, episodes: Episodes) -> State:
    """The state with a range of powers to try."""
    return state if state.power else replace(state, power=any_power(episodes, law_field(ground, state)))


def expected(ground: Ground, state: State, episodes: Episodes) -> Sums:
    """Expected sums of episodes under the state."""
    field = walked(law_field(ground, state), state.walks, shared=SHARED)
    return sums_of(weigh(episodes, field, state.places, state.power), field)


def fitted(ground: Ground, state: State, memory: Sums) -> State:
    """The state that explains the expected sums, and the walk tests, best."""
    sums = memory + walk_sums(law_field(ground, state), state.walks)
    worth = worth_of(sums.places, len(ground.spots))
    terms, covariance = fitted_terms(state, sums, worth)
    return replace(
        state,
        terms=terms,
        covariance=covariance,
        spread_db=fitted_spread_db(state, sums, worth, len(ground.spots)),
        places=places_prior(memory.places, len(ground.spots)),
        power=state.power and replace(state.power, counts=memory.powers),
        memory=memory,
    )


def worth_of(counts: Real, n_spots: int) -> Real:
    """What each episode at a place is worth to the law, shape (n_places, 1), by how many there were."""
    worth = 1 / (1 + np.maximum(0.0, counts - 1) * SHARED)
    worth[n_spots:] = OUTSIDE_WEIGHT
    return np.asarray(worth[:, None])


def fitted_terms(state: State, sums: Sums, worth: Real) -> tuple[Real, Real]:
    """The law's coefficients and their covariance: Bayesian linear regression (Bishop 2006, 3.3.1)."""
    law, precision = state.law, worth / state.spread_db**2
    features = law.features.reshape(-1, len(law.mean))
    known = np.diag(law.sd**-2.0) + (features.T * (precision * sums.weight).ravel()) @ features
    pulled = law.mean / law.sd**2 + features.T @ (precision * sums.first).ravel()
    covariance: Real = np.linalg.inv(known).astype(float)
    return covariance @ pulled, covariance


def fitted_spread_db(state: State, sums: Sums, worth: Real, n_spots: int) -> float:
    """Standard deviation of a level indoors about the law."""
    mean_db = law_mean(state.law, state.terms)
    squares = (sums.second - 2 * mean_db * sums.first + mean_db**2 * sums.weight) * worth
    count = (sums.weight * worth)[:n_spots].sum()
    return float(np.sqrt((squares[:n_spots].sum() + SPREAD_WEIGHT * SPREAD_DB**2) / (count + SPREAD_WEIGHT)))


def places_prior(counts: Real, n_spots: int) -> Real:
    """Prior of the place: the same for each spot; for each place outside as it occurs."""
    inside, outside = counts[:n_spots].sum(), counts[n_spots:]
    spots = np.full(n_spots, (inside + PSEUDO * (1 - OUTSIDE)) / n_spots)
    places = np.r_[spots, outside + PSEUDO * OUTSIDE / max(1, len(outside))]
    return np.asarray(places / places.sum())
