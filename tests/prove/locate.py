"""The proof ``locate``: phones are placed in prisons whose layout and law of propagation nobody told.

Each trial makes one prison: six layouts of one to six wings, six laws, and one sensor that is 8 dB deaf. What a tape
measures and 500 episodes are given; ranks are held against an oracle that knows the law and all but the shadowing. Of
cells said to be 20 to 30 % sure, 20 to 30 % are right.
"""

from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.locate import State, begin, deaf_sensors, learn
from detector.locate.evidence import weigh
from detector.locate.learning import field_of
from tests.detector.prisons import LAWS, LAYOUTS, Prison, make_prison
from tests.prove.proof import Bound, Outcomes, Proof, Share

__all__ = ["PROOF"]

KINDS: Final = tuple(product(LAYOUTS, LAWS))
EPISODES: Final = 500
DEAF_DB: Final = 8.0
OF_ORACLE: Final = 0.75
STEPS: Final = 10
BOUND_STEPS: Final = range(1, 6)
"""Tenths that enough cells reach for a few prisons to say something; the others are counted all the same."""


Chances = NDArray[np.float64]
Places = NDArray[np.int64]


def trial(seed: int) -> Outcomes:
    """One prison."""
    layout, law = KINDS[seed % len(KINDS)]
    prison = make_prison(layout, law, seed=seed, episodes=EPISODES, deaf_db=DEAF_DB)
    state = learn(prison.ground, begin(prison.ground), prison.episodes)
    chances = places_of(prison, state)
    inside = prison.where >= 0
    cells, where, oracle = chances[inside, : len(prison.ground.spots)], prison.where[inside], prison.oracle[inside]
    ranked = np.argsort(-cells, axis=1, kind="stable")
    wings = np.array([spot.wing for spot in prison.ground.spots])
    outside = chances[~inside, : len(prison.ground.spots)].sum(axis=1)
    right = [deaf.sensor for deaf in deaf_sensors(prison.ground, state)] == [prison.deaf]
    return {
        "right wing": share(wings[ranked[:, 0]] == wings[where]),
        "first cell right": share(among(ranked[:, :1], where)),
        "first cell right by the oracle": share(among(oracle[:, :1], where)),
        "one of three right": share(among(ranked, where)),
        "one of three right by the oracle": share(among(oracle, where)),
        f"first cell at least {OF_ORACLE} of the oracle": enough(ranked[:, :1], oracle[:, :1], where),
        f"first three at least {OF_ORACLE} of the oracle": enough(ranked, oracle, where),
        "outside taken for inside": share(outside > 0.5),
        "the deaf sensor named, and no other": right,
        **reliability(cells.max(axis=1), ranked[:, 0] == where),
    }


def places_of(prison: Prison, state: State) -> Chances:
    """Posterior of the place, shape (n_episodes, n_places)."""
    weighed = weigh(prison.episodes, field_of(prison.ground, state), state.places, state.power)
    return np.vstack([chunk.places for chunk in weighed])


def among(ranked: Places, where: Places) -> NDArray[np.bool_]:
    """Whether the true cell is one of the first three at most."""
    return (ranked[:, :3] == where[:, None]).any(axis=1)


def enough(ranked: Places, oracle: Places, where: Places) -> bool:
    """Whether so many are right as are asked of what the oracle gets right."""
    return bool(among(ranked, where).mean() >= OF_ORACLE * among(oracle, where).mean())


def reliability(said: Chances, right: NDArray[np.bool_]) -> dict[str, Share]:
    """How many were right of those said to be as sure as each tenth tells, and of all as far as they were sure."""
    step = np.minimum((said * STEPS).astype(int), STEPS - 1)
    return {name_of(k): share(right[step == k]) for k in range(STEPS) if (step == k).any()}


def name_of(step: int) -> str:
    """The name of one tenth."""
    return f"right where {10 * step} to {10 * step + 10} % are said"


def share(hits: NDArray[np.bool_]) -> Share:
    """Hits as a share."""
    return Share(int(hits.sum()), hits.size)


PROOF: Final = Proof(
    name="locate",
    claim="In prisons of any layout and law the wing is right, cells rank nearly as by an oracle, and sureness is earned.",
    count=108,
    few=12,
    trial=trial,
    bounds=(
        Bound(about="right wing", at_least=0.97),
        Bound(about=f"first cell at least {OF_ORACLE} of the oracle", at_least=0.9),
        Bound(about=f"first three at least {OF_ORACLE} of the oracle", at_least=0.9),
        Bound(about="outside taken for inside", at_most=0.03),
        Bound(about="the deaf sensor named, and no other", at_least=0.9),
        *(Bound(about=name_of(k), at_least=k / STEPS, at_most=(k + 1) / STEPS) for k in BOUND_STEPS),
    ),
)
