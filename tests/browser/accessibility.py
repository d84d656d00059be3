"""What axe-core has to say of the page as a running hub serves it: both themes, both languages, desk and phone.

    (cd api/web && npm ci) && python tests/browser/accessibility.py [--hub http://127.0.0.1:8077]

Prints each violation with the element that it is about; the exit status is 1 if there was one.
"""

import argparse
import itertools
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

AXE = Path(__file__).parents[2] / "api/web/node_modules/axe-core/axe.min.js"
CHROMIUM = "/usr/bin/chromium"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {"desk": (1366, 768), "phone": (390, 844)}


def violations(browser: Browser, *, hub: str, language: str, theme: str, size: tuple[int, int]) -> list[str]:
    """One line per element that breaks a rule, evidence of the first alert opened."""
    context = browser.new_context(
        locale=language,
        color_scheme="dark" if theme == "dark" else "light",
        viewport={"width": size[0], "height": size[1]},
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(hub)
    page.locator("[data-testid=link][data-state=live]").wait_for()
    for summary in page.locator("summary").all()[:1]:
        summary.click()
    page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run({runOnly: rules}).then(result => result.violations)", RULES)
    context.close()
    return [f"{rule['id']}: {rule['help']}: {node['html']}" for rule in found for node in rule["nodes"]]


def main() -> int:
    """Look at every variant of the page."""
    parser = argparse.ArgumentParser(description="What axe-core has to say of the page.")
    parser.add_argument("--hub", default="http://127.0.0.1:8077")
    options = parser.parse_args()
    count = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for language, theme, (name, size) in itertools.product(("en", "fr"), ("dark", "light"), SIZES.items()):
            found = violations(browser, hub=options.hub, language=language, theme=theme, size=size)
            count += len(found)
            for line in found:
                print(f"{name}, {theme}, {language}: {line}")  # noqa: T201 - what the command is for
        browser.close()
    print(f"{count} violations")  # noqa: T201
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
