import socket

import pytest

from api.app import create_app
from api.server import HubServer, serve
from api.settings import Settings, SettingsError, load_settings

TOKEN = "0123456789abcdef"


@pytest.fixture
def file(tmp_path):
    def written(text):
        path = tmp_path / "hub.toml"
        path.write_text(text)
        return path

    return written


def test_the_environment_wins_over_the_file(file, monkeypatch):
    path = file(f'site = "site.toml"\nport = 1\nstale_after_s = 5\n[sensor_tokens]\nA1 = "{TOKEN}"\n')
    monkeypatch.setenv("WINGWATCH_HUB_PORT", "2")
    settings = load_settings(path)
    assert (settings.port, settings.stale_after_s, settings.host) == (2, 5.0, "127.0.0.1")
    assert settings.sensor_tokens["A1"].get_secret_value() == TOKEN


def test_tokens_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("WINGWATCH_HUB_SITE", "site.toml")
    monkeypatch.setenv("WINGWATCH_HUB_SENSOR_TOKENS", f'{{"A1": "{TOKEN}"}}')
    assert load_settings().sensor_tokens["A1"].get_secret_value() == TOKEN


def test_settings_of_a_sensor_on_the_same_machine_do_not_disturb(monkeypatch):
    monkeypatch.setenv("WINGWATCH_HUB_SITE", "site.toml")
    monkeypatch.setenv("WINGWATCH_SENSOR_NAME", "A1")
    assert load_settings().site.name == "site.toml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "site: Field required"),
        ('site = "s"\ncolour = 1', "colour: unknown setting; known are site, "),
        ('site = "s"\nport = "x"', "port: Input should be a valid integer"),
        ('site = "s"\nport = 70000', "port: Input should be less than or equal to 65535"),
        ('site = "s"\nepisode_gap_s = 0', "episode_gap_s: Input should be greater than 0"),
        ('site = "s"\nhost = "0.0.0.0"', "host: '0.0.0.0' is not this machine's own"),
        ('site = "s"\ndatabase_url = "postgresql://x"', "database_url: only sqlite:///"),
        ('site = "s"\ndatabase_url = "sqlite:///:memory:"', "database_url: not a plain file"),
        ('site = "s"\ndatabase_url = "sqlite:///"', "database_url: not a plain file"),
        ('site = "s"\ndatabase_url = "sqlite:///file:x?mode=memory&uri=true"', "database_url: not a plain file"),
        ('site = "s"\n[sensor_tokens]\nA1 = "short"', "sensor_tokens.A1: shorter than 16 characters"),
        ("site = ", "hub.toml: not TOML"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(file, text, message):
    with pytest.raises(SettingsError) as caught:
        load_settings(file(text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "short\n" not in str(caught.value)


def test_an_unknown_setting_in_the_environment_is_named(monkeypatch):
    monkeypatch.setenv("WINGWATCH_HUB_PROT", "8077")
    with pytest.raises(SettingsError, match="WINGWATCH_HUB_PROT: unknown setting in the environment"):
        load_settings()


def test_a_setting_in_the_environment_that_cannot_be_read_is_named(monkeypatch):
    monkeypatch.setenv("WINGWATCH_HUB_SITE", "site.toml")
    monkeypatch.setenv("WINGWATCH_HUB_SENSOR_TOKENS", "{")
    with pytest.raises(SettingsError, match="sensor_tokens"):
        load_settings()


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"gone\.toml: No such file"):
        load_settings(tmp_path / "gone.toml")


def test_a_hub_needs_a_site_that_can_be_read(settings, tmp_path):
    with pytest.raises(SettingsError, match=r"gone\.toml: No such file"):
        create_app(settings.model_copy(update={"site": tmp_path / "gone.toml"}))
    settings.site.write_text("name = 3")
    with pytest.raises(SettingsError, match="name is 3"):
        create_app(settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wing = 3", r"wing is 3; expected \[\[wing\]\] tables"),
        ('wing = ["a"]', r"wing is \['a'\]; expected"),
        ('[cell]\nname = "a"', r"cell is .*; expected \[\[cell\]\] tables"),
        ("sensor = [[]]", "sensor is .*; expected"),
    ],
)
def test_a_site_whose_entries_are_no_tables_is_named(settings, text, message):
    settings.site.write_text(f'name = "x"\ncountry = "FR"\ntime_zone = "UTC"\n{text}\n')
    with pytest.raises(SettingsError, match=message) as caught:
        create_app(settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("zone", ["Europe/Pariss", "../etc/passwd", "Europe", "nowhere at all"])
def test_a_time_zone_that_nobody_knows_is_named(settings, zone):
    settings.site.write_text(f'name = "x"\ncountry = "FR"\ntime_zone = "{zone}"\n')
    with pytest.raises(SettingsError, match=r"time_zone: .* is not a time zone"):
        create_app(settings.model_copy(update={"sensor_tokens": {}}))


def test_a_folder_that_cannot_be_made_is_named(settings, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("")
    for folder in (taken, taken / "deeper"):
        with pytest.raises(SettingsError, match=r"database: .*taken.*: (File exists|Not a directory)"):
            create_app(settings.model_copy(update={"data_dir": folder}))


def test_a_database_that_is_none_is_named(settings, tmp_path):
    (tmp_path / "hub.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(SettingsError, match=r"database: sqlite:///.*hub\.sqlite: file is not a database") as caught:
        create_app(settings)
    assert "\n" not in str(caught.value)


def test_a_port_that_is_taken_is_named(settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port} is in use on 127.0.0.1"):
            serve(settings.model_copy(update={"port": port}))


def test_the_address_is_announced_once_connections_are_taken(settings, monkeypatch):
    answers = []
    monkeypatch.setattr(HubServer, "run", lambda self, sockets: answers.append(sockets[0].getsockname()[1]))

    def announce(address):
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=5):
            answers.append(address)

    serve(settings, announce=announce)
    assert answers[0] == f"http://127.0.0.1:{answers[1]}"


def test_a_token_must_belong_to_a_sensor_of_the_site(settings):
    strange = settings.model_copy(update={"sensor_tokens": settings.sensor_tokens | {"Z9": TOKEN}})
    with pytest.raises(SettingsError, match=r"sensor_tokens\.Z9: no such sensor"):
        create_app(strange)


def test_secrets_do_not_show(settings):
    assert "secret-of" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_every_setting_is_described():
    assert all(field.description for field in Settings.model_fields.values())


def test_every_setting_says_what_it_is_for_and_in_which_unit():
    for name, setting in Settings.model_fields.items():
        assert setting.description, name
        assert setting.description.endswith("."), name
        for ending, unit in (("_s", "[s]"), ("_db", "[dB]"), ("_bytes", "[bytes]"), ("_days", "[days]")):
            assert not name.endswith(ending) or unit in setting.description, name
