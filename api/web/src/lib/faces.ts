/** What a person is shown of what the hub says: the face of a wing, the order of the queue. Pure. */

import type { Alarm, Alert, Sensor, Wing, WingState } from "./api";
import { byOpening, type Picture } from "./picture";

/** From what needs a person most to what needs nobody. */
export const FACES = ["alert", "blind", "stale", "acknowledged", "degraded", "quiet"] as const;
export type Face = (typeof FACES)[number];

export interface WingView {
  readonly wing: Wing;
  readonly face: Face;
  /** Its active alerts, newest first. */
  readonly active: readonly Alert[];
  /** The sensors that are silent, those whose clock is wrong, and when the last of all was heard. */
  readonly silent: readonly Sensor[];
  readonly misdated: readonly Sensor[];
  readonly lastSeenMs: number | undefined;
  /** What is wrong here and not over. */
  readonly alarms: readonly Alarm[];
}

/** The wings in the site's order; last, where somebody listens there or a phone is, what lies outside them. */
export function wingViews(picture: Picture): readonly WingView[] {
  const outside = outsideOf(picture);
  const inside = picture.wings.map((wing) => viewOf(wing, wing.name, picture));
  return outside ? [...inside, viewOf(outside, null, picture)] : inside;
}

function viewOf(wing: Wing, place: string | null, { alerts, sensors, alarms }: Picture): WingView {
  const active = alerts.filter((alert) => alert.active && alert.wing === place);
  const here = sensors.filter((sensor) => sensor.wing === place);
  const seen = here.flatMap(({ last_seen_utc: utc }) => (utc === null ? [] : [Date.parse(utc)]));
  return {
    wing,
    face: faceOf(wing, active),
    active,
    silent: here.filter((sensor) => sensor.state === "stale" || sensor.state === "never"),
    misdated: here.filter((sensor) => sensor.state === "clock"),
    lastSeenMs: seen.length > 0 ? Math.max(...seen) : undefined,
    alarms: alarms.filter((alarm) => alarm.subject === "sensor" && alarm.wing === place),
  };
}

/**
 * The face of a wing. An alert stays an alert while one phone in it is unacknowledged, and is never hidden by a sensor
 * that fell silent; a wing of which only a part is heard is never called quiet.
 */
export function faceOf(wing: Wing, active: readonly Alert[]): Face {
  if (wing.state === "alert") {
    const seen = active.length > 0 && active.every((alert) => alert.state !== "open");
    return seen ? "acknowledged" : "alert";
  }
  if (wing.state === "quiet" && wing.sensors_fresh < wing.sensors) return "degraded";
  return wing.state;
}

/** What lies outside the wings as one more wing, without a title of its own. */
function outsideOf({ alerts, sensors, alarms }: Picture): Wing | undefined {
  const heard = alerts.filter((alert) => alert.wing === null);
  const active = heard.filter((alert) => alert.active).length;
  const here = sensors.filter((sensor) => sensor.wing === null);
  if (here.length === 0 && active === 0) return undefined;
  return {
    name: "",
    title: "",
    state: active > 0 ? "alert" : listening(here, alarms),
    sensors: here.length,
    sensors_fresh: here.filter((sensor) => sensor.state === "fresh").length,
    active_alerts: active,
    last_alert_utc: heard[0]?.opened_utc ?? null,
    why: "",
    bands: [],
    unwatched: [],
  };
}

function listening(sensors: readonly Sensor[], alarms: readonly Alarm[]): WingState {
  if (sensors.some((sensor) => sensor.state === "clock")) return "stale";
  const wrong = alarms.some((alarm) => alarm.subject === "sensor" && alarm.wing === null);
  if (sensors.some((sensor) => sensor.state === "fresh")) return wrong ? "degraded" : "quiet";
  return sensors.some((sensor) => sensor.state === "stale") ? "stale" : "blind";
}

/** The bands of a wing that are worse off than quiet, in its order: what its face alone does not tell. */
export function worseBands(wing: Wing): readonly Wing["bands"][number][] {
  return wing.bands.filter((band) => band.state !== "quiet" && band.state !== "alert");
}

export interface Queue {
  /** On air: unacknowledged before acknowledged, newest first. */
  readonly now: readonly Alert[];
  readonly earlier: readonly Alert[];
}

export function queueOf(alerts: readonly Alert[]): Queue {
  return {
    now: alerts.filter((alert) => alert.active).sort(byNeed),
    earlier: alerts.filter((alert) => !alert.active).sort(byOpening),
  };
}

function byNeed(a: Alert, b: Alert): number {
  return Number(a.state !== "open") - Number(b.state !== "open") || byOpening(a, b);
}

/** The one face that stands for the whole site: its most pressing wing's. */
export function worstFace(views: readonly WingView[]): Face {
  return FACES.find((face) => views.some((view) => view.face === face)) ?? "quiet";
}

/** How many tiles stand side by side on a wide screen, so that the wall is about as wide as high in tiles. */
export function columnsFor(tiles: number): number {
  return tiles <= 3 ? Math.max(1, tiles) : Math.ceil(Math.sqrt(tiles));
}
