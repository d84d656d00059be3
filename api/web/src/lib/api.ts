/** What the hub says, as it says it: the shapes of /api/v1. No judgement is made here. */

export type WingState = "quiet" | "alert" | "blind" | "degraded" | "stale";
export type SensorState = "fresh" | "stale" | "never" | "clock";
export type AlertState = "open" | "acknowledged" | "closed";
export type Technology = "gsm" | "umts" | "lte" | "nr" | "unknown";
export type Activity = "access" | "signalling" | "call" | "call-dtx" | "idle-check" | "data" | "unknown";

export type AlarmKind =
  | "dead-sensor"
  | "frozen-sensor"
  | "slow-samples"
  | "lost-antenna"
  | "no-reference"
  | "saturation"
  | "jamming"
  | "floor-fell"
  | "clock-error"
  | "lost-detections"
  | "sensor-complains"
  | "band-unheard"
  | "missed-test"
  | "hub-away";

export interface Health {
  readonly status: string;
  readonly version: string;
  readonly simulated: boolean;
  readonly site: string;
  readonly time_zone: string;
  readonly now: string;
}

export interface Wing {
  readonly name: string;
  readonly title: string;
  readonly state: WingState;
  readonly sensors: number;
  readonly sensors_fresh: number;
  readonly active_alerts: number;
  readonly last_alert_utc: string | null;
  readonly why: string;
  readonly bands: readonly Band[];
  /** Sensors at which a lost antenna would not be noticed. */
  readonly unwatched: readonly string[];
}

/** An uplink band of a wing. */
export interface Band {
  readonly name: string;
  readonly state: WingState;
  readonly heard_share: number;
}

/** Something that keeps the system from hearing, or from being heard. */
export interface Alarm {
  readonly id: number;
  readonly kind: AlarmKind;
  readonly subject: "sensor" | "wing" | "test-phone" | "hub";
  readonly name: string;
  /** None where it is the perimeter or the whole site. */
  readonly wing: string | null;
  /** None named: all. */
  readonly bands: readonly string[];
  /** What the sensor itself calls it. */
  readonly word: string;
  readonly state: "raised" | "acknowledged" | "cleared";
  readonly raised_utc: string;
  readonly shelved: boolean;
}

export interface Sensor {
  readonly name: string;
  readonly wing: string | null;
  readonly state: SensorState;
  readonly last_seen_utc: string | null;
}

export interface Alert {
  readonly id: number;
  /** None if the phone is probably outside. */
  readonly wing: string | null;
  readonly state: AlertState;
  readonly active: boolean;
  readonly opened_utc: string;
  readonly updated_utc: string;
  readonly ended_utc: string | null;
  readonly technology: Technology;
  readonly kinds: readonly string[];
  readonly activity: Activity;
  readonly channel: string | null;
  readonly freq_lower_hz: number;
  readonly freq_upper_hz: number;
  readonly snr_db: number;
  readonly score: number;
  readonly sensors: readonly string[];
  readonly detections: number;
  readonly why: string;
  /** The alert that took this one's evidence, once both proved to be one phone. */
  readonly merged_into: number | null;
}

/** A list and the event from which its changes are to be followed. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
  readonly event_id: number;
}
