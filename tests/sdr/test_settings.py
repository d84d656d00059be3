from pathlib import Path

import pytest

from sdr.settings import PREFIX, SensorSettings, SettingsError, load_settings

WHO = {"name": "B1", "token": "t"}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    """No setting of the machine that the tests run on."""
    for name in SensorSettings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name}".upper(), raising=False)


def write(folder, text):
    path = folder / "sensor.toml"
    path.write_text(text)
    return path


def test_a_file_gives_the_settings_and_the_others_have_their_defaults(tmp_path):
    settings = load_settings(write(tmp_path, 'name = "B1"\ntoken = "secret"\nppm = -3\n'))
    assert (settings.name, settings.ppm, settings.source) == ("B1", -3, "rtlsdr:")
    assert settings.token.get_secret_value() == "secret"
    assert "secret" not in repr(settings)


def test_the_environment_wins_over_the_file_and_what_is_given_over_both(tmp_path, monkeypatch):
    path = write(tmp_path, 'name = "B1"\ntoken = "t"\nppm = 1\ngain_db = 1\nseed = 1\n')
    monkeypatch.setenv("WINGWATCH_SENSOR_GAIN_DB", "2")
    monkeypatch.setenv("WINGWATCH_SENSOR_SEED", "2")
    settings = load_settings(path, seed=3)
    assert (settings.ppm, settings.gain_db, settings.seed) == (1, 2.0, 3)


def test_each_sensor_has_an_outbox_of_its_own_unless_one_is_set():
    assert load_settings(None, **WHO).outbox_file == Path("wingwatch-B1.sqlite")
    assert load_settings(None, **WHO, outbox="/var/x.sqlite").outbox_file == Path("/var/x.sqlite")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "B1"\ntoken = "t"\ngian_db = 3\n', "gian_db: extra inputs are not permitted"),
        ('name = "B1"\n', "token: field required"),
        ('name = "B1"\ntoken = "t"\nppm = "much"\n', "ppm: input should be a valid number, unable to parse"),
        ('name = "B1"\ntoken = "t"\nloop = [1]\n', "loop: input should be a valid boolean"),
        ("name = B1\n", "not TOML: "),
    ],
)
def test_what_is_wrong_in_a_file_is_one_line_with_file_and_key(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_text_is_named(tmp_path):
    path = tmp_path / "sensor.toml"
    path.write_bytes(b'name = "\xff"')
    with pytest.raises(SettingsError, match=r"sensor\.toml: not TOML: "):
        load_settings(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"gone\.toml: No such file or directory"):
        load_settings(tmp_path / "gone.toml", **WHO)


def test_a_name_of_the_environment_that_is_no_setting_is_refused(monkeypatch):
    monkeypatch.setenv("WINGWATCH_SENSOR_GIAN_DB", "3")
    with pytest.raises(SettingsError, match="environment: WINGWATCH_SENSOR_GIAN_DB is no setting; known are "):
        load_settings(None, **WHO)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("name", "B 1", "'B 1' is not 1 to 64 letters"),
        ("name", "", "'' is not 1 to 64 letters"),
        ("name", "../B1", "'../B1' is not 1 to 64 letters"),
        ("hub", "nonsense", "'nonsense' is no address such as http"),
        ("hub", "ftp://hub", "'ftp://hub' is no address such as http"),
        ("hub", "http://:8077", "'http://:8077' is no address such as http"),
        ("hub", "http://hub:port", "port could not be cast"),
        ("token", "", "is empty"),
        ("token", "two words", "is empty, or holds"),
        ("token", "schlüssel", "is empty, or holds"),
        ("country", "us", "there is no band plan for 'us'; there are fr, gb"),
        ("sample_rate_hz", "inf", "input should be a finite number"),
        ("centre_hz", "nan", "input should be a finite number"),
        ("centre_hz", "897e6,897e6", "8.97e+08, 8.97e+08: expected different frequencies"),
        ("centre_hz", [], ": expected different frequencies"),
        ("centre_hz", "-1", "-1: expected different frequencies"),
        ("centre_hz", "897e6;902e6", "input should be a valid number"),
        ("dwell_s", 0, "input should be greater than 0"),
        ("gain_db", "-inf", "input should be a finite number"),
        ("sample_rate_hz", "100e3", "input should be greater than or equal to 250000"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_before_capture_begins(key, value, message):
    with pytest.raises(SettingsError) as caught:
        load_settings(None, **WHO | {key: value})
    assert str(caught.value).lower().startswith(f"settings: {key}: {message}".lower())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("country", "FR"),
        ("centre_hz", (897e6, 902e6)),
        ("bands", ("LTE 20",)),
        ("hub", "https://hub.example/wing"),
        ("name", "a:1.b_"),
    ],
)
def test_values_that_can_be_used(key, value):
    assert getattr(load_settings(None, **WHO | {key: value}), key) == value


@pytest.mark.parametrize(
    ("text", "centres"), [("897e6", (897e6,)), ("[897e6, 902e6]", (897e6, 902e6)), ('"1e9"', (1e9,))]
)
def test_one_centre_or_several(tmp_path, text, centres):
    path = tmp_path / "sensor.toml"
    path.write_text(f"centre_hz = {text}\n")
    assert load_settings(path, **WHO).centre_hz == centres


def test_lists_in_the_environment(monkeypatch):
    monkeypatch.setenv("WINGWATCH_SENSOR_CENTRE_HZ", "897e6,902e6")
    monkeypatch.setenv("WINGWATCH_SENSOR_BANDS", '["LTE 20"]')
    told = load_settings(None, **WHO)
    assert (told.centre_hz, told.bands) == ((897e6, 902e6), ("LTE 20",))
    monkeypatch.setenv("WINGWATCH_SENSOR_BANDS", "LTE 20")
    with pytest.raises(SettingsError, match=r'^environment: .*"bands".*: expected a list such as \["LTE 20"\]$'):
        load_settings(None, **WHO)
