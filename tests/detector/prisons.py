"""Made-up prisons of several layouts and laws of propagation: the ground truth that location is tested against.

A prison is drawn from a seed: cells, sensors, losses with shadowing fixed per cell and sensor, and episodes of phones in
cells and outside. Its oracle knows everything but the shadowing.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from detector.locate import Episodes, Ground, Sensor, Spot, ground_of

__all__ = ["LAWS", "LAYOUTS", "Prison", "make_prison"]

Array = NDArray[np.float64]

FADING_DB: Final = 1.5
POWERS_DBM: Final = (5.0, 33.0)
OUTSIDE: Final = 0.08
MARGIN_DB: Final = 3.0


@dataclass(frozen=True, kw_only=True)
class Prison:
    """A site, what its sensors heard, and the truth.

    ``where`` is the index of the phone's cell, -1 outside; ``oracle`` the three likeliest cells, shape (n_episodes, 3);
    ``law_db`` and ``shadow_db`` what the law and the shadowing add to a level, shape (n_cells, n_sensors).
    """

    ground: Ground
    episodes: Episodes
    where: NDArray[np.int64]
    oracle: NDArray[np.int64]
    deaf: str | None
    law_db: Array
    shadow_db: Array


def row(wing, x, y, heading, *, cells, pitch, landing, corridor=3.0, depth=4.0):
    """Two rows of cells along a corridor that starts at (x, y) and runs towards ``heading`` [rad]."""
    ahead, aside = np.array([np.cos(heading), np.sin(heading)]), np.array([-np.sin(heading), np.cos(heading)])
    size = np.abs(pitch * ahead) + np.abs(depth * aside)
    for k in range(cells):
        for side in (-1, 1):
            middle = np.array([x, y]) + (k + 0.5) * pitch * ahead + side * (corridor + depth) / 2 * aside
            yield Spot(
                name=f"{wing}-{landing + 1}-{2 * k + (side > 0) + 1:02d}",
                wing=wing,
                centre_m=(float(middle[0]), float(middle[1]), 3.0 * landing + 1.0),
                size_m=(float(size[0]), float(size[1]), 3.0),
            )


def sensor_at(name, x, y, heading, along, landing, rng, *, across=0.0):
    ahead = np.array([np.cos(heading), np.sin(heading)])
    place = np.array([x, y]) + along * ahead + across * ahead[::-1] * (-1, 1)
    limit = rng.uniform(-112, -104) + MARGIN_DB
    return Sensor(name=name, place_m=(float(place[0]), float(place[1]), 3.0 * landing + 2.6), limit_db=float(limit))


def perimeter(name, x, y, rng):
    limit = rng.uniform(-112, -104) + MARGIN_DB
    return Sensor(name=name, place_m=(float(x), float(y), 4.0), limit_db=float(limit), perimeter=True)


def wings_of(plan, rng, *, pitch, landings, per_wing, around=2):
    """Cells and sensors of wings, each given as (name, x, y, heading, cells in a row), and two or four on the perimeter."""
    spots = [
        spot
        for wing, x, y, heading, cells in plan
        for landing in range(landings)
        for spot in row(wing, x, y, heading, cells=cells, pitch=pitch, landing=landing)
    ]
    shares = [(0.15, 0), (0.85, landings - 1), (0.5, landings // 2), (0.7, 0), (0.3, landings - 1)]
    sensors = [
        sensor_at(f"{wing}{k + 1}", x, y, heading, shares[k][0] * pitch * cells, shares[k][1], rng)
        for wing, x, y, heading, cells in plan
        for k in range(per_wing)
    ]
    low, high = np.min([s.centre_m for s in spots], axis=0), np.max([s.centre_m for s in spots], axis=0)
    middle = (low + high) / 2
    sensors += [perimeter("P1", low[0] - 18, middle[1], rng), perimeter("P2", high[0] + 18, middle[1], rng)]
    if around == 4:
        sensors += [perimeter("P3", middle[0], low[1] - 18, rng), perimeter("P4", middle[0], high[1] + 18, rng)]
    return tuple(spots), tuple(sensors)


def long_wing(rng):
    """One long wing of two storeys, in two halves that staff call by different names."""
    plan = [("A", 0.0, 0.0, 0.0, 11), ("B", 40.0, 0.0, 0.0, 11)]
    return wings_of(plan, rng, pitch=3.0, landings=2, per_wing=4)


def star(rng):
    """Four wings around a hub, three landings."""
    angles = rng.uniform(0, np.pi / 2) + np.arange(4) * np.pi / 2
    plan = [(w, 14 * np.cos(a), 14 * np.sin(a), a, 4) for w, a in zip("ABCD", angles, strict=True)]
    return wings_of(plan, rng, pitch=2.8, landings=3, per_wing=3)


def two_storeys(rng):
    """Two parallel wings of two storeys with deep cells."""
    plan = [("K", 0.0, 0.0, np.pi / 2, 9), ("L", rng.uniform(28, 40), 6.0, np.pi / 2, 9)]
    return wings_of(plan, rng, pitch=3.4, landings=2, per_wing=4)


def four_blocks(rng):
    """Four small blocks in a yard, one landing more than most."""
    plan = [(w, 45.0 * (i % 2), 40.0 * (i // 2), 0.0, 4) for i, w in enumerate("EFGH")]
    return wings_of(plan, rng, pitch=2.5, landings=3, per_wing=3)


def one_wing(rng):
    """A single wing of four landings, with four sensors on its perimeter."""
    plan = [("W", 0.0, 0.0, rng.uniform(0, np.pi), 8)]
    return wings_of(plan, rng, pitch=2.6, landings=4, per_wing=5, around=4)


def camp(rng):
    """Six huts of one storey in two ranks, few sensors in each and four around all."""
    plan = [(w, 24.0 * (i % 3), rng.uniform(30, 36) * (i // 3), 0.0, 5) for i, w in enumerate("MNOQRS")]
    return wings_of(plan, rng, pitch=3.2, landings=1, per_wing=3, around=4)


LAYOUTS: Final = {
    "long wing": long_wing,
    "star": star,
    "two storeys": two_storeys,
    "four blocks": four_blocks,
    "one wing": one_wing,
    "camp": camp,
}


def parts(ground, place, wing):
    """Distance, horizontal distance, whole floors, and whether in one wing, from a place to each sensor."""
    delta = ground.sensors_m - place
    distance = np.maximum(1.0, np.linalg.norm(delta, axis=1))
    flat = np.linalg.norm(delta[:, :2], axis=1)
    floors = np.abs(np.floor(place[2] / 3.0) - np.floor(ground.sensors_m[:, 2] / 3.0))
    same = np.array([w is not None and w == wing for w in ground.sensor_wings])
    return distance, flat, floors, same


def plain(ground, place, wing, rng):
    """Distance, floors, a wall each ten metres, three walls between wings."""
    n, floor, wall = rng.uniform(2.2, 3.2), rng.uniform(9, 15), rng.uniform(3, 8)
    distance, flat, floors, same = parts(ground, place, wing)
    return 10 * n * np.log10(distance) + floor * floors + wall * (1 + np.minimum(3, flat / 8) + 3 * ~same)


def guided(ground, place, wing, rng):
    """Corridors that guide: on one's own landing the loss grows slowly, through the floor it does not."""
    n, guide, floor, wall = rng.uniform(2.6, 3.2), rng.uniform(1.2, 1.7), rng.uniform(12, 18), rng.uniform(4, 8)
    distance, _, floors, same = parts(ground, place, wing)
    exponent = np.where(same & (floors == 0), guide, n)
    return 10 * exponent * np.log10(distance) + floor * floors + wall * (1 + 3 * ~same)


def leaky(ground, place, wing, rng):
    """Leaky floors: the first costs little and the next ones less, the stairwell carries."""
    n, first, wall = rng.uniform(2.2, 2.8), rng.uniform(4, 8), rng.uniform(4, 9)
    distance, flat, floors, same = parts(ground, place, wing)
    return 10 * n * np.log10(distance) + first * np.sqrt(floors) + wall * (1 + np.minimum(2, flat / 10) + 2 * ~same)


def damped(ground, place, wing, rng):
    """Loss by the metre instead of by the decade, behind a breakpoint, and dense floors."""
    per_metre, floor, way_out = rng.uniform(0.5, 0.9), rng.uniform(12, 20), rng.uniform(8, 20)
    distance, flat, floors, same = parts(ground, place, wing)
    indoors = np.where(same, per_metre * flat, per_metre * np.minimum(flat, 25))
    return 20 * np.log10(distance) + indoors + floor * floors + way_out * ~same


def gallery(ground, place, wing, rng):
    """An open gallery: landings share one well of air, so floors cost next to nothing beyond a few metres."""
    n, rail, wall = rng.uniform(1.6, 2.2), rng.uniform(4, 8), rng.uniform(5, 9)
    distance, _, floors, same = parts(ground, place, wing)
    within = rail * np.minimum(1, floors) * np.exp(-distance / 12)
    return 10 * n * np.log10(distance) + wall * (1 + 3 * ~same) + np.where(same, within, 6 * floors)


def cellular(ground, place, wing, rng):
    """Concrete cells: a thick wall every few metres until the way round them costs less."""
    wall, floor, way_round = rng.uniform(4, 7), rng.uniform(10, 16), rng.uniform(22, 30)
    distance, flat, floors, same = parts(ground, place, wing)
    through = np.minimum(way_round, wall * np.floor(flat / 3.0))
    return 22 * np.log10(distance) + through + floor * floors + 8 * ~same


LAWS: Final = {
    "plain": plain,
    "guided": guided,
    "leaky": leaky,
    "damped": damped,
    "gallery": gallery,
    "cellular": cellular,
}


def make_prison(layout, law, *, seed, episodes=5000, shadowing_db=6.0, deaf_db=0.0):
    """A prison of one of the LAYOUTS under one of the LAWS; with ``deaf_db`` one sensor inside hears less."""
    rng = np.random.default_rng([seed, *layout.encode(), *law.encode()])
    spots, sensors = LAYOUTS[layout](rng)
    ground = ground_of(spots, sensors)
    air = int(rng.integers(2**31))

    def loss_at(place, wing):
        return LAWS[law](ground, np.asarray(place), wing, np.random.default_rng(air))

    loss = np.array([loss_at(spot.centre_m, spot.wing) for spot in spots])
    deaf = int(rng.integers(len(sensors) - 2)) if deaf_db else None
    gain = np.where(np.arange(len(sensors)) == deaf, -deaf_db, 0.0) if deaf_db else np.zeros(len(sensors))
    shadow = rng.normal(0, shadowing_db, loss.shape)
    where = np.where(rng.random(episodes) < OUTSIDE, -1, rng.integers(len(spots), size=episodes))
    low, high = np.min(ground.places_m[: len(spots)], axis=0), np.max(ground.places_m[: len(spots)], axis=0)
    mean = np.array(
        [
            -loss[k] - shadow[k]
            if k >= 0
            else -loss_at(beyond(low, high, rng), None) - rng.normal(0, shadowing_db, len(sensors))
            for k in where
        ]
    )
    level = mean + gain - 32 + rng.uniform(*POWERS_DBM, (episodes, 1)) + rng.normal(0, FADING_DB, mean.shape)
    tuned = rng.random(mean.shape) < 0.9
    heard = tuned & (level > ground.limits_db)
    kept = heard.any(axis=1)
    found = Episodes(levels_db=np.where(heard, np.round(level, 1), np.nan)[kept], poi=tuned[kept].astype(float))
    return Prison(
        ground=ground,
        episodes=found,
        where=where[kept],
        oracle=oracle(found, -32 - loss, ground.limits_db, np.hypot(shadowing_db, FADING_DB)),
        deaf=None if deaf is None else sensors[deaf].name,
        law_db=gain - loss,
        shadow_db=-shadow,
    )


def beyond(low, high, rng):
    """A place 30 to 70 m beyond the cells, on any side."""
    reach = rng.uniform(30, 70)
    side, along = rng.integers(4), rng.uniform(-30, 30)
    middle = (low + high) / 2
    x, y = [
        (low[0] - reach, middle[1] + along),
        (high[0] + reach, middle[1] + along),
        (middle[0] + along, low[1] - reach),
        (middle[0] + along, high[1] + reach),
    ][side]
    return np.array([x, y, 1.5])


def oracle(episodes, mean, limits, spread):
    """The three likeliest cells by maximum likelihood over cell and power, knowing all but shadowing and deafness."""
    heard = episodes.heard
    level = np.where(heard, episodes.levels_db, 0.0)
    best = np.full((len(level), len(mean)), -np.inf)
    for power in np.arange(POWERS_DBM[0], POWERS_DBM[1] + 1):
        expected = power + mean
        square = (level**2).sum(axis=1)[:, None] - 2 * level @ expected.T + heard @ (expected**2).T
        silent = ((episodes.poi > 0) & ~heard) @ log_ndtr((limits - expected) / spread).T
        best = np.maximum(best, silent - square / 2 / spread**2)
    return np.argsort(-best, axis=1)[:, :3]
