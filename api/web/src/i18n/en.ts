/** English. The other languages have the same keys: the compiler sees to it. */

const plural = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;
const list = new Intl.ListFormat("en-GB", { type: "conjunction" });

export const en = {
  product: "wingwatch",
  skip: "Skip to the alerts",
  simulated: "Simulated",
  simulatedWhy: "No receiver is listening. The site, its phones and these alerts are made up.",
  language: "Language",
  theme: "Theme",
  themes: { auto: "Auto", dark: "Dark", light: "Light" },
  languages: { en: "English", fr: "Français" },

  link: {
    connecting: "Connecting",
    live: "Live",
    lost: "Connection lost",
  },
  connectingWhy: "Asking the hub for the state of the wings.",
  lostTitle: "Connection lost",
  lostWhy: (time: string) => `What is shown is as it was at ${time}. Trying again each second; nothing is lost on the hub.`,
  lostBeforeFirst: "The hub does not answer. Trying again each second.",

  faces: {
    alert: "Alert",
    acknowledged: "Acknowledged",
    blind: "Blind",
    stale: "No news",
    degraded: "Partly heard",
    quiet: "Quiet",
  },

  headline: {
    alert: (wings: readonly string[]) => `Phone: ${wings.join(", ")}`,
    acknowledged: (wings: readonly string[]) => `Acknowledged: ${wings.join(", ")}`,
    blind: (wings: readonly string[]) => `Not heard yet: ${wings.join(", ")}`,
    stale: (wings: readonly string[]) => `No longer heard: ${wings.join(", ")}`,
    degraded: (wings: readonly string[]) => `Partly heard: ${wings.join(", ")}`,
    many: {
      alert: (n: number) => `Phones in ${plural(n, "wing", "wings")}`,
      acknowledged: (n: number) => `Acknowledged in ${plural(n, "wing", "wings")}`,
      blind: (n: number) => `${plural(n, "wing", "wings")} not heard yet`,
      stale: (n: number) => `${plural(n, "wing", "wings")} no longer heard`,
      degraded: (n: number) => `${plural(n, "wing", "wings")} partly heard`,
    },
    quiet: "All quiet",
    empty: "No wing yet",
  },
  sensorsHear: (fresh: number, all: number) => `${fresh} of ${plural(all, "sensor hears", "sensors hear")}`,

  wings: "Wings",
  outside: "Outside",
  wingsEmptyTitle: "The site has no wing yet",
  wingsEmptyWhy: "Add a [[wing]] entry to the site file and start the hub again.",
  wing: {
    phones: (n: number) => plural(n, "phone on air", "phones on air"),
    lastAlert: (when: string) => `Last phone ${when}`,
    noAlertYet: "No phone heard yet",
    noSensor: "No sensor stands here",
    neverHeard: "Its sensors have not reported yet",
    silentSince: (time: string) => `Sensors silent since ${time}`,
    wrongClocks: (names: readonly string[]) => `Wrong clock: ${list.format(names)}`,
    silentSensors: (names: readonly string[]) => `Silent: ${list.format(names)}`,
  },

  alerts: "Alerts",
  onAir: "On air now",
  earlier: "Earlier",
  alertsEmptyTitle: "No alert",
  alertsEmptyWhy: "A phone shows here within seconds of transmitting.",
  alertsLimit: "A phone that is switched on but does not transmit cannot be heard.",
  alert: {
    states: { open: "New", acknowledged: "Acknowledged", closed: "Closed" },
    ended: "Ended",
    for: (duration: string) => `for ${duration}`,
    lasted: (duration: string) => `lasted ${duration}`,
    details: "Details",
    channel: "Channel",
    frequency: "Frequency",
    snr: "Signal over noise",
    score: "Score",
    sensors: "Heard by, loudest first",
    detections: "Detections",
    kinds: "Bursts",
    opened: "Opened",
    last: "Last heard",
  },
  technologies: {
    gsm: "2G phone",
    umts: "3G phone",
    lte: "4G phone",
    nr: "5G phone",
    unknown: "Phone",
  },
  activities: {
    access: "trying to connect",
    signalling: "signing on, texting or dialling",
    call: "in a call",
    "call-dtx": "in a call, speaker silent",
    "idle-check": "connected, quiet",
    data: "using data",
    unknown: "activity unknown",
  },

  notFoundTitle: "There is no such page",
  notFoundBack: "Back to the wings",
};

export type Messages = typeof en;
