"""The live page before a real hub, in a real browser."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from detector.types import Technology

pytestmark = pytest.mark.browser

PROMISED_MS = 5000
"""The page says within this time that it lost its hub."""


def face(page: Page, wing: str, state: str) -> None:
    """Expect the wall to show a wing in a state."""
    expect(page.locator(f"[data-wing={wing}]")).to_have_attribute("data-face", state)


def test_an_alert_appears_in_its_wing_without_a_reload(hub, open_page, heard_phone):
    with open_page(hub.address) as (page, _):
        expect(page.get_by_role("status")).to_have_text("All quiet")
        for wing in "ABC":
            face(page, wing, "quiet")
        hub.hear("B1", heard_phone())
        face(page, "B", "alert")
        face(page, "A", "quiet")
        face(page, "C", "quiet")
        expect(page.get_by_role("status")).to_have_text("Phone: B wing")
        card = page.locator("[data-alert]")
        expect(card).to_have_count(1)
        expect(card).to_contain_text("B wing")
        expect(card).to_contain_text("2G phone")
        expect(page).to_have_title(re.compile("B wing"))


def test_a_wing_that_is_not_wholly_heard_is_never_called_quiet(start_hub, open_page):
    hub = start_hub()
    with open_page(hub.address) as (page, _):
        for wing in "ABC":
            face(page, wing, "blind")
        hub.hear("A1")
        hub.hear("C1")
        face(page, "A", "quiet")
        face(page, "B", "blind")
        face(page, "C", "degraded")
        expect(page.locator("[data-wing=C]")).to_contain_text("Silent: C2")
        expect(page.get_by_role("status")).to_have_text("Not heard yet: B wing")


def test_a_wing_whose_sensors_fall_silent_is_told_without_a_reload(start_hub, open_page):
    hub = start_hub(stale_after_s=2)
    hub.hear_all()
    with open_page(hub.address) as (page, _):
        for wing in "ABC":
            face(page, wing, "stale")
        expect(page.get_by_role("status")).to_contain_text("No longer heard")


def test_a_wing_whose_sensor_has_a_wrong_clock_is_never_quiet_and_its_phones_are_shown(hub, open_page, heard_phone):
    with open_page(hub.address) as (page, _):
        hub.hear("A1", ahead_s=60)
        face(page, "A", "stale")
        expect(page.locator("[data-wing=A]")).to_contain_text("Wrong clock: A1")
        hub.hear("A1", heard_phone(ago_s=-59), ahead_s=60)
        face(page, "A", "alert")


def test_an_active_alert_stands_before_any_number_of_newer_ones_that_ended(hub, open_page, heard_phone):
    call = heard_phone()
    hub.hear("A1", replace(call, start_s=0.0, start_utc=call.end_utc - timedelta(hours=3), emission=1000))
    past = [heard_phone(emission=n, ago_s=60.0 * n, technology=Technology.LTE) for n in range(2, 104)]
    hub.hear("B1", *past)
    with open_page(hub.address) as (page, _):
        face(page, "A", "alert")
        face(page, "B", "quiet")
        expect(page.locator("[data-alert]").first).to_contain_text("A wing")
        expect(page.locator("[data-alert]")).to_have_count(101)


def test_every_state_has_its_own_word_and_shape(start_hub, open_page, heard_phone):
    hub = start_hub()
    marks = {}
    with open_page(hub.address) as (page, _):
        marks |= mark(page, "B")
        hub.hear("A1")
        hub.hear("B1", heard_phone())
        hub.hear("C1")
        for wing, state in {"A": "quiet", "B": "alert", "C": "degraded"}.items():
            face(page, wing, state)
            marks |= mark(page, wing)
    assert set(marks) == {"Quiet", "Alert", "Partly heard", "Blind"}
    assert len(set(marks.values())) == len(marks)


@pytest.mark.parametrize(
    ("locale", "words", "remedy"),
    [
        ("en-GB", "Sensor A1 complains: receiver-gone", "Read its log."),
        ("fr-FR", "Capteur A1 signale un défaut : receiver-gone", "Lisez son journal."),
    ],
)
def test_a_fault_of_the_system_is_told_with_its_remedy_and_its_wing_is_not_quiet(hub, open_page, locale, words, remedy):
    with open_page(hub.address, locale=locale) as (page, _):
        expect(page.locator("[data-alarm]")).to_have_count(0)
        hub.hear("A1", alarm="receiver-gone")
        fault = page.locator("[data-alarm=sensor-complains]")
        expect(fault).to_contain_text(words)
        expect(fault).to_contain_text(remedy)
        face(page, "A", "degraded")
        face(page, "B", "quiet")
        expect(page.locator("[data-wing=A] [data-band='P-GSM 900']")).to_have_attribute("data-state", "degraded")


def mark(page: Page, wing: str) -> dict[str, str]:
    """A wing's state: its word, and the outline that stands with it."""
    state = page.locator(f"[data-wing={wing}] .state")
    return {state.inner_text().strip(): state.locator("svg").inner_html()}


def test_two_phones_of_one_wing_stand_in_the_queue_newest_first(hub, open_page, heard_phone):
    with open_page(hub.address) as (page, _):
        hub.hear("A1", heard_phone(emission=1, ago_s=5))
        hub.hear("A1", heard_phone(emission=2, ago_s=1, technology=Technology.LTE))
        expect(page.locator("[data-alert]")).to_have_count(2)
        expect(page.locator("[data-alert]").first).to_contain_text("4G phone")
        expect(page.locator("[data-wing=A]")).to_contain_text("2 phones on air")


def test_a_stopped_hub_is_told_in_time_and_the_state_is_right_after_it_returns(hub, open_page, heard_phone):
    with open_page(hub.address) as (page, _):
        hub.hear("A1", heard_phone())
        face(page, "A", "alert")
        hub.stop()
        expect(page.get_by_test_id("lost")).to_be_visible(timeout=PROMISED_MS)
        expect(page.locator(".old")).to_have_count(1)
        face(page, "A", "alert")
        hub.start()
        hub.hear("C1", heard_phone(technology=Technology.LTE))
        expect(page.get_by_test_id("link")).to_have_attribute("data-state", "live")
        expect(page.get_by_test_id("lost")).to_have_count(0)
        expect(page.locator(".old")).to_have_count(0)
        face(page, "A", "alert")
        face(page, "C", "alert")
        expect(page.locator("[data-alert]")).to_have_count(2)
        page.complaints.forgive_lost_connections()


def test_a_line_that_falls_silent_is_told_in_time_and_nothing_is_missed(hub, open_page, heard_phone):
    with open_page(hub.address) as (page, context):
        context.route("**/api/v1/**", unanswered)
        expect(page.get_by_test_id("lost")).to_be_visible(timeout=PROMISED_MS)
        hub.hear("C1", heard_phone())
        context.unroute("**/api/v1/**")
        expect(page.get_by_test_id("link")).to_have_attribute("data-state", "live")
        face(page, "C", "alert")
        expect(page.locator("[data-alert]")).to_have_count(1)
        page.complaints.forgive_lost_connections()


def unanswered(route: Route) -> None:
    """Let a request wait for ever, as on a line that was cut."""


def test_the_banner_says_that_the_air_is_simulated(hub, open_page):
    with open_page(hub.address) as (page, _):
        expect(page.get_by_role("complementary", name="Simulated")).to_be_visible()


def test_everything_can_be_reached_and_used_by_keyboard(hub, open_page, heard_phone):
    hub.hear("B1", heard_phone())
    with open_page(hub.address) as (page, _):
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the alerts")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_role("radio", name="English")).to_be_focused()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("status")).to_have_text("Téléphone : B wing")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.keyboard.press("Tab")
        expect(page.get_by_role("group", name="Alertes")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_text("ARFCN 36", exact=True)).to_be_visible()


def test_the_skip_link_leads_to_the_alerts(hub, open_page):
    with open_page(hub.address) as (page, _):
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#alerts")).to_be_focused()


@pytest.mark.parametrize(("locale", "quiet"), [("en-GB", "All quiet"), ("fr-FR", "Tout est calme")])
def test_the_page_speaks_the_browsers_language(hub, open_page, locale, quiet):
    with open_page(hub.address, locale=locale) as (page, _):
        expect(page.get_by_role("status")).to_have_text(quiet)
        expect(page.locator("html")).to_have_attribute("lang", locale[:2])


def test_the_chosen_language_and_theme_outlive_a_reload(hub, open_page):
    with open_page(hub.address) as (page, _):
        page.get_by_text("Français").click()
        page.get_by_text("Clair").click()
        page.reload()
        expect(page.get_by_role("status")).to_have_text("Tout est calme")
        expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_the_theme_follows_the_system_until_one_is_chosen(hub, open_page):
    grounds = {}
    for scheme in ("dark", "light"):
        with open_page(hub.address, color_scheme=scheme) as (page, _):
            grounds[scheme] = ground(page)
            page.get_by_text("Light", exact=True).click()
            grounds[scheme, "light"] = ground(page)
    assert grounds["dark"] != grounds["light"] == grounds["dark", "light"] == grounds["light", "light"]


def ground(page: Page) -> str:
    """The page's background colour."""
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_nothing_is_cut_off_sideways_at_any_width(hub, open_page, heard_phone):
    hub.hear("B1", heard_phone())
    with open_page(hub.address) as (page, _):
        face(page, "B", "alert")
        for width, height in [(320, 640), (390, 844), (1024, 768), (1366, 768), (3840, 2160)]:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width


def test_times_are_the_sites_with_utc_beside_them(hub, open_page, heard_phone):
    hub.hear("B1", heard_phone())
    with open_page(hub.address, timezone_id="Asia/Tokyo") as (page, _):
        time = page.locator("[data-alert] time").first
        shown, utc = time.inner_text(), time.get_attribute("datetime")
        expected = page.evaluate(
            "utc => new Date(utc).toLocaleTimeString('en-GB',"
            " {timeZone: 'Europe/London', hour: '2-digit', minute: '2-digit'})",
            utc,
        )
        assert shown == expected
        assert time.get_attribute("title").endswith("UTC")


def test_who_asks_for_stillness_gets_it(hub, open_page, heard_phone):
    hub.hear("B1", heard_phone())
    with open_page(hub.address, reduced_motion="reduce") as (page, _):
        face(page, "B", "alert")
        assert page.evaluate("document.getAnimations().length") == 0


def test_an_address_that_leads_nowhere_says_so_and_leads_back(hub, open_page):
    with open_page(hub.address, path="/#/nowhere") as (page, _):
        expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
        page.get_by_role("link", name="Back to the wings").click()
        expect(page.get_by_role("status")).to_have_text("All quiet")
