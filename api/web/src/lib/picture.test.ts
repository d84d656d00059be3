/** How messages of the hub change the picture. */

import { describe, expect, test } from "vitest";
import { ALERTS_KEPT, changed, painted, together } from "./picture";
import { anAlert, aPicture, aSensor, aWing } from "./samples";

describe("a change", () => {
  test("replaces the wing of its name, in its place", () => {
    const before = aPicture({ wings: [aWing({ name: "A" }), aWing({ name: "B" })] });
    const after = changed(before, { kind: "wing", value: aWing({ name: "A", state: "alert" }) });
    expect(after.wings.map((wing) => [wing.name, wing.state])).toEqual([
      ["A", "alert"],
      ["B", "quiet"],
    ]);
  });

  test("adds a sensor that was not known", () => {
    const after = changed(aPicture(), { kind: "sensor", value: aSensor({ name: "new" }) });
    expect(after.sensors.map((sensor) => sensor.name)).toEqual(["new"]);
  });

  test("replaces an alert and keeps the newest first, whatever the order in which they come", () => {
    const older = anAlert({ id: 1, opened_utc: "2026-11-23T06:00:00Z" });
    const newer = anAlert({ id: 2, opened_utc: "2026-11-23T06:01:00Z" });
    const grown = { ...older, detections: 9 };
    const after = [newer, older, grown].reduce((picture, value) => changed(picture, { kind: "alert", value }), aPicture());
    expect(after.alerts).toEqual([newer, grown]);
  });

  test("is the same when it comes twice, as on a stream that is resumed", () => {
    const change = { kind: "alert", value: anAlert() } as const;
    const once = changed(aPicture(), change);
    expect(changed(once, change)).toEqual(once);
  });

  test("leaves the picture before it as it was", () => {
    const before = Object.freeze(aPicture({ alerts: Object.freeze([anAlert()]) as never }));
    changed(before, { kind: "alert", value: anAlert({ id: 2 }) });
    expect(before.alerts).toHaveLength(1);
  });
});

test("an alert that was merged into another is gone, in a change and in a list", () => {
  const merged = anAlert({ id: 1, merged_into: 2 });
  const before = aPicture({ alerts: [anAlert({ id: 1 })] });
  expect(changed(before, { kind: "alert", value: merged }).alerts).toEqual([]);
  expect(painted(aPicture({ alerts: [merged] })).alerts).toEqual([]);
});

test("two lists are one: each alert once, newest first", () => {
  const [old, newer, newest] = [1, 2, 3].map((id) => anAlert({ id, opened_utc: `2026-11-23T06:0${id}:00Z` }));
  expect(together([old!, newest!], [newest!, newer!])).toEqual([newest, newer, old]);
});

test("alerts are bounded, but an active one is never dropped", () => {
  const times = Array.from({ length: 2 * ALERTS_KEPT }, (_, minute) => new Date(minute * 60_000).toISOString());
  const alerts = times.map((opened_utc, id) => anAlert({ id, opened_utc, active: id === 0 }));
  const kept = alerts.reduce((picture, value) => changed(picture, { kind: "alert", value }), aPicture()).alerts;
  expect(kept).toHaveLength(ALERTS_KEPT + 1);
  expect(kept.at(-1)?.id).toBe(0);
});
