import pytest

from api.alerts import Outcome, Priority
from api.channels.notice import ChannelFacts, Kind, StandingFacts, SupervisionFacts, TrialFacts
from api.channels.wording import (
    ACTIVITIES,
    COMPARISONS,
    HEADLINES,
    OUTCOMES,
    PRIORITIES,
    WORDS,
    Language,
    worded,
)
from api.standing import Comparison
from detector.types import Activity


@pytest.mark.parametrize(
    ("table", "vocabulary"),
    [
        (HEADLINES, Kind),
        (PRIORITIES, Priority),
        (ACTIVITIES, Activity),
        (OUTCOMES, Outcome),
        (COMPARISONS, Comparison),
        (WORDS, WORDS),
    ],
)
def test_everything_has_a_word_in_every_language(table, vocabulary):
    assert set(table) == set(vocabulary)
    assert all(set(words) == set(Language) for words in table.values())


@pytest.fixture
def notices(notice):
    """One notice of each kind."""
    standing = StandingFacts(
        standing=2, began_us=1, alerts=9, minutes=10.0, usual=3.2, comparison=Comparison.MORE, cells=("B-1-04",)
    )
    facts = {
        "standing": standing,
        "supervision": SupervisionFacts(what="lost antenna", which="B1", why="The carrier fell by 20 dB."),
        "channel": ChannelFacts(channel="mail", since_us=1, waiting=4, why="no connection"),
        "test": TrialFacts(),
    }
    return [notice(kind, **({"facts": facts[kind.group]} if kind.group in facts else {})) for kind in Kind]


@pytest.mark.parametrize("language", Language)
def test_every_kind_is_told_in_words(notices, language):
    for each in notices:
        text = worded(each, language)
        assert text.headline
        assert "\n" not in text.headline
        assert "{" not in text.body
        assert "Prison d'essai" in text.body


def test_an_alert_tells_wing_cells_priority_and_why(notice):
    assert worded(notice(), Language.ENGLISH).lines == (
        "Probable cells: B-1-04 (62%), B-1-05 (21%).",
        "Outside 3%, in a permitted zone 0%.",
        "Priority high: call, 96% sure that a phone is inside.",
        "Heard: GSM call on ARFCN 36, 18 dB over the noise, by B1, B2.",
        "Alert 17, first heard at 2026-03-01 12:59:57 (Europe/Paris).",
        "Prison d'essai, 2026-03-01 13:00:00 (Europe/Paris).",
    )


def test_what_is_simulated_says_so_first(notice):
    assert worded(notice(simulated=True), Language.FRENCH).headline.startswith("[SIMULATION] ")


def test_what_is_of_no_wing_is_told_as_outside(notice):
    text = worded(
        notice(wing=None, wing_title=None, facts=notice().facts.model_copy(update={"cells": ()})), Language.ENGLISH
    )
    assert text.headline == "Phone in no wing, probably outside"
    assert text.lines[0] == "No cell can be told."
