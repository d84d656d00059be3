"""Fixtures that several folders share."""

import numpy as np
import pytest

from detector.bands import BandPlan
from detector.profile import Profile
from sdr.defaults import band_plan, default_profile


@pytest.fixture(scope="session")
def profile() -> Profile:
    return default_profile()


@pytest.fixture(scope="session")
def plan() -> BandPlan:
    return band_plan()


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Seeded by the test's own name, so that tests do not depend on their order."""
    return np.random.default_rng(list(request.node.nodeid.encode()))
