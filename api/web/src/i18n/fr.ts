/** French. */

import type { Messages } from "./en";

const plural = (n: number, one: string, many: string): string => `${n} ${n < 2 ? one : many}`;
const list = new Intl.ListFormat("fr-FR", { type: "conjunction" });

export const fr: Messages = {
  product: "wingwatch",
  skip: "Aller aux alertes",
  simulated: "Simulation",
  simulatedWhy: "Aucun récepteur n’écoute. Le site, ses téléphones et ces alertes sont inventés.",
  language: "Langue",
  theme: "Thème",
  themes: { auto: "Auto", dark: "Sombre", light: "Clair" },
  languages: { en: "English", fr: "Français" },

  link: {
    connecting: "Connexion",
    live: "En direct",
    lost: "Connexion perdue",
  },
  connectingWhy: "L’état des ailes est demandé au serveur.",
  lostTitle: "Connexion perdue",
  lostWhy: (time) =>
    `L’état affiché est celui de ${time}. Nouvel essai chaque seconde ; rien n’est perdu sur le serveur.`,
  lostBeforeFirst: "Le serveur ne répond pas. Nouvel essai chaque seconde.",

  faces: {
    alert: "Alerte",
    acknowledged: "Acquittée",
    blind: "Aveugle",
    stale: "Sans nouvelles",
    degraded: "Dégradée",
    quiet: "Calme",
  },

  headline: {
    alert: (wings) => `Téléphone : ${wings.join(", ")}`,
    acknowledged: (wings) => `Alerte acquittée : ${wings.join(", ")}`,
    blind: (wings) => `Écoute non établie : ${wings.join(", ")}`,
    stale: (wings) => `Écoute perdue : ${wings.join(", ")}`,
    degraded: (wings) => `Écoute dégradée : ${wings.join(", ")}`,
    many: {
      alert: (n) => `Téléphones dans ${plural(n, "aile", "ailes")}`,
      acknowledged: (n) => `Alertes acquittées dans ${plural(n, "aile", "ailes")}`,
      blind: (n) => `Écoute non établie : ${plural(n, "aile", "ailes")}`,
      stale: (n) => `Écoute perdue : ${plural(n, "aile", "ailes")}`,
      degraded: (n) => `Écoute dégradée : ${plural(n, "aile", "ailes")}`,
    },
    quiet: "Tout est calme",
    empty: "Aucune aile",
  },
  sensorsHear: (fresh, all) => `${plural(fresh, "capteur", "capteurs")} sur ${all} à l’écoute`,

  wings: "Ailes",
  outside: "Extérieur",
  wingsEmptyTitle: "Le site n’a pas encore d’aile",
  wingsEmptyWhy: "Ajoutez une entrée [[wing]] au fichier du site, puis redémarrez le serveur.",
  wing: {
    phones: (n) => plural(n, "téléphone émet", "téléphones émettent"),
    lastAlert: (when) => `Dernier téléphone ${when}`,
    noAlertYet: "Aucun téléphone entendu",
    noSensor: "Aucun capteur dans cette aile",
    neverHeard: "Ses capteurs n’ont encore rien envoyé",
    silentSince: (time) => `Capteurs muets depuis ${time}`,
    wrongClocks: (names) => `Horloge fausse : ${list.format(names)}`,
    silentSensors: (names) => `Muets : ${list.format(names)}`,
    notTuned: "Aucun capteur n’écoute ses bandes",
    learning: "Apprentissage du bruit habituel en cours",
    more: (n) => `et ${n} de plus`,
  },

  bands: "Bandes",
  alarms: "Pannes",
  alarm: {
    since: (time) => `depuis ${time}`,
    said: (what, word) => `${what} : ${word}`,
    states: { raised: "Nouvelle", acknowledged: "Acquittée", cleared: "Terminée" },
    shelved: "Mise de côté",
    unwatched: (names) =>
      `Pas de porteuse de référence : la perte d’une antenne passerait inaperçue pour ${list.format(names)}.`,
    subjects: {
      sensor: (name) => `Capteur ${name}`,
      wing: (name) => `Aile ${name}`,
      "test-phone": (name) => `Téléphone témoin ${name}`,
      hub: () => "Le serveur",
    },
    kinds: {
      "dead-sensor": { what: "est muet", remedy: "Vérifiez son alimentation et son réseau, puis son service." },
      "frozen-sensor": { what: "ne reçoit plus rien", remedy: "Débranchez puis rebranchez son récepteur." },
      "slow-samples": { what: "prend du retard", remedy: "Voyez ce qui tourne à côté ; réduisez le débit d’échantillons." },
      "lost-antenna": { what: "a perdu son antenne", remedy: "Vérifiez antenne, câble et connecteurs." },
      "no-reference": {
        what: "ne mesure pas sa porteuse de référence",
        remedy: "Faites passer son plan d’écoute par cette porteuse.",
      },
      saturation: { what: "est saturé", remedy: "Réduisez son gain, ou cherchez un émetteur tout proche." },
      jamming: { what: "est brouillé", remedy: "Cherchez un brouilleur ou une nouvelle source de bruit." },
      "floor-fell": { what: "entend moins de bruit que d’habitude", remedy: "Vérifiez l’antenne et le gain." },
      "clock-error": { what: "a une horloge fausse", remedy: "Vérifiez sa synchronisation et celle du serveur." },
      "lost-detections": { what: "a perdu des détections", remedy: "Vérifiez réseau, serveur et espace disque." },
      "sensor-complains": { what: "signale un défaut", remedy: "Lisez son journal." },
      "band-unheard": {
        what: "n’est pas écoutée comme prévu",
        remedy: "Comparez les fréquences de ses capteurs avec le plan d’écoute.",
      },
      "missed-test": {
        what: "n’a pas été entendu",
        remedy: "Vérifiez qu’il a émis, puis ce qu’écoutent les capteurs de son aile.",
      },
      "hub-away": { what: "a été absent", remedy: "Cherchez pourquoi : personne n’a été prévenu entre-temps." },
    },
  },

  alerts: "Alertes",
  onAir: "En cours d’émission",
  earlier: "Plus tôt",
  alertsEmptyTitle: "Aucune alerte",
  alertsEmptyWhy: "Un téléphone apparaît ici quelques secondes après avoir émis.",
  alertsLimit: "Un téléphone allumé qui n’émet pas ne peut pas être entendu.",
  alert: {
    states: { open: "Nouvelle", acknowledged: "Acquittée", closed: "Close" },
    ended: "Terminée",
    for: (duration) => `depuis ${duration}`,
    lasted: (duration) => `a duré ${duration}`,
    details: "Détails",
    channel: "Canal",
    frequency: "Fréquence",
    snr: "Signal sur bruit",
    score: "Score",
    sensors: "Entendu par, du plus fort",
    detections: "Détections",
    kinds: "Salves",
    opened: "Ouverte",
    last: "Entendu à",
  },
  technologies: {
    gsm: "Téléphone 2G",
    umts: "Téléphone 3G",
    lte: "Téléphone 4G",
    nr: "Téléphone 5G",
    unknown: "Téléphone",
  },
  activities: {
    access: "tente de se connecter",
    signalling: "s’enregistre, envoie un SMS ou appelle",
    call: "en appel",
    "call-dtx": "en appel, sans parler",
    "idle-check": "connecté, au repos",
    data: "échange des données",
    unknown: "activité inconnue",
  },

  notFoundTitle: "Cette page n’existe pas",
  notFoundBack: "Retour aux ailes",
};
