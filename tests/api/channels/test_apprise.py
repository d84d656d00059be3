import json

import pytest

from api.channels.apprise_urls import AppriseUrls
from api.channels.port import AwayError, BarredError
from api.channels.wording import Language

# What apprise loads of other libraries warns of things that are theirs.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_apprise_delivers_to_a_service_that_it_knows(answering, parcel):
    server = answering()
    server.status = 200
    AppriseUrls([f"json://127.0.0.1:{server.port}/"], language=Language.FRENCH).send(parcel())
    told = json.loads(server.requests[0][2])
    assert told["title"] == "Téléphone : Wing B, probablement cellule B-1-04"
    assert "B-1-04 (62 %)" in told["message"]


def test_a_service_that_fails_is_away(answering, parcel):
    server = answering()
    server.status = 500
    with pytest.raises(AwayError):
        AppriseUrls([f"json://127.0.0.1:{server.port}/"], language=Language.ENGLISH).send(parcel())


def test_an_address_that_apprise_does_not_know_bars_the_channel_and_is_not_shown(parcel):
    channel = AppriseUrls(["nonsense://token-secret"], language=Language.ENGLISH)
    with pytest.raises(BarredError) as caught:
        channel.send(parcel())
    assert "token-secret" not in str(caught.value) + channel.target
