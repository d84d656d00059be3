"""The files of ``wingwatch locate``: what is read, what is refused, what is said."""

import json

import pytest

from calibration.locate_files import LocateError, deaf_line, locate_files, parse_episodes, parse_ground
from detector.locate import Deaf

SITE = {
    "cells": {
        "A-1-01": {"centre_m": [0, 1, 1], "size_m": [4, 2.5, 3]},
        "A-1-02": {"centre_m": [0, 4, 1]},
        "B-1-01": {"centre_m": [30, 1, 1], "wing": "west"},
        "gate": {"centre_m": [15, -20, 1], "permitted": True},
    },
    "sensors": {
        "A1": {"place_m": [2, 2, 2.6], "noise_floor_dbm": -108.5},
        "B1": {"place_m": [28, 2, 2.6], "noise_floor_dbm": -107},
        "P1": {"place_m": [-20, 2, 4], "noise_floor_dbm": -110, "perimeter": True},
    },
}
EPISODES = b'{"A1": -50.1, "B1": null, "P1": -90}\n\n{"B1": -60}\n'


def test_each_episode_gets_an_answer_in_turn(tmp_path):
    (tmp_path / "site.json").write_text(json.dumps(SITE))
    (tmp_path / "episodes.ndjson").write_bytes(EPISODES)
    answers, deaf = locate_files(tmp_path / "site.json", tmp_path / "episodes.ndjson")
    told = list(answers)
    assert deaf == ()
    assert [max(answer["cells"], key=answer["cells"].get)[0] for answer in told] == ["A", "B"]
    for answer in told:
        assert sum(answer["cells"].values()) + answer["permitted"] + answer["outside"] == pytest.approx(1, abs=1e-3)


def test_a_null_is_a_silence_and_a_sensor_left_out_was_not_listening():
    episodes = parse_episodes(EPISODES, parse_ground(json.dumps(SITE).encode()))
    assert episodes.heard.tolist() == [[True, False, True], [False, True, False]]
    assert episodes.poi.tolist() == [[1, 1, 1], [0, 1, 0]]


def test_a_cell_is_in_the_wing_that_it_names_or_its_name_begins_with():
    ground = parse_ground(json.dumps(SITE).encode())
    assert [spot.wing for spot in ground.spots] == ["A", "A", "west", "gate"]
    assert [sensor.limit_db for sensor in ground.sensors] == [-105.5, -104.0, -107.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cells": []}, "cells is not an object of objects"),
        ({"cells": {}}, "no spot"),
        ({"sensors": {"A1": {"place_m": [0, 0], "noise_floor_dbm": -100}}}, "sensor A1: place_m is"),
        ({"sensors": {"A1": {"place_m": [0, 0, 0]}}}, "sensor A1: noise_floor_dbm: None is not a number"),
        ({"cells": {"A": {"centre_m": [0, float("nan"), 0]}}}, "cell A: centre_m: nan is not a number"),
    ],
)
def test_a_site_that_does_not_say_what_it_must_is_named(change, message):
    with pytest.raises(LocateError, match=message):
        parse_ground(json.dumps(SITE | change).encode())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "episode 1: not JSON"),
        (b"[]", "episode 1: not a JSON object"),
        (b'{"X9": -50}', "episode 1: sensor 'X9' is not in the site"),
        (b'{"A1": "loud"}', "episode 1: A1: 'loud' is not a number"),
        (b'{"A1": null}', "heard by no sensor"),
    ],
)
def test_an_episode_that_does_not_say_what_it_must_is_named(line, message):
    with pytest.raises(LocateError, match=message):
        parse_episodes(line, parse_ground(json.dumps(SITE).encode()))


def test_a_deaf_sensor_is_told_in_plain_words():
    said = deaf_line(Deaf(sensor="B2", loss_db=8.2, spread_db=1.3))
    assert said == "sensor B2 hears 8 dB less than its peers (± 1 dB)"
