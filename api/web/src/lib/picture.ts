/** What the page knows of the site, and how each message from the hub changes it. Pure: values in, values out. */

import type { Alarm, Alert, Health, Sensor, Wing } from "./api";

export interface Picture {
  readonly health: Health;
  readonly wings: readonly Wing[];
  readonly sensors: readonly Sensor[];
  readonly alerts: readonly Alert[];
  /** Those that are not over, the latest first. */
  readonly alarms: readonly Alarm[];
}

export type Change =
  | { readonly kind: "wing"; readonly value: Wing }
  | { readonly kind: "sensor"; readonly value: Sensor }
  | { readonly kind: "alert"; readonly value: Alert }
  | { readonly kind: "alarm"; readonly value: Alarm };

/** How many alerts are kept; those that are active are kept beyond it. */
export const ALERTS_KEPT = 100;

export function changed(picture: Picture, change: Change): Picture {
  switch (change.kind) {
    case "wing":
      return { ...picture, wings: named(picture.wings, change.value) };
    case "sensor":
      return { ...picture, sensors: named(picture.sensors, change.value) };
    case "alert":
      return { ...picture, alerts: withAlert(picture.alerts, change.value) };
    case "alarm":
      return { ...picture, alarms: withAlarm(picture.alarms, change.value) };
  }
}

/** The list with an item in the place of the one of its name; a new one comes last. */
function named<T extends { readonly name: string }>(items: readonly T[], item: T): readonly T[] {
  const place = items.findIndex((other) => other.name === item.name);
  return place < 0 ? [...items, item] : items.with(place, item);
}

/** Newest first. An alert that proved to be another's phone is that other alert now. */
function withAlert(alerts: readonly Alert[], alert: Alert): readonly Alert[] {
  const others = alerts.filter((other) => other.id !== alert.id);
  if (alert.merged_into !== null) return others;
  return [alert, ...others]
    .sort(byOpening)
    .filter((other, place) => place < ALERTS_KEPT || other.active);
}

/** Latest first, without those that are over. */
function withAlarm(alarms: readonly Alarm[], alarm: Alarm): readonly Alarm[] {
  const others = alarms.filter((other) => other.id !== alarm.id);
  return alarm.state === "cleared" ? others : [alarm, ...others].sort((a, b) => b.id - a.id);
}

/** The picture as a list of the hub gives it, without what was merged since. */
export function painted(picture: Picture): Picture {
  return { ...picture, alerts: picture.alerts.filter((alert) => alert.merged_into === null) };
}

/** The alerts of two lists, newest first, each once. Where both have one, what follows in the feed decides. */
export function together(some: readonly Alert[], others: readonly Alert[]): readonly Alert[] {
  const byId = new Map([...some, ...others].map((alert) => [alert.id, alert]));
  return [...byId.values()].sort(byOpening);
}

export function byOpening(a: Alert, b: Alert): number {
  return Date.parse(b.opened_utc) - Date.parse(a.opened_utc) || b.id - a.id;
}
