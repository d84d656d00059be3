"""Pictures of the page as a running hub serves it: each size in both themes, for people to look at.

    python tests/browser/screenshots.py OUT_DIR [--hub http://127.0.0.1:8077] [--language fr] [--alert]

It changes nothing on the hub and knows nothing of what the hub shows.
"""

import argparse
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = "/usr/bin/chromium"
SIZES = {"desk": (1366, 768), "wall": (3840, 2160), "phone": (390, 844)}
THEMES = ("dark", "light")
PATIENCE_MS = 300_000
ALERT = (
    "main:has([data-wing][data-face=alert]):not(:has(:is([data-face=blind], [data-face=stale], [data-face=degraded])))"
)


def picture(
    browser: Browser, *, hub: str, size: tuple[int, int], theme: str, language: str, path: Path, wanted: str
) -> None:
    """Write one picture, once the page is live and shows what is wanted."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        locale=language,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(hub)
    page.locator("[data-testid=link][data-state=live]").wait_for()
    page.locator(wanted).first.wait_for(timeout=PATIENCE_MS)
    page.screenshot(path=path, full_page=width < height)
    context.close()


def main() -> None:
    """Write all pictures."""
    parser = argparse.ArgumentParser(description="Pictures of the page as a running hub serves it.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--hub", default="http://127.0.0.1:8077")
    parser.add_argument("--language", choices=("en", "fr"), default="en")
    parser.add_argument("--alert", action="store_true", help="wait until a wing is in alert and all are heard")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for name, size in SIZES.items():
            for theme in THEMES:
                path = options.out / f"live-{name}-{theme}-{options.language}.png"
                picture(
                    browser,
                    hub=options.hub,
                    size=size,
                    theme=theme,
                    language=options.language,
                    path=path,
                    wanted=ALERT if options.alert else "[data-face]",
                )
        browser.close()


if __name__ == "__main__":
    main()
