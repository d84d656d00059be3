import base64
import json
import threading
import time
from random import Random

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import text

from api.app import create_app
from api.channels.port import AwayError, BarredError, PartlyError, RefusedError
from api.channels.settings import MqttSettings, WebhookSettings
from api.courier import PostOffice
from api.delivery import Health, RetryRules, after_fault, after_success, pause_us
from api.hub import sweep
from api.outgoing import Outgoing
from api.settings import Settings

S = 1_000_000
RULES = RetryRules(first_us=2 * S, longest_us=300 * S, keep_us=86_400 * S, patience_us=60 * S)


class Peer:
    """A channel whose peer takes notices, or fails as told."""

    def __init__(self, supervised_s=None):
        self.target = "a peer"
        self.supervised_s = supervised_s
        self.taken = []
        self.attempts = 0
        self.error = None
        self.errors = {}
        self.gate = threading.Event()
        self.gate.set()
        self.asked = 0

    def send(self, parcel):
        self.attempts += 1
        self.gate.wait(20)
        if error := self.errors.get(parcel.notice.kind.value, self.error):
            raise error
        self.taken.append(parcel)

    def supervise(self):
        self.asked += 1
        if self.error:
            raise self.error

    def close(self):
        pass

    @property
    def told(self):
        return [(parcel.notice.kind.value, parcel.notice.subject) for parcel in self.taken]


def with_channels(settings, **channels):
    """Settings with channels of these names, of which the filters alone matter."""
    return settings.model_copy(
        update={"channels": {name: MqttSettings(type="mqtt", host="h", **told) for name, told in channels.items()}}
    )


@pytest.fixture
def office(settings, clock):
    """Makes a hub with channels of some names, and an office whose couriers the test moves."""
    apps = []

    def made(peers, **filters):
        told = with_channels(settings, **{name: filters.get(name, {}) for name in peers})
        apps.append(create_app(told, clock=clock))
        return apps[-1], PostOffice(apps[-1].state.hub, channels=peers, rng=Random(1))

    yield made
    for app in apps:
        app.state.hub.database.close()


def deliver(office, name=None):
    """Let couriers do all that there is to do now."""
    for courier in office.couriers.values():
        if name in (None, courier.name):
            while courier.step() == 0.0:
                pass


@pytest.fixture
def hub(office, make_client, batch, detection, clock):
    """A hub with one channel, its peer, and somebody who sends detections."""

    class One:
        def __init__(self):
            self.peer = Peer()
            self.app, self.office = office({"here": self.peer})
            self.client = make_client(self.app)

        def hear(self, sensor="B1", start_s=0.0, **fields):
            from detector.wire import dump_batch

            clock.advance(0.01)
            made = batch(sensor, detection(start_s, **fields))
            assert self.client.post(sensor, dump_batch(made)).status_code == 200

    return One()


def test_every_transition_of_an_announced_alert_is_told_in_its_order(hub, clock):
    hub.hear()
    hub.client.act(1, "acknowledge", version=0)
    hub.client.act(1, "search", version=1)
    hub.client.act(1, "close", version=2, outcome="not-found", note="a name that must not leave")
    hub.client.act(1, "reopen", version=3)
    clock.advance(301)
    sweep(hub.app.state.hub)
    deliver(hub.office)
    assert [kind for kind, _ in hub.peer.told] == [
        "alert.opened",
        "alert.acknowledged",
        "alert.search-sent",
        "alert.closed",
        "alert.reopened",
        "alert.escalated",
    ]
    assert {subject for _, subject in hub.peer.told} == {"alert/1"}
    everything = "".join(parcel.model_dump_json() for parcel in hub.peer.taken)
    assert "Dana" not in everything
    assert "must not leave" not in everything
    assert hub.peer.taken[3].notice.facts.outcome == "not-found"


def test_an_alert_that_is_not_announced_is_not_told(office, make_client, batch, detection, settings, clock):
    from detector.wire import dump_batch

    peer = Peer()
    app, post = office({"here": peer})
    client = make_client(app)
    shelf = {"kind": "sensor", "name": "B1", "reason": "works going on", "seconds": 60}
    client.request("POST", "/api/v1/shelves", json=shelf, headers={"X-Wingwatch-Actor": "Dana"})
    client.post("B1", dump_batch(batch("B1", detection())))
    client.act(1, "acknowledge", version=0)
    deliver(post)
    assert peer.told == []


def test_an_alert_that_nobody_takes_on_is_told_again(hub, clock):
    for minute in range(80):
        hub.hear(start_s=25.0 * minute, end_s=25.0 * minute + 20, emission=minute)
        clock.advance(25)
        sweep(hub.app.state.hub)
    deliver(hub.office)
    kinds = [kind for kind, subject in hub.peer.told if subject == "alert/1"]
    assert kinds == ["alert.opened", "alert.escalated", "alert.again"]


def test_an_alert_that_merges_is_told_to_go_on_as_the_other_one(hub):
    hub.hear("A1", 0.0)
    hub.hear("A1", 50.0, emission=2)
    hub.hear("A1", 25.0, emission=3)
    deliver(hub.office)
    assert hub.peer.told == [("alert.opened", "alert/1"), ("alert.opened", "alert/2"), ("alert.merged", "alert/2")]
    assert hub.peer.taken[2].notice.facts.merged_into == 1


def test_an_alert_that_moves_to_another_wing_is_told_anew(hub):
    hub.hear("B1", 0.0, power_dbfs=-40.0)
    hub.hear("C1", 0.1, power_dbfs=-20.0)
    deliver(hub.office)
    assert [kind for kind, _ in hub.peer.told] == ["alert.opened", "alert.changed"]
    assert [parcel.notice.wing for parcel in hub.peer.taken] == ["B", "C"]


def test_an_alert_that_swings_is_told_to_have_moved_once_in_a_while_and_where_it_is_in_the_end(hub, clock):
    def moves():
        notices = [parcel.notice for parcel in hub.peer.taken]
        return [(each.kind.value, each.wing) for each in notices if each.subject == "alert/1"]

    hub.hear("B1", 0.0, power_dbfs=-90.0)
    for swing in range(1, 12):
        hub.hear("CB"[1 - swing % 2] + "1", 0.0, emission=swing, power_dbfs=-90.0 + 5 * swing)
        clock.advance(2)
        sweep(hub.app.state.hub)
    deliver(hub.office)
    assert moves() == [("alert.opened", "B"), ("alert.changed", "C")]
    hub.hear("B1", 0.0, emission=99, power_dbfs=-10.0)
    for _ in range(70):
        clock.advance(1)
        sweep(hub.app.state.hub)
    deliver(hub.office)
    assert moves() == [("alert.opened", "B"), ("alert.changed", "C"), ("alert.changed", "B")]


def test_a_busy_wing_is_told_as_one_alarm_and_its_end(hub, clock):
    for number in range(9):
        lower_hz = 890e6 + 1e6 * number
        hub.hear("B1", 0.0, emission=number, freq_lower_hz=lower_hz, freq_upper_hz=lower_hz + 2e5, channel=None)
    hub.client.request("POST", "/api/v1/standing/1/acknowledge", headers={"X-Wingwatch-Actor": "Dana"})
    clock.advance(700)
    sweep(hub.app.state.hub)
    deliver(hub.office)
    kinds = [kind for kind, subject in hub.peer.told if subject == "standing/1"]
    assert kinds == ["standing.began", "standing.acknowledged", "standing.ended"]


def test_filters_go_by_wing_priority_and_kind_and_whoever_was_told_is_told_how_it_goes_on(
    office, make_client, batch, detection
):
    from detector.wire import dump_batch

    peers = {name: Peer() for name in ("all", "wing-b", "urgent", "ends")}
    app, post = office(
        peers,
        **{
            "wing-b": {"wings": ("B",)},
            "urgent": {"least_priority": "high"},
            "ends": {"kinds": ("alert.closed",)},
        },
    )
    client = make_client(app)
    client.post("B1", dump_batch(batch("B1", detection())))
    client.post("A1", dump_batch(batch("A1", detection(freq_lower_hz=880e6, freq_upper_hz=880.2e6, channel=None))))
    client.act(1, "close", version=0, outcome="other")
    deliver(post)
    assert [len(peers[name].told) for name in peers] == [3, 2, 0, 1]
    assert {subject for _, subject in peers["wing-b"].told} == {"alert/1"}


def test_the_same_transition_is_never_queued_twice(hub, clock):
    hub.hear()
    for _ in range(3):
        hub.client.act(1, "acknowledge", version=0)
        sweep(hub.app.state.hub)
    deliver(hub.office)
    assert [kind for kind, _ in hub.peer.told] == ["alert.opened", "alert.acknowledged"]


def test_a_peer_that_is_away_is_tried_after_pauses_that_grow_and_then_gets_everything_once(hub, clock):
    hub.peer.error = AwayError("no connection")
    hub.hear()
    hub.client.act(1, "acknowledge", version=0)
    attempts = []
    for _ in range(400):
        deliver(hub.office)
        attempts.append(hub.peer.attempts)
        clock.advance(1)
    assert hub.peer.told == []
    assert 8 <= hub.peer.attempts <= 13
    hub.peer.error = None
    clock.advance(300)
    deliver(hub.office)
    assert [kind for kind, _ in hub.peer.told] == ["alert.opened", "alert.acknowledged"]
    assert len({parcel.id for parcel in hub.peer.taken}) == 2


def test_what_is_too_old_is_given_up_and_counted(hub, clock):
    hub.peer.error = AwayError("no connection")
    hub.hear()
    for _ in range(400):
        deliver(hub.office)
        clock.advance(300)
    (told,) = channels_of(hub)
    assert (told["waiting"], told["lost"], told["state"]) == (0, 1, "alarm")


def channels_of(hub):
    from api import outward

    views = outward.channels(hub.app.state.hub, hub.office)
    return [json.loads(view.model_dump_json()) for view in views]


def test_what_a_peer_refuses_for_good_is_set_aside_and_the_rest_goes_on(hub, clock):
    hub.peer.errors = {"alert.opened": RefusedError("HTTP 422")}
    hub.hear()
    hub.client.act(1, "acknowledge", version=0)
    deliver(hub.office)
    assert [kind for kind, _ in hub.peer.told] == ["alert.acknowledged"]
    assert hub.peer.attempts == 2
    assert channels_of(hub)[0]["lost"] == 1


def test_the_order_is_kept_for_each_alert_and_one_alert_does_not_hold_up_another(hub, clock):
    hub.peer.errors = {"alert.opened": AwayError("HTTP 500")}
    hub.hear()
    hub.client.act(1, "acknowledge", version=0)
    deliver(hub.office)
    hub.peer.errors = {}
    hub.hear("A1", freq_lower_hz=880e6, freq_upper_hz=880.2e6, channel=None)
    clock.advance(1000)
    deliver(hub.office)
    told = hub.peer.told
    assert told.index(("alert.opened", "alert/1")) < told.index(("alert.acknowledged", "alert/1"))
    assert ("alert.opened", "alert/2") in told


def test_a_poisoned_notice_does_not_hold_up_other_alerts(hub, clock):
    hub.hear()
    poison = {"alert/1"}
    send = hub.peer.send

    def sending(parcel):
        if parcel.notice.subject in poison:
            raise AwayError("HTTP 500")
        send(parcel)

    hub.peer.send = sending
    deliver(hub.office)
    hub.hear("A1", freq_lower_hz=880e6, freq_upper_hz=880.2e6, channel=None)
    for _ in range(60):
        clock.advance(1)
        deliver(hub.office)
    assert hub.peer.told == [("alert.opened", "alert/2")]


@pytest.mark.parametrize(
    ("error", "after_s"),
    [(AwayError("no connection"), 60), (BarredError("HTTP 401"), 0), (RefusedError("HTTP 422"), 0)],
)
def test_a_channel_that_fails_is_an_alarm_that_the_others_tell(
    office, make_client, batch, detection, clock, error, after_s
):
    from detector.wire import dump_batch

    peers = {"bad": Peer(), "good": Peer()}
    peers["bad"].error = error
    app, post = office(peers)
    client = make_client(app)
    client.post("B1", dump_batch(batch("B1", detection())))
    for _ in range(after_s // 2):
        deliver(post)
        assert "channel.failed" not in {kind for kind, _ in peers["good"].told}
        clock.advance(2)
    clock.advance(after_s)
    deliver(post)
    deliver(post)
    assert peers["good"].told.count(("channel.failed", "channel/bad")) == 1
    assert peers["bad"].told == []
    failed = peers["good"].taken[-1].notice.facts
    assert (failed.channel, failed.why) == ("bad", str(error))
    with app.state.hub.database.reading() as connection:
        feed = connection.execute(text("SELECT data FROM changes WHERE kind = 'channel' ORDER BY id")).scalars().all()
    assert [json.loads(each)["state"] for each in feed][-1] == "alarm"
    peers["bad"].error = None
    client.act(1, "acknowledge", version=0)
    clock.advance(600)
    deliver(post)
    deliver(post)
    assert ("channel.restored", "channel/bad") in peers["good"].told
    assert not [kind for kind, _ in peers["bad"].told if kind.startswith("channel")]


def test_a_notice_that_some_recipients_never_get_is_sent_once_and_an_alarm(hub, clock):
    hub.peer.error = PartlyError("1 of 2 recipients were refused")
    hub.hear()
    for _ in range(5):
        deliver(hub.office)
        clock.advance(600)
    assert hub.peer.attempts == 1
    assert channels_of(hub)[0]["state"] == "alarm"


def test_a_silent_peer_is_asked_whether_it_is_there(office, clock):
    peer = Peer(supervised_s=60)
    app, post = office({"here": peer})
    for _ in range(10):
        deliver(post)
        clock.advance(30)
    assert peer.asked == 5
    peer.error = AwayError("no connection")
    for _ in range(100):
        deliver(post)
        clock.advance(2)
    with app.state.hub.database.reading() as connection:
        assert Outgoing(connection).health("here").alarmed_us is not None
    assert 6 < peer.asked < 20


def test_an_error_that_nobody_foresaw_counts_as_a_peer_that_is_away(hub):
    hub.peer.error = ZeroDivisionError("secret")
    hub.hear()
    deliver(hub.office)
    (told,) = channels_of(hub)
    assert (told["waiting"], told["fault"]) == (1, "away")
    assert "secret" not in told["why"]


def test_what_waits_for_a_channel_that_is_no_more_is_given_up(hub, settings, clock):
    hub.hear()
    app = create_app(settings, clock=clock)
    post = PostOffice(app.state.hub, channels={})
    post.open()
    with app.state.hub.database.reading() as connection:
        assert Outgoing(connection).tally("here").waiting == 0
    app.state.hub.database.close()


@examples(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_fails_and_whenever_the_hub_restarts_each_transition_is_taken_once_and_in_order(
    data, settings, clock, make_client, batch, detection, tmp_path_factory, migrated
):
    """A peer that answers, fails or takes a notice and answers too late; a hub that starts anew between any two steps."""
    from detector.wire import dump_batch

    folder = tmp_path_factory.mktemp("hub")
    (folder / "hub.sqlite").write_bytes(migrated.read_bytes())
    told = with_channels(settings.model_copy(update={"data_dir": folder}), here={})
    seen: dict[str, tuple[str, str]] = {}
    moods = st.sampled_from(["take", "away", "lost"])

    class Fickle(Peer):
        def send(self, parcel):
            mood = data.draw(moods)
            if mood != "away":
                seen.setdefault(parcel.id, (parcel.notice.subject, parcel.notice.key))
            if mood != "take":
                raise AwayError(mood)

    def started():
        app = create_app(told, clock=clock)
        return app, make_client(app), PostOffice(app.state.hub, channels={"here": peer}, rng=Random(1))

    peer = Fickle()
    app, client, post = started()
    queued = []
    for step in range(data.draw(st.integers(1, 4))):
        lower_hz = 880e6 + 1e6 * step
        made = batch(
            "ABC"[step % 3] + "1",
            detection(emission=step, freq_lower_hz=lower_hz, freq_upper_hz=lower_hz + 1e5, channel=None),
        )
        client.post(made.sensor, dump_batch(made))
        client.act(step + 1, "acknowledge", version=0)
        queued += [f"alert/{step + 1}/announced/1", f"alert/{step + 1}/acknowledge/1"]
        for _ in range(data.draw(st.integers(0, 3))):
            post.couriers["here"].step()
            clock.advance(data.draw(st.sampled_from([0.5, 30])))
        if data.draw(st.booleans()):
            app.state.hub.database.close()
            app, client, post = started()
    moods = st.just("take")
    clock.advance(400)
    deliver(post)
    clock.advance(400)
    deliver(post)
    app.state.hub.database.close()
    keys = [key for _, key in seen.values()]
    assert sorted(keys) == sorted(queued)
    for subject in {subject for subject, _ in seen.values()}:
        own = [key for each, key in seen.values() if each == subject]
        assert own == [key for key in queued if key.startswith(f"{subject}/")]


@given(failures=st.integers(1, 200), seed=st.integers(0, 2**32))
def test_a_pause_grows_is_bounded_and_is_spread(failures, seed):
    pause = pause_us(failures, rules=RULES, rng=Random(seed))
    whole = min(RULES.longest_us, RULES.first_us * 2 ** (failures - 1))
    assert whole / 2 <= pause <= whole


@given(st.lists(st.tuples(st.integers(0, 100), st.sampled_from([None, AwayError, BarredError, RefusedError]))))
def test_an_alarm_stands_exactly_while_a_channel_fails_for_long_or_must_be_mended(story):
    health, now_us, since_us, mended = Health(channel="here"), 0, None, False
    for seconds, kind in story:
        now_us += seconds * S
        if kind is None:
            health, since_us, mended = after_success(health, now_us=now_us), None, False
        else:
            health = after_fault(health, kind("why"), now_us=now_us, rules=RULES)
            since_us = now_us if since_us is None else since_us
            mended |= kind is not AwayError or now_us - since_us >= RULES.patience_us
        assert health.failing_us == since_us
        assert (health.alarmed_us is not None) == mended


def test_a_slow_channel_delays_neither_another_nor_ingest_in_real_time(settings, clock, make_client, batch, detection):
    from detector.wire import dump_batch

    peers = {"slow": Peer(), "quick": Peer()}
    peers["slow"].gate.clear()
    app = create_app(with_channels(settings, slow={}, quick={}), clock=clock)
    post = PostOffice(app.state.hub, channels=peers)
    client = make_client(app)
    post.open()
    try:
        began_s = time.monotonic()
        for number in range(3):
            lower_hz = 880e6 + 1e6 * number
            made = batch(
                "B1", detection(emission=number, freq_lower_hz=lower_hz, freq_upper_hz=lower_hz + 1e5, channel=None)
            )
            assert client.post("B1", dump_batch(made)).status_code == 200
        while len(peers["quick"].taken) < 3:
            assert time.monotonic() - began_s < 15
            threading.Event().wait(0.005)
        assert peers["slow"].taken == []
    finally:
        peers["slow"].gate.set()
        post.close()
        app.state.hub.database.close()


def test_a_channel_is_tested_over_http_and_shows_its_state(settings, serve, clock):
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    hook = WebhookSettings(
        type="webhook", url="http://127.0.0.1:9/secret-path", secret=secret, networks=("127.0.0.0/8",), timeout_s=2
    )
    told = Settings.model_validate(
        settings.model_dump() | {"channels": {"hook": hook.model_dump()}, "webhook_hosts": ("127.0.0.1",)}
    ).model_copy(update={"channels": {"hook": hook}})
    running = type(serve())(told, clock=clock)
    headers = {"X-Wingwatch-Actor": "Dana"}
    with running as hub:
        listed = hub.client.get(f"{hub.address}/api/v1/channels").json()["items"]
        assert [(each["name"], each["type"], each["state"]) for each in listed] == [("hook", "webhook", "untried")]
        answer = hub.client.post(f"{hub.address}/api/v1/channels/hook/test", headers=headers)
        assert answer.json() == {"state": "given-up", "why": "127.0.0.1: no connection"}
        (after,) = hub.client.get(f"{hub.address}/api/v1/channels").json()["items"]
        assert (after["state"], after["why"], after["target"]) == (
            "failing",
            "127.0.0.1: no connection",
            "http://127.0.0.1:9",
        )
        assert "secret-path" not in json.dumps(after)
        assert hub.client.post(f"{hub.address}/api/v1/channels/none/test", headers=headers).status_code == 404
        assert hub.client.post(f"{hub.address}/api/v1/channels/hook/test").status_code == 401


def test_a_sensor_that_falls_silent_is_told_and_so_is_its_return(office, make_client, batch, heartbeat, clock):
    from detector.wire import dump_batch

    peer = Peer()
    app, post = office({"here": peer})
    client = make_client(app)
    for second in range(200):
        if not 20 <= second < 100:
            client.post("B1", dump_batch(batch("B1", heartbeat=heartbeat(1000 * (second + 1)))))
        sweep(app.state.hub)
        clock.advance(1)
    deliver(post)
    own = [parcel.notice for parcel in peer.taken if parcel.notice.facts.which == "B1"]
    dead = [each for each in own if each.facts.what == "dead-sensor"]
    assert [each.kind.value for each in dead] == ["supervision.raised", "supervision.ended"]
    assert (dead[0].wing, dead[0].subject) == ("B", dead[1].subject)
    assert "B1" in dead[0].facts.why


@pytest.mark.parametrize("taken_back", [False, True])
def test_an_alarm_that_was_raised_while_shelved_is_told_once_when_the_shelf_ends(
    hub, batch, heartbeat, clock, taken_back
):
    from detector.wire import dump_batch

    def pass_by(seconds):
        for _ in range(seconds):
            clock.advance(1)
            sweep(hub.app.state.hub)
        deliver(hub.office)
        notices = [parcel.notice for parcel in hub.peer.taken]
        return [each.kind.value for each in notices if (each.facts.what, each.facts.which) == ("dead-sensor", "B1")]

    shelf = {"kind": "sensor", "name": "B1", "reason": "works going on", "seconds": 300}
    dana = {"X-Wingwatch-Actor": "Dana"}
    hub.client.post("B1", dump_batch(batch("B1", heartbeat=heartbeat(1000))))
    number = hub.client.request("POST", "/api/v1/shelves", json=shelf, headers=dana).json()["id"]
    assert pass_by(100) == []
    if taken_back:
        assert hub.client.request("POST", f"/api/v1/shelves/{number}/end", json={}, headers=dana).status_code == 200
    assert pass_by(1 if taken_back else 201) == ["supervision.raised"]
    assert pass_by(100) == ["supervision.raised"]
