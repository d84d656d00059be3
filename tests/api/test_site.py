from dataclasses import replace

import pytest

from api.app import create_app
from api.repository import Repository
from api.settings import SettingsError
from detector.site import Zone, dump_site, parse_hours, parse_site

PATH = "/api/v1/site"


@pytest.fixture
def settings_of(with_cells):
    return with_cells.model_copy(update={"engineers": ("Dana", "Zoé")})


@pytest.fixture
def app(settings_of, clock):
    made = create_app(settings_of, clock=clock)
    yield made
    made.state.hub.database.close()


@pytest.fixture
def ask(client):
    def asking(method="GET", actor=None, path=PATH, **request):
        headers = request.pop("headers", {}) | ({} if actor is None else {"X-Wingwatch-Actor": actor})
        return client.request(method, path, headers=headers, **request)

    return asking


def put(ask, data, etag, actor="Dana"):
    headers = {} if etag is None else {"If-Match": etag}
    return ask("PUT", actor, content=data, headers=headers)


def test_sensors_places_are_shown_to_those_alone_who_may_see_them(ask, settings_of):
    whole, *others = ask(actor="Dana"), ask(), ask(actor="Mallory")
    assert whole.content == settings_of.site.read_bytes()
    for public in others:
        assert public.headers["content-type"].startswith("application/toml")
        assert "place_m" not in public.text
        assert public.headers["etag"] != whole.headers["etag"]
        assert public.headers["vary"] == "X-Wingwatch-Actor"
    assert ask(headers={"If-None-Match": others[0].headers["etag"]}).status_code == 304


def test_no_other_path_tells_a_sensors_place(client, send, detection, heartbeat):
    send("B1", detection(), heartbeat=heartbeat(1))
    for path in ("sensors", "wings", "alerts", "site/landings", "site/versions"):
        assert "place" not in client.get(f"/api/v1/{path}").text.replace("placed", "")


def test_a_site_is_replaced_by_who_saw_the_present_one(ask, client, app):
    seen = ask(actor="Dana")
    data = seen.content.replace(b'title = "Wing B"', b'title = "North"')
    done = put(ask, data, seen.headers["etag"])
    assert done.status_code == 204
    assert (ask(actor="Dana").content, ask(actor="Dana").headers["etag"]) == (data, done.headers["etag"])
    assert client.items("wings")[1]["title"] == "North"
    latest, first = client.items("site/versions")
    assert (latest["actor"]["name"], latest["source"], first["source"]) == ("Dana", "api", "file")
    assert put(ask, data, seen.headers["etag"]).status_code == 204
    late = put(ask, seen.content, seen.headers["etag"], actor="Zo%C3%A9")
    assert late.status_code == 412
    assert done.headers["etag"] in late.json()["detail"]
    assert len(client.items("site/versions")) == 2


def test_a_site_is_not_replaced_blindly_nor_by_anybody(ask):
    seen = ask(actor="Dana")
    assert put(ask, seen.content + b"#", None).status_code == 428
    assert put(ask, seen.content + b"#", '"other"').status_code == 412
    assert put(ask, seen.content + b"#", seen.headers["etag"], actor="Mallory").status_code == 403
    assert ask("PUT", content=seen.content, headers={"If-Match": seen.headers["etag"]}).status_code == 401


def test_every_fault_of_a_site_is_named_and_nothing_is_changed(ask, client):
    seen = ask(actor="Dana")
    data = seen.content.replace(b"Europe/Paris", b"Mars").replace(b'name = "B2"', b'name = "B9"')
    refused = put(ask, data, seen.headers["etag"])
    assert refused.status_code == 422
    assert refused.json()["faults"] == [
        "time_zone: 'Mars' is not a time zone such as Europe/Paris",
        "sensor_tokens.B2: no such sensor in the site",
    ]
    for garbage in (b"", b"\xff", b"name = ", b"x" * 2_000_001):
        assert put(ask, garbage, seen.headers["etag"]).status_code in (413, 422)
    assert len(client.items("site/versions")) == 1


def test_the_site_in_force_outlives_the_hub_until_its_file_changes(ask, app, settings_of, clock):
    seen = ask(actor="Dana")
    data = seen.content.replace(b'title = "Wing B"', b'title = "North"')
    put(ask, data, seen.headers["etag"])

    def title():
        hub = create_app(settings_of, clock=clock).state.hub
        hub.database.close()
        return hub.site.wings[1].title

    assert title() == "North"
    settings_of.site.write_bytes(seen.content.replace(b'title = "Wing B"', b'title = "South"'))
    assert title() == "South"
    assert title() == "South"


def test_a_file_that_cannot_be_used_stops_the_hub_with_all_its_faults(settings_of):
    settings_of.site.write_text('name = 3\n[[wing]]\nname = "A"\n')
    with pytest.raises(SettingsError, match=r"name is 3.*title is None"):
        create_app(settings_of)


def test_what_was_learned_is_learned_anew_once_sensors_moved(ask, app):
    hub = app.state.hub
    before = hub.current.premises
    seen = ask(actor="Dana")
    with hub.database.writing() as connection:
        Repository(connection).save_learned(b"x", key="another ground", at_us=0)
    put(ask, seen.content.replace(b"place_m = [35, 4, 2.6]", b"place_m = [35, 5, 2.6]"), seen.headers["etag"])
    assert hub.current.premises is not before
    with hub.database.reading() as connection:
        assert Repository(connection).learned() is None


def test_landings_are_drawn(client):
    landings = client.items("site/landings")
    assert [(each["name"], each["schematic"], len(each["outlines"])) for each in landings] == [
        (f"{wing}-1", True, 16) for wing in "ABC"
    ]
    drawing = client.get(landings[0]["plan"])
    assert drawing.headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in drawing.headers["content-security-policy"]
    assert "A-1-01" in drawing.text
    assert client.get("/api/v1/site/plans/nowhere").status_code == 404


def test_a_phone_in_a_permitted_zone_is_of_low_priority_in_its_hours(client, ask, send, detection, clock):
    seen = ask(actor="Dana")
    site = parse_site(seen.content)
    zone = Zone(name="staff-room", wing="B", centre_m=(38.5, 3.75, 1.0), hours=(parse_hours("sun 13:00-14:00"),))
    others = tuple(cell for cell in site.cells if cell.wing != "B")
    assert put(ask, dump_site(replace(site, cells=others, zones=(zone,))), seen.headers["etag"]).status_code == 204
    levels = {"B1": -30.0, "B2": -47.0, "A1": -75.0, "C1": -75.0}
    for start_s in (0.0, 7200.0):
        clock.advance(start_s)
        for name, level in levels.items():
            send(name, detection(start_s, emission=int(start_s) + 1, power_dbfs=level))
    evening, noon = client.items("alerts")
    assert noon["location"]["permitted"] > 0.5
    assert noon["priority"] == "low"
    assert evening["location"]["permitted"] == 0
    assert (evening["priority"], evening["wing"]) == ("medium", "B")
