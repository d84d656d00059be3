from dataclasses import replace

import pytest

from api.actors import HUB, Actor, ActorKind
from api.hub import sweep
from api.shelving import ShelfError, ShelfKind, ShelvingRules, asked_for, confirmed, ended, in_force, run_out

RULES = ShelvingRules(longest_us=1000, confirm_within_us=100)
DANA = Actor(name="Dana", kind=ActorKind.PERSON, verified=False)
EVE = replace(DANA, name="Eve")


def shelf(kind=ShelfKind.WING, lasts_us=500):
    return asked_for(kind, "B", reason="works", lasts_us=lasts_us, actor=DANA, rules=RULES, now_us=0)


def test_a_sensor_is_shelved_at_once_and_a_wing_by_two_people():
    assert shelf(ShelfKind.SENSOR).is_in_force(now_us=0)
    assert not shelf().is_in_force(now_us=0)
    agreed = confirmed(shelf(), EVE, rules=RULES, now_us=50)
    assert (agreed.is_in_force(now_us=499), agreed.is_in_force(now_us=500)) == (True, False)
    assert confirmed(agreed, EVE, rules=RULES, now_us=60) == agreed


@pytest.mark.parametrize("actor", [DANA, replace(DANA, name="dana")])
def test_one_person_is_not_two(actor):
    with pytest.raises(ShelfError, match="second person"):
        confirmed(shelf(), actor, rules=RULES, now_us=50)


def test_an_agreement_that_comes_too_late_or_to_nothing_is_refused():
    with pytest.raises(ShelfError, match="waited for too long"):
        confirmed(shelf(), EVE, rules=RULES, now_us=101)
    for done in (shelf(ShelfKind.SENSOR), ended(shelf(), DANA, now_us=10)):
        with pytest.raises(ShelfError, match="does not wait"):
            confirmed(done, EVE, rules=RULES, now_us=50)


@pytest.mark.parametrize("lasts_us", [0, -1, 1001])
def test_nothing_is_shelved_for_longer_than_allowed(lasts_us):
    with pytest.raises(ShelfError, match="seconds"):
        shelf(lasts_us=lasts_us)


def test_a_shelf_runs_out_by_itself():
    held = shelf(ShelfKind.SENSOR)
    assert run_out(held, rules=RULES, now_us=499) == held
    over = run_out(held, rules=RULES, now_us=700)
    assert (over.ended_us, over.ended_by) == (500, HUB)
    assert run_out(shelf(), rules=RULES, now_us=101).ended_us == 101
    assert ended(over, DANA, now_us=800) == over
    assert in_force([held, shelf(), over], ShelfKind.SENSOR, now_us=10) == {"B": 500}


@pytest.fixture
def ask(client):
    def asking(path, actor="Dana", **body):
        request = {"json": body} if body else {}
        return client.request("POST", f"/api/v1/{path}", headers={"X-Wingwatch-Actor": actor}, **request)

    return asking


WING = {"kind": "wing", "name": "B", "reason": "Contractors with phones", "seconds": 3600}


def test_a_shelved_wing_is_recorded_visible_and_announced_when_the_shelf_ends(client, app, ask, send, detection, clock):
    asked = ask("shelves", **WING).json()
    assert (asked["since_utc"], asked["asked_by"]["name"]) == (None, "Dana")
    assert ask("shelves", **WING).json() == asked
    assert ask(f"shelves/{asked['id']}/confirm").status_code == 409
    agreed = ask(f"shelves/{asked['id']}/confirm", actor="Eve").json()
    assert agreed["confirmed_by"] == {"name": "Eve", "kind": "person", "verified": False}
    wing = next(each for each in client.items("wings") if each["name"] == "B")
    assert wing["shelved_until_utc"] == agreed["until_utc"]
    assert wing["why"].endswith("Its alerts are not announced: the wing is shelved.")
    send("B1", detection())
    (alert,) = client.items("alerts")
    assert (alert["withheld"], alert["announced_utc"]) == ("shelved", None)
    assert client.items("shelves") == [agreed]
    clock.advance(3600)
    send("B1", detection(0.0, 3600.0, part=2))
    sweep(app.state.hub)
    assert client.items("shelves") == []
    assert client.items("shelves", open="false")[0]["ended_by"]["kind"] == "hub"
    assert client.items("alerts")[0]["announced_utc"] is not None
    assert next(each for each in client.items("wings") if each["name"] == "B")["shelved_until_utc"] is None


def test_a_shelved_sensor_holds_back_what_it_alone_hears_until_it_is_taken_back(client, app, ask, send, detection):
    shelf = ask("shelves", kind="sensor", name="B1", reason="Wet connector", seconds=60).json()
    assert next(s for s in client.items("sensors") if s["name"] == "B1")["shelved_until_utc"] == shelf["until_utc"]
    send("B1", detection())
    assert client.items("alerts")[0]["withheld"] == "shelved"
    send("B2", detection(power_dbfs=-60.0))
    assert client.items("alerts")[0]["withheld"] is None
    first, second = (ask(f"shelves/{shelf['id']}/end", actor="Eve").json() for _ in range(2))
    assert first == second
    assert first["ended_by"]["name"] == "Eve"


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"kind": "prison"}, "kind"),
        ({"name": "Z"}, "name"),
        ({"kind": "sensor"}, "name"),
        ({"reason": "  "}, "reason"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": 28801}, "seconds"),
        ({"seconds": 1e300}, "seconds"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_shelf_that_cannot_be_is_named_by_its_field(client, ask, changes, parameter):
    refused = ask("shelves", **WING | changes)
    assert (refused.status_code, refused.json()["parameter"]) == (422, parameter)
    assert client.items("shelves") == []


def test_shelves_and_alarms_that_are_not_there_are_not_found(ask):
    for path in ("shelves/9/confirm", "shelves/9/end", "standing/9/acknowledge"):
        assert ask(path).status_code == 404
