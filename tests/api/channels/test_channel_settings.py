import base64
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.app import create_app
from api.channels.notice import Kind
from api.channels.settings import (
    AppriseSettings,
    MailSettings,
    MqttSettings,
    SiaSettings,
    SyslogSettings,
    WebhookSettings,
    kinds_of,
)
from api.channels.sia import EXPRESSED
from api.channels.table import CHANNELS, open_channel
from api.settings import Settings, SettingsError, load_settings

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "deploy" / "channels.toml"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
HOOK = f'type = "webhook"\nurl = "https://hooks.example/x"\nsecret = "{SECRET}"\n'
MAIL = 'type = "mail"\nhost = "mail.example"\nsender = "a@b.example"\nrecipients = ["c@b.example"]\n'
SIA = 'type = "sia"\nhost = "10.0.0.1"\nport = 7700\naccount = "12AB"\n'
MQTT = 'type = "mqtt"\nhost = "broker.example"\n'


@pytest.fixture
def file(tmp_path):
    def written(channel, before=""):
        path = tmp_path / "hub.toml"
        path.write_text(f'site = "s"\nwebhook_hosts = ["hooks.example"]\n{before}[channels.here]\n{channel}')
        return path

    return written


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('type = "pigeon"\n', "channels.here: Input tag 'pigeon'"),
        ('host = "x"\n', "channels.here: type is missing; see deploy/channels.toml"),
        (HOOK + "colour = 1", "channels.here.colour: unknown setting"),
        (HOOK.replace("hooks.example", "other.example"), "channels.here.url: other.example is not among webhook_hosts"),
        (HOOK.replace("https:", "http:"), "url: plain http goes only to addresses of networks"),
        (HOOK.replace("https:", "ftp:"), "url: expected https://host/path"),
        (HOOK.replace("//", "//user:pass-word@"), "url: expected https://host/path without a user"),
        (HOOK.replace(SECRET, "whsec_AAAA"), "secret: expected a key of 24 to 64 bytes"),
        (HOOK + 'networks = ["10.0.0.1/8"]', "channels.here.networks.0"),
        (HOOK + 'kinds = ["alert", "nonsense"]', "channels.here.kinds.1: 'nonsense' is no kind of notice; there are "),
        (HOOK + 'least_priority = "urgent"', "channels.here.least_priority"),
        (HOOK + "timeout_s = 0", "channels.here.timeout_s: Input should be greater than 0"),
        (HOOK + 'authorities = "/nowhere.pem"', "channels.here.authorities: /nowhere.pem is no PEM file"),
        (MAIL.replace("c@b.example", "nobody"), "channels.here.recipients.0: not an address of e-mail"),
        (MAIL.replace("a@b.example", "A <a@b.example>"), "channels.here.sender: not an address of e-mail"),
        (MAIL + 'user = "u"', "password: user and password belong together"),
        (
            MAIL + 'security = "none"\nuser = "u"\npassword = "pass-word"',
            "security: a password is not sent in the clear",
        ),
        (MAIL + 'language = "de"', "channels.here.language"),
        (SIA.replace("12AB", "XYZ"), "channels.here.account"),
        (SIA + 'key = "pass-word"', "key: expected 32, 48 or 64 hexadecimal digits"),
        (SIA + 'kinds = ["alert.acknowledged"]', "kinds: an alarm receiver knows no alert.acknowledged"),
        (SIA + "zones = { A = 0 }", "channels.here.zones.A"),
        (MQTT + 'tls = false\nuser = "u"\npassword = "pass-word"', "tls: a password is not sent in the clear"),
        (MQTT + 'prefix = "a/#"', "channels.here.prefix"),
        ('type = "apprise"\nurls = []', "channels.here.urls"),
    ],
)
def test_what_is_wrong_with_a_channel_is_named_and_no_secret_shown(file, text, message):
    with pytest.raises(SettingsError) as caught:
        load_settings(file(text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    for secret in (SECRET, "pass-word", "/x"):
        assert secret not in str(caught.value)


def test_every_fault_is_named(file):
    with pytest.raises(SettingsError) as caught:
        load_settings(file(SIA.replace("12AB", "XYZ") + "supervised_s = 1\n", before="port = -1\n"))
    for name in ("port: ", "channels.here.account: ", "channels.here.supervised_s: "):
        assert name in str(caught.value)


def test_a_name_of_a_channel_is_plain(file):
    path = file(MQTT)
    path.write_text(path.read_text().replace("channels.here", 'channels."Here & there"'))
    with pytest.raises(SettingsError, match="channels"):
        load_settings(path)


def test_the_examples_are_settings_of_every_kind_and_each_opens(tmp_path, monkeypatch):
    text = EXAMPLES.read_text()
    assert {told["type"] for told in tomllib.loads(text)["channels"].values()} == set(CHANNELS)
    path = tmp_path / "hub.toml"
    path.write_text('site = "s"\n' + text)
    monkeypatch.setattr("api.settings.is_authorities", lambda _: True)
    settings = load_settings(path)
    for told in settings.channels.values():
        wanted = told.model_copy(update={"authorities": None}) if hasattr(told, "authorities") else told
        channel = open_channel(wanted, wings=["A", "B"], clock=lambda: datetime.now(UTC))
        assert channel.target
        channel.close()


@pytest.mark.parametrize(
    "model", [WebhookSettings, MailSettings, SyslogSettings, MqttSettings, SiaSettings, AppriseSettings]
)
def test_every_setting_of_a_channel_is_described_and_in_the_examples(model):
    text = EXAMPLES.read_text()
    for name, field in model.model_fields.items():
        if name != "type":
            assert field.description
            assert f"{name} =" in text


def test_secrets_do_not_show(tmp_path):
    path = tmp_path / "hub.toml"
    path.write_text(f'site = "s"\nwebhook_hosts = ["hooks.example"]\n[channels.here]\n{HOOK}')
    settings = load_settings(path)
    assert SECRET not in repr(settings) + settings.model_dump_json()
    assert "hooks.example/x" not in repr(settings) + settings.model_dump_json()


def test_a_wing_that_the_site_does_not_have_is_named(settings):
    told = Settings.model_validate(
        settings.model_dump() | {"channels": {"here": {"type": "mqtt", "host": "h", "wings": ["A", "Z"]}}}
    )
    with pytest.raises(SettingsError, match=r"channels\.here\.wings: 'Z' is no wing of the site"):
        create_app(told)


def test_a_group_is_all_of_its_kinds():
    assert kinds_of(()) == set(Kind)
    assert kinds_of(("standing", "alert.opened")) == {
        Kind.OPENED,
        Kind.STANDING_BEGAN,
        Kind.STANDING_ACKNOWLEDGED,
        Kind.STANDING_ESCALATED,
        Kind.STANDING_ENDED,
    }
    assert SiaSettings(type="sia", host="h", port=1, account="123").wanted == set(EXPRESSED)
