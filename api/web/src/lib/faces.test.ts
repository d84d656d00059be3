/** How a wing's face and the queue's order follow from what the hub says. */

import { describe, expect, test } from "vitest";
import { columnsFor, faceOf, queueOf, wingViews, worseBands, worstFace } from "./faces";
import { anAlarm, anAlert, aPicture, aSensor, aWing } from "./samples";

describe("the face of a wing", () => {
  test("stays an alert while one phone is unacknowledged", () => {
    const wing = aWing({ state: "alert", active_alerts: 2 });
    const [open, seen] = [anAlert({ id: 1 }), anAlert({ id: 2, state: "acknowledged" })];
    expect(faceOf(wing, [open, seen])).toBe("alert");
    expect(faceOf(wing, [seen])).toBe("acknowledged");
  });

  test("is an alert when the hub says so before the alert itself has come", () => {
    expect(faceOf(aWing({ state: "alert" }), [])).toBe("alert");
  });

  test("is never quiet where only a part is heard", () => {
    expect(faceOf(aWing({ sensors: 2, sensors_fresh: 1 }), [])).toBe("degraded");
    expect(faceOf(aWing({ sensors: 2, sensors_fresh: 2 }), [])).toBe("quiet");
  });

  test("shows an alert over a sensor that fell silent", () => {
    expect(faceOf(aWing({ state: "alert", sensors: 2, sensors_fresh: 0 }), [anAlert()])).toBe("alert");
  });

  test.each(["blind", "stale", "degraded"] as const)("%s is told as it is", (state) => {
    expect(faceOf(aWing({ state, sensors_fresh: 0 }), [])).toBe(state);
  });
});

describe("outside the wings", () => {
  test("has no tile where nobody listens and no phone is", () => {
    expect(wingViews(aPicture({ wings: [aWing()] }))).toHaveLength(1);
  });

  test("a phone there is an alert of the whole site", () => {
    const views = wingViews(aPicture({ wings: [aWing()], alerts: [anAlert({ wing: null })] }));
    expect(views.map((view) => view.face)).toEqual(["quiet", "alert"]);
    expect(worstFace(views)).toBe("alert");
  });

  test("a perimeter whose sensor is jammed is not quiet", () => {
    const sensors = [aSensor({ name: "P1", wing: null })];
    const alarms = [anAlarm({ kind: "jamming", name: "P1", wing: null })];
    const [view] = wingViews(aPicture({ sensors, alarms }));
    expect([view?.face, view?.alarms]).toEqual(["degraded", alarms]);
  });

  test("a perimeter that fell silent is not quiet", () => {
    const sensors = [aSensor({ wing: null, state: "stale" })];
    expect(wingViews(aPicture({ sensors })).map((view) => view.face)).toEqual(["stale"]);
  });
});

test("a sensor whose clock is wrong is named apart, and what it watches is never quiet", () => {
  const sensors = [aSensor({ wing: null, state: "clock" }), aSensor({ name: "P2", wing: null })];
  const [view] = wingViews(aPicture({ sensors }));
  expect(view?.face).toBe("stale");
  expect(view?.misdated).toEqual(sensors.slice(0, 1));
  expect(view?.silent).toEqual([]);
});

test("the bands that are worse off than quiet are told apart", () => {
  const [quiet, phone, deaf] = (["quiet", "alert", "blind"] as const).map((state) => ({ name: state, state, heard_share: 1 }));
  expect(worseBands(aWing({ bands: [quiet!, phone!, deaf!] }))).toEqual([deaf]);
});

test("the queue puts unacknowledged before acknowledged, then the newest first", () => {
  const alerts = [
    anAlert({ id: 1, opened_utc: "2026-11-23T06:00:00Z" }),
    anAlert({ id: 2, opened_utc: "2026-11-23T06:02:00Z", state: "acknowledged" }),
    anAlert({ id: 3, opened_utc: "2026-11-23T06:01:00Z" }),
    anAlert({ id: 4, opened_utc: "2026-11-23T06:03:00Z", active: false }),
  ];
  const { now, earlier } = queueOf(alerts);
  expect(now.map((alert) => alert.id)).toEqual([3, 1, 2]);
  expect(earlier.map((alert) => alert.id)).toEqual([4]);
});

test("a wing that is not heard presses more than an alert that was acknowledged", () => {
  const wings = [aWing({ name: "A", state: "blind" }), aWing({ name: "B", state: "alert" })];
  const alerts = [anAlert({ wing: "B", state: "acknowledged" })];
  expect(worstFace(wingViews(aPicture({ wings, alerts })))).toBe("blind");
});

test("the wall is about as many tiles wide as high", () => {
  expect([0, 1, 2, 3, 4, 6, 9, 12].map(columnsFor)).toEqual([1, 1, 2, 3, 2, 3, 3, 4]);
});
