/** Times and numbers as people read them. */

import { expect, test } from "vitest";
import { decimal, duration, shortDate, siteDate, siteTime, utcText } from "./format";

const SUMMER_NIGHT = Date.parse("2026-07-14T22:30:05Z");

test("a time is the site's, whatever the desk's zone", () => {
  expect(siteTime(SUMMER_NIGHT, "Europe/Paris", "fr")).toBe("00:30");
  expect(siteTime(SUMMER_NIGHT, "Europe/London", "en", { seconds: true })).toBe("23:30:05");
});

test("a date is the site's too", () => {
  expect(siteDate(SUMMER_NIGHT, "Europe/Paris", "fr")).toBe("mercredi 15 juillet");
  expect(shortDate(SUMMER_NIGHT, "Europe/London", "en")).toBe("14 Jul");
});

test("a zone that the browser does not know is UTC, and says so", () => {
  expect(siteTime(SUMMER_NIGHT, "Mars/Olympus", "en")).toBe("22:30\u00a0UTC");
  expect(siteDate(SUMMER_NIGHT, "Mars/Olympus", "en")).toBe("Tuesday 14 July");
  expect(shortDate(SUMMER_NIGHT, "Mars/Olympus", "en")).toBe("14 Jul");
});

test("UTC is written out", () => {
  expect(utcText(SUMMER_NIGHT)).toBe("2026-07-14 22:30:05 UTC");
});

test.each([
  [-5, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [3 * 3_600_000 + 5 * 60_000, "3 h 5 min"],
  [50 * 3_600_000, "2 d"],
])("%d ms last %s", (ms, text) => {
  expect(duration(ms, "en").replaceAll("\u00a0", " ")).toBe(text);
});

test("a number has its language's comma", () => {
  expect(decimal(11.44, 1, "fr")).toBe("11,4");
  expect(decimal(11.44, 1, "en")).toBe("11.4");
});
