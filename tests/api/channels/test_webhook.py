import base64
import json
import socket
from ipaddress import ip_network

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from api.channels.port import AwayError, BarredError, RefusedError
from api.channels.webhook import Webhook, key_of, signature

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
HERE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.fixture
def webhook(authority, utc_now):
    made = []

    def opened(url, *, networks=HERE, timeout_s=5.0):
        told = {"networks": networks, "authorities": str(authority[1]), "timeout_s": timeout_s, "clock": utc_now}
        made.append(Webhook(url, key_of(SECRET), **told))
        return made[-1]

    yield opened
    for each in made:
        each.close()


@pytest.fixture
def server(answering, certified):
    return answering(certified())


def test_the_reference_library_verifies_what_is_sent(server, webhook, parcel):
    webhook(f"https://localhost:{server.port}/in?a=b").send(parcel())
    ((path, headers, body),) = server.requests
    told = standardwebhooks.Webhook(SECRET).verify(body, headers)
    assert path == "/in?a=b"
    assert headers["host"] == f"localhost:{server.port}"
    assert headers["webhook-id"] == parcel().id
    assert told["type"] == "alert.opened"
    assert told["timestamp"].startswith("2026-03-01T12:00:00")
    assert told["data"]["cells"][0] == {"name": "B-1-04", "probability": 0.62}
    assert (told["data"]["wing"], told["data"]["priority"]) == ("B", "high")


def test_what_was_changed_on_the_way_is_not_verified(server, webhook, parcel):
    webhook(f"https://localhost:{server.port}/").send(parcel())
    ((_, headers, body),) = server.requests
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(SECRET).verify(body.replace(b"high", b"low!"), headers)


@given(body=st.binary(), message=st.text("abc_.0123", min_size=1), seconds=st.integers(0, 2**33))
def test_the_signature_is_that_of_the_reference_library(body, message, seconds):
    from datetime import UTC, datetime

    text = base64.b64encode(body)
    theirs = standardwebhooks.Webhook(SECRET).sign(message, datetime.fromtimestamp(seconds, UTC), text.decode())
    assert signature(key_of(SECRET), message, str(seconds), text) == theirs


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, None),
        (202, None),
        (301, BarredError),
        (400, RefusedError),
        (401, BarredError),
        (403, BarredError),
        (404, BarredError),
        (408, AwayError),
        (410, BarredError),
        (413, RefusedError),
        (422, RefusedError),
        (425, AwayError),
        (429, AwayError),
        (500, AwayError),
        (503, AwayError),
        (0, AwayError),
    ],
)
def test_a_peer_that_refuses_is_told_from_one_that_is_away(server, webhook, parcel, status, error):
    server.status = status
    channel = webhook(f"https://localhost:{server.port}/secret-path")
    if error is None:
        channel.send(parcel())
        return
    with pytest.raises(error) as caught:
        channel.send(parcel())
    assert "secret-path" not in str(caught.value)


def test_a_redirect_to_a_private_address_is_not_followed(server, answering, webhook, parcel):
    inside = answering()
    server.status, server.headers = 307, {"Location": f"http://127.0.0.1:{inside.port}/admin"}
    with pytest.raises(BarredError, match="a redirect is not followed"):
        webhook(f"https://localhost:{server.port}/").send(parcel())
    assert inside.requests == []


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "::1", "fd00::1"]
)
def test_an_address_that_is_not_public_is_never_connected_to(webhook, parcel, monkeypatch, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    answer = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr("api.channels.addresses.socket.getaddrinfo", lambda *_, **__: answer)
    with pytest.raises(BarredError, match="not public"):
        webhook("https://hooks.example/", networks=()).send(parcel())


def test_the_address_that_was_checked_is_the_one_that_is_used(server, webhook, parcel, monkeypatch):
    """A name that leads elsewhere when it is asked for again, as in DNS rebinding, is asked for once."""
    asked = []

    def resolved(host, port, *args, **kwargs):
        asked.append(host)
        moved = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
        address = moved if host == "localhost" else host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr("socket.getaddrinfo", resolved)
    webhook(f"https://localhost:{server.port}/", networks=(ip_network("127.0.0.1/32"),)).send(parcel())
    assert asked[0] == "localhost"
    assert set(asked[1:]) <= {"127.0.0.1"}  # the address itself, on its way to a socket
    assert len(server.requests) == 1


def test_a_certificate_of_another_name_bars_the_channel(answering, certified, webhook, parcel):
    server = answering(certified("elsewhere.example"))
    with pytest.raises(BarredError, match="certificate"):
        webhook(f"https://localhost:{server.port}/").send(parcel())
    assert server.requests == []


def test_a_certificate_of_an_unknown_authority_bars_the_channel(server, parcel, utc_now):
    channel = Webhook(
        f"https://localhost:{server.port}/",
        key_of(SECRET),
        networks=HERE,
        authorities=None,
        timeout_s=5.0,
        clock=utc_now,
    )
    with pytest.raises(BarredError, match="certificate"):
        channel.send(parcel())
    channel.close()


def test_a_peer_that_is_not_there_or_too_slow_is_away(server, webhook, parcel):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(AwayError, match="no connection"):
        webhook(f"https://localhost:{port}/").send(parcel())
    server.pause.clear()
    with pytest.raises(AwayError, match="no answer in time"):
        webhook(f"https://localhost:{server.port}/", timeout_s=0.3).send(parcel())


def test_a_name_that_cannot_be_resolved_is_away(webhook, parcel):
    with pytest.raises(AwayError, match="cannot be resolved"):
        webhook("https://nowhere.invalid/").send(parcel())


def test_the_target_shows_no_path(webhook):
    assert webhook("https://hooks.example/services/T000/secret").target == "https://hooks.example"


@pytest.mark.parametrize("secret", ["whsec_!", "whsec_AAAA", "whsec_" + base64.b64encode(bytes(65)).decode()])
def test_a_secret_that_is_none_is_refused_without_being_shown(secret):
    with pytest.raises(ValueError, match="expected") as caught:
        key_of(secret)
    assert secret not in str(caught.value)


def test_nothing_of_a_notice_names_a_person(server, webhook, parcel):
    webhook(f"https://localhost:{server.port}/").send(parcel())
    told = json.loads(server.requests[0][2])
    assert not {"actor", "note", "acknowledged_by"} & told["data"].keys()
