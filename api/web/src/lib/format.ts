/** Numbers and times as people read them: by locale, in the site's zone. */

import type { Language } from "./preferences.svelte";

const LOCALES: Record<Language, string> = { en: "en-GB", fr: "fr-FR" };
const DAY: Record<Language, string> = { en: "d", fr: "j" };

/** Whether this browser knows a zone; where it does not, times are UTC and say so. */
function knows(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

const ZONES = new Map<string, { readonly timeZone: string; readonly mark: string }>();

/** The zone to tell times in, and what to write behind them. */
function shownZone(zone: string): { readonly timeZone: string; readonly mark: string } {
  const known = ZONES.get(zone) ?? (knows(zone) ? { timeZone: zone, mark: "" } : { timeZone: "UTC", mark: "\u00a0UTC" });
  ZONES.set(zone, known);
  return known;
}

/** 14:05, or 14:05:09 with seconds; in the site's zone. */
export function siteTime(ms: number, zone: string, language: Language, { seconds = false } = {}): string {
  const { timeZone, mark } = shownZone(zone);
  const time = new Intl.DateTimeFormat(LOCALES[language], {
    timeZone,
    hourCycle: "h23",
    hour: "2-digit",
    minute: "2-digit",
    ...(seconds ? { second: "2-digit" } : {}),
  }).format(ms);
  return time + mark;
}

/** Monday 23 November; in the site's zone. */
export function siteDate(ms: number, zone: string, language: Language): string {
  return new Intl.DateTimeFormat(LOCALES[language], {
    timeZone: shownZone(zone).timeZone,
    weekday: "long",
    day: "numeric",
    month: "long",
  }).format(ms);
}

/** 23 Nov; in the site's zone. */
export function shortDate(ms: number, zone: string, language: Language): string {
  const { timeZone } = shownZone(zone);
  return new Intl.DateTimeFormat(LOCALES[language], { timeZone, day: "numeric", month: "short" }).format(ms);
}

/** 2026-11-23 06:12:05 UTC. */
export function utcText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** 4 s, 12 min, 3 h 5 min, 2 d. The symbols are those of the SI, the same in both languages but for the day. */
export function duration(ms: number, language: Language): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes < 1) return `${seconds}\u00a0s`;
  if (hours < 1) return `${minutes}\u00a0min`;
  if (hours < 24) return `${hours}\u00a0h ${minutes % 60}\u00a0min`;
  return `${Math.floor(hours / 24)}\u00a0${DAY[language]}`;
}

export function decimal(value: number, digits: number, language: Language): string {
  return new Intl.NumberFormat(LOCALES[language], {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}
