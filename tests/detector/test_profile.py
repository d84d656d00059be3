import json
from dataclasses import replace

import pytest

from detector.profile import ProfileError, dump_profile, parse_profile, profile_hash


def test_a_profile_survives_being_written_and_read(profile):
    assert parse_profile(dump_profile(profile)) == profile


def test_the_hash_is_of_what_is_said_not_of_how_it_is_written(profile):
    raw = json.loads(dump_profile(profile))
    turned = json.dumps(dict(reversed(raw.items())), indent=7).replace("10.0", "10").encode()
    assert profile_hash(parse_profile(turned)) == profile.hash


def test_every_change_changes_the_hash(profile):
    assert replace(profile, version=profile.version + 1).hash != profile.hash
    assert replace(profile, levels=replace(profile.levels, repeat_s=11.0)).hash != profile.hash


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: raw.pop("levels"), "levels: missing"),
        (lambda raw: raw["levels"].pop("repeat_s"), "levels.repeat_s: missing"),
        (lambda raw: raw["levels"].update(repat_s=1), "levels.repat_s: unknown"),
        (lambda raw: raw["levels"].update(repeat_s="ten"), "levels.repeat_s: 'ten' is not"),
        (lambda raw: raw["levels"].update(repeat_s=-1), "levels.repeat_s: -1.0 is not positive"),
        (lambda raw: raw["levels"].update(store_score=0.99), "store_score=0.99 and detect_score=0.9"),
        (lambda raw: raw["levels"].update(floor_quantile=1.0), "levels.floor_quantile: 1.0 is not between 0 and 1"),
        (lambda raw: raw["gsm"].update(most_rival=1.5), "gsm.most_rival=1.5 is not in 0 to 1"),
        (lambda raw: raw["gsm"]["frames"].update(pace=-0.1), "gsm.frames.pace=-0.1 is not in 0 to 1"),
        (lambda raw: raw["gsm"]["frames"].update(most_odds=11.0), "gsm.frames.least_odds=-0.5 and most_odds=11.0"),
        (lambda raw: raw["gsm"]["doubt"].update(most_told=0.0), "gsm.doubt.most_told=0.0 is not positive"),
        (lambda raw: raw["gsm"]["kin"].pop("hop_overlap"), "gsm.kin.hop_overlap: missing"),
        (
            lambda raw: raw["receiver"].update(level_offset_db="loud"),
            "receiver.level_offset_db: 'loud' is not a number",
        ),
        (lambda raw: raw["receiver"].update(level_offset_db=1000), "receiver.level_offset_db: 1000.0 is outside"),
        (lambda raw: raw["receiver"].update(least_noise_steps=-1), "receiver.least_noise_steps: -1.0 is outside"),
        (lambda raw: raw.update(version=True), "version: True is not"),
        (lambda raw: raw.update(format="wingwatch-profile/0"), "format is not"),
    ],
)
def test_a_wrong_profile_names_the_key(profile, change, message):
    raw = json.loads(dump_profile(profile))
    change(raw)
    with pytest.raises(ProfileError, match=message):
        parse_profile(json.dumps(raw).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"{" * 5000, b'"text"'])
def test_what_is_no_profile_is_refused(data):
    with pytest.raises(ProfileError):
        parse_profile(data)
