from dataclasses import replace
from itertools import product

import pytest

from api.actors import HUB, Actor, ActorError, ActorKind, claimed
from api.alerts import Alert, AlertState, Outcome
from api.alerts_life import TABLE, Act, ActError, Deed, act_on, already_done, bury, escalate, is_overdue
from detector.types import Activity, Technology

DANA = Actor(name="Dana", kind=ActorKind.PERSON, verified=False)
OPEN = Alert(
    id=7,
    wing="B",
    state=AlertState.OPEN,
    active=True,
    opened_us=0,
    updated_us=2,
    technology=Technology.GSM,
    kinds=(),
    activity=Activity.CALL,
    channel=None,
    freq_lower_hz=0.0,
    freq_upper_hz=1.0,
    snr_db=9.0,
    score=0.9,
    sensors=("B1",),
    emissions=1,
    detections=1,
    why="",
    waiting_us=5,
)


def deed(act, version=0, **fields):
    outcome = {"outcome": Outcome.NOT_FOUND} if act is Act.CLOSE else {}
    return Deed(act=act, version=version, actor=DANA, **outcome | fields)


@pytest.mark.parametrize(("state", "act"), list(product(AlertState, Act)))
def test_what_the_table_says_happens_and_nothing_else(state, act):
    alert = replace(OPEN, state=state)
    if (state, act) in TABLE:
        after, transition = act_on(alert, deed(act), now_us=9)
        assert after.state is TABLE[state, act] is transition.after
        assert (transition.before, transition.version, transition.at_us) == (state, after.version, 9)
        assert after.version == alert.version + 1
    else:
        with pytest.raises(ActError, match=f"is {state}"):
            act_on(alert, deed(act), now_us=9)


def test_every_state_is_reached_and_every_state_can_be_left():
    assert set(TABLE.values()) == {state for state, _ in TABLE} == set(AlertState)


def test_a_closed_alert_bears_its_outcome_until_it_is_opened_again():
    closed, _ = act_on(OPEN, deed(Act.CLOSE, outcome=Outcome.FOUND, cell="B-1-01"), now_us=9)
    reopened, _ = act_on(closed, deed(Act.REOPEN, 1), now_us=20)
    assert (closed.outcome, closed.active, closed.waiting_us) == (Outcome.FOUND, False, None)
    assert (reopened.outcome, reopened.waiting_us, reopened.version, reopened.held) == (None, 20, 2, True)


def test_a_merged_alert_takes_no_deed():
    gone, transition = bury(OPEN, into=3, now_us=9)
    assert (transition.act, transition.actor, gone.version, gone.merged_into) == (Act.MERGE, HUB, 1, 3)
    with pytest.raises(ActError, match="merged into alert 3"):
        act_on(gone, deed(Act.REOPEN, 1), now_us=10)


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        (Act.CLOSE, {"outcome": None}),
        (Act.ACKNOWLEDGE, {"outcome": Outcome.FOUND}),
        (Act.CLOSE, {"outcome": Outcome.NOT_FOUND, "cell": "B-1-01"}),
    ],
)
def test_a_deed_that_says_too_little_or_too_much_is_refused(act, fields):
    with pytest.raises(ActError):
        deed(act, **fields)


def test_an_alert_is_escalated_once_and_keeps_its_version():
    waits = {"limit_us": 100}
    assert not is_overdue(OPEN, now_us=104, **waits)
    assert is_overdue(OPEN, now_us=105, **waits)
    told, transition = escalate(OPEN, now_us=105)
    assert (told.version, told.escalated_us, transition.version) == (0, 105, 0)
    assert not is_overdue(told, now_us=999, **waits)
    taken, _ = act_on(told, deed(Act.ACKNOWLEDGE), now_us=200)
    assert not is_overdue(taken, now_us=999, **waits)


def test_the_same_deed_is_known_again_and_no_other():
    _, transition = act_on(OPEN, deed(Act.ACKNOWLEDGE, note="on my way"), now_us=9)
    assert already_done(deed(Act.ACKNOWLEDGE, note="on my way"), transition)
    assert not already_done(deed(Act.ACKNOWLEDGE), transition)
    assert not already_done(deed(Act.SEARCH, note="on my way"), transition)
    assert not already_done(deed(Act.ACKNOWLEDGE, 1, note="on my way"), transition)
    other = replace(DANA, name="Eve")
    assert not already_done(replace(deed(Act.ACKNOWLEDGE, note="on my way"), actor=other), transition)


def test_a_name_is_taken_as_it_is_said():
    actor = claimed("H%C3%A9l%C3%A8ne  Roy", engineers=("Hélène Roy",))
    assert (actor.name, actor.verified, actor.see_places) == ("Hélène Roy", False, True)
    assert not claimed("Dana", engineers=()).see_places


@pytest.mark.parametrize("name", ["", " ", "%FF", "%00", "x" * 81])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(ActorError):
        claimed(name, engineers=())
