import base64
import hashlib
import re

import pytest

from api.app import create_app


@pytest.fixture
def app(with_cells, clock):
    made = create_app(with_cells, clock=clock)
    yield made
    made.state.hub.database.close()


@pytest.fixture
def heard(send, detection, clock):
    """Has two phones speak in wing B, an hour apart."""
    for start_s in (0.0, 3600.0):
        for name, level in {"B1": -30.0, "B2": -47.0, "A1": -75.0, "C1": -75.0}.items():
            send(name, detection(start_s, emission=int(start_s), power_dbfs=level))
        clock.advance(3600)


@pytest.mark.usefixtures("heard")
def test_the_search_list_ranks_cells_by_the_sites_own_clock(client):
    told = client.get("/api/v1/search-list").json()
    assert (told["alerts"], told["time_zone"]) == (2, "Europe/Paris")
    first = told["items"][0]
    assert first["wing"] == "B"
    assert sorted(first["alerts"]) == [1, 2]
    assert {hour["hour"] for hour in first["hours"]} == {13, 14}
    assert [cell["probability"] for cell in told["items"]] == sorted(
        (cell["probability"] for cell in told["items"]), reverse=True
    )
    assert {cell["wing"] for cell in client.get("/api/v1/search-list", wing="B").json()["items"]} == {"B"}
    assert client.get("/api/v1/search-list", days=0.01).json()["items"] == []
    assert len(client.get("/api/v1/search-list", limit=1).json()["items"]) == 1


@pytest.mark.usefixtures("heard")
def test_the_search_list_learns_from_what_was_found(client):
    first = client.get("/api/v1/search-list").json()["items"][0]
    client.act(2, "close", version=0, outcome="phone-found", cell=first["name"])
    after = client.get("/api/v1/search-list").json()["items"]
    assert first["name"] not in {cell["name"] for cell in after}


@pytest.mark.usefixtures("heard")
def test_the_hand_over_tells_what_is_open_what_was_done_and_who_does_not_listen(client):
    client.act(2, "close", version=0, outcome="not-found", note="nothing")
    told = client.get("/api/v1/handover").json()
    assert [alert["id"] for alert in told["unfinished"]] == [1]
    assert told["alerts"] == [
        {"wing": "B", "outcome": None, "alerts": 1},
        {"wing": "B", "outcome": "not-found", "alerts": 1},
    ]
    assert [(deed["alert"], deed["act"], deed["actor"]["name"]) for deed in told["transitions"]] == [
        (2, "close", "Dana")
    ]
    assert len(told["not_listening"]) == 6
    assert told["search"][0]["wing"] == "B"
    assert (told["standing"], told["shelves"], told["deaf"]) == ([], [], [])
    assert client.get("/api/v1/handover", hours=0.5).json()["alerts"] == []


@pytest.mark.parametrize(
    ("path", "params", "parameter"),
    [
        ("search-list", {"days": 0}, "days"),
        ("search-list", {"days": "nan"}, "days"),
        ("search-list", {"wing": "Z"}, "wing"),
        ("search-list", {"limit": 0}, "limit"),
        ("handover", {"hours": 100}, "hours"),
        ("handover", {"colour": 1}, "colour"),
    ],
)
def test_what_cannot_be_asked_is_named(client, path, params, parameter):
    refused = client.get(f"/api/v1/{path}", **params)
    assert (refused.status_code, refused.json()["parameter"]) == (422, parameter)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("what", ["search-list", "handover"])
def test_a_sheet_to_print_tells_the_same_and_runs_nothing(client, what):
    told, sheet = client.get(f"/api/v1/{what}").json(), client.get(f"/api/v1/{what}/sheet")
    assert sheet.headers["content-type"] == "text/html; charset=utf-8"
    (style,) = re.findall("<style>(.*?)</style>", sheet.text)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in sheet.headers["content-security-policy"]
    assert "script" not in sheet.text
    for cell in told["search" if what == "handover" else "items"]:
        assert f"<td>{cell['name']}</td><td>{cell['landing']}</td><td>{cell['probability']:.0%}</td>" in sheet.text
    assert "2026-03-01 14:00" in sheet.text


@pytest.mark.usefixtures("heard")
def test_a_sheet_shows_what_people_wrote_as_they_wrote_it(client):
    client.act(2, "close", version=0, outcome="not-found", note="<b>nothing</b> & nobody")
    sheet = client.get("/api/v1/handover/sheet").text
    assert "&lt;b&gt;nothing&lt;/b&gt; &amp; nobody" in sheet
    assert "Prison with cells" in sheet


def test_a_sheet_of_nothing_says_so(client):
    for what in ("search-list", "handover"):
        assert "<p>None.</p>" in client.get(f"/api/v1/{what}/sheet").text
    assert client.get("/api/v1/search-list/sheet", days=0).status_code == 422
