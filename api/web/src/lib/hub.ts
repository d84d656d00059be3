/**
 * The way to the hub: one picture, then its changes, for as long as the page lives. A break of any kind has one cure:
 * a fresh picture, and the changes that follow it, so that nothing is missed however long it lasted.
 */

import type { Alarm, Alert, Health, Page, Sensor, Wing } from "./api";
import { ALERTS_KEPT, together, type Change, type Picture } from "./picture";

/** A silent line is found out within a pulse and a patience: 3.5 s, where the page promises 5. */
const PULSE_MS = 1500;
const PATIENCE_MS = 2000;
/** The hub's stream says at least each 10 s that it lives; one that does not is broken, though the hub may be well. */
const STREAM_PATIENCE_MS = 25_000;
const RETRY_MS = 1000;
const SNAPSHOT_PATIENCE_MS = 8000;

export interface Listener {
  picture(picture: Picture): void;
  change(change: Change): void;
  /** The hub has just answered: what is shown is still so. */
  pulse(): void;
  live(): void;
  lost(): void;
}

/** Follow the hub until the signal is aborted. */
export async function follow(listener: Listener, { signal }: { signal: AbortSignal }): Promise<void> {
  while (!signal.aborted) {
    try {
      const { picture, eventId } = await loadPicture();
      listener.picture(picture);
      await listen(eventId, listener, signal);
    } catch {
      listener.lost();
    }
    await pause(RETRY_MS);
  }
}

async function loadPicture(): Promise<{ picture: Picture; eventId: number }> {
  const patience = AbortSignal.timeout(SNAPSHOT_PATIENCE_MS);
  const [health, wings, sensors, active, latest, alarms] = await Promise.all([
    get<Health>("health", patience),
    get<Page<Wing>>("wings", patience),
    get<Page<Sensor>>("sensors", patience),
    getWhole<Alert>("alerts?active=true&limit=500", patience),
    get<Page<Alert>>(`alerts?limit=${ALERTS_KEPT}`, patience),
    getWhole<Alarm>("alarms?limit=500", patience),
  ]);
  return {
    picture: {
      health,
      wings: wings.items,
      sensors: sensors.items,
      alerts: together(active.items, latest.items),
      alarms: alarms.items,
    },
    eventId: Math.min(...[wings, sensors, active, latest, alarms].map((page) => page.event_id)),
  };
}

/** A list with all its pages; the place in the feed is the first one's. */
async function getWhole<T>(path: string, signal: AbortSignal): Promise<Page<T>> {
  const first = await get<Page<T>>(path, signal);
  const items = [...first.items];
  for (let { next } = first; next !== null; ) {
    const page = await get<Page<T>>(`${path}&cursor=${encodeURIComponent(next)}`, signal);
    items.push(...page.items);
    next = page.next;
  }
  return { ...first, items };
}

/** Hand on changes until the line breaks or the hub says that some are forgotten; rejects then, resolves on abort. */
function listen(eventId: number, listener: Listener, signal: AbortSignal): Promise<void> {
  const stream = new EventSource(address(`events?last_event_id=${eventId}`));
  let heardMs = Date.now();
  const hear = (kind: string, act: (data: string) => void): void =>
    stream.addEventListener(kind, ({ data }: MessageEvent<string>) => {
      heardMs = Date.now();
      act(data);
    });
  return new Promise<void>((resolve, reject) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    hear("open", () => listener.live());
    hear("error", () => reject(new Error("the event stream broke")));
    hear("reset", () => reject(new Error("the hub forgot what changed since")));
    hear("heartbeat", () => {});
    for (const kind of ["wing", "sensor", "alert", "alarm"] as const) {
      hear(kind, (data) => listener.change({ kind, value: JSON.parse(data) } as Change));
    }
    feelPulse(stream, { beat: () => listener.pulse(), heardMs: () => heardMs }).catch(reject);
  }).finally(() => stream.close());
}

/** Ask after the hub's health at each pulse; rejects once the hub or its stream stays silent. */
async function feelPulse(
  stream: EventSource,
  { beat, heardMs }: { beat: () => void; heardMs: () => number },
): Promise<void> {
  await pause(PULSE_MS);
  while (stream.readyState !== EventSource.CLOSED) {
    await get<Health>("health", AbortSignal.timeout(PATIENCE_MS));
    if (Date.now() - heardMs() > STREAM_PATIENCE_MS) throw new Error("the event stream is silent");
    if (stream.readyState === EventSource.OPEN) beat();
    await pause(PULSE_MS);
  }
}

async function get<T>(path: string, signal: AbortSignal): Promise<T> {
  const answer = await fetch(address(path), { signal, cache: "no-store", headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return (await answer.json()) as T;
}

function address(path: string): string {
  return new URL(`api/v1/${path}`, document.baseURI).href;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
