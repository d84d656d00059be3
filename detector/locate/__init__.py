"""Location: from received levels and silences to a probability for each cell, and for outside.

The law of propagation of a site is not known at first: it starts from stated priors and is learned from episodes whose
places nobody knows, and from walk tests where they exist. Only differences of levels matter. No input, no output.

Examples
--------
>>> ground = ground_of(spots, sensors)                    # doctest: +SKIP
>>> state = learn(ground, begin(ground), episodes)        # doctest: +SKIP
>>> posteriors(ground, state, episodes)[0].cells          # doctest: +SKIP
"""

from detector.locate.answer import Posterior, posterior, posteriors
from detector.locate.evidence import Episodes
from detector.locate.ground import Ground, Sensor, Spot, ground_of
from detector.locate.health import Deaf, deaf_sensors
from detector.locate.learning import State, begin, learn, with_walks
from detector.locate.walks import Walks

__all__ = [
    "Deaf",
    "Episodes",
    "Ground",
    "Posterior",
    "Sensor",
    "Spot",
    "State",
    "Walks",
    "begin",
    "deaf_sensors",
    "ground_of",
    "learn",
    "posterior",
    "posteriors",
    "with_walks",
]
