/** Plain values for tests; never part of the bundle. */

import type { Alarm, Alert, Sensor, Wing } from "./api";
import type { Picture } from "./picture";

export function aWing(fields: Partial<Wing> = {}): Wing {
  return {
    name: "A",
    title: "A wing",
    state: "quiet",
    sensors: 1,
    sensors_fresh: 1,
    active_alerts: 0,
    last_alert_utc: null,
    why: "",
    bands: [],
    unwatched: [],
    ...fields,
  };
}

export function anAlarm(fields: Partial<Alarm> = {}): Alarm {
  return {
    id: 1,
    kind: "lost-antenna",
    subject: "sensor",
    name: "A1",
    wing: "A",
    bands: [],
    word: "",
    state: "raised",
    raised_utc: "2026-11-23T06:00:00Z",
    shelved: false,
    ...fields,
  };
}

export function aSensor(fields: Partial<Sensor> = {}): Sensor {
  return { name: "A1", wing: "A", state: "fresh", last_seen_utc: "2026-11-23T06:00:00Z", ...fields };
}

export function anAlert(fields: Partial<Alert> = {}): Alert {
  return {
    id: 1,
    wing: "A",
    state: "open",
    active: true,
    opened_utc: "2026-11-23T06:00:00Z",
    updated_utc: "2026-11-23T06:00:10Z",
    ended_utc: null,
    technology: "gsm",
    kinds: ["gsm-ab", "gsm-nb"],
    activity: "signalling",
    channel: "ARFCN 36",
    freq_lower_hz: 897.1e6,
    freq_upper_hz: 897.3e6,
    snr_db: 12,
    score: 0.99,
    sensors: ["A1"],
    detections: 1,
    why: "",
    merged_into: null,
    ...fields,
  };
}

export function aPicture(fields: Partial<Picture> = {}): Picture {
  const health = {
    status: "ok",
    version: "0",
    simulated: true,
    site: "Site",
    time_zone: "Europe/Paris",
    now: "2026-11-23T06:00:00Z",
  };
  return { health, wings: [], sensors: [], alerts: [], alarms: [], ...fields };
}
