import type { Words } from "..";

const n = (x: number) => x.toLocaleString("de");
const s = (x: number, one: string, many: string) => `${n(x)} ${x === 1 ? one : many}`;

const CODES: Record<string, string> = {
  malformed: "Die Anfrage war nicht lesbar.",
  unauthorized: "Sie sind nicht angemeldet.",
  forbidden: "Dafür fehlt Ihnen das Recht.",
  not_found: "Das gibt es nicht, oder Sie dürfen es nicht sehen.",
  lease_lost: "Ihre Reservierung war abgelaufen.",
  draft_superseded: "Es gibt eine neuere Fassung.",
  content_changed: "Der Entwurf hat sich inzwischen geändert.",
  already_decided: "Darüber wurde schon entschieden.",
  workflow_killed: "Der Workflow ist gestoppt.",
  already_delivered: "Es war schon zugestellt.",
  erased: "Der Text wurde gelöscht; seine Aufbewahrungszeit ist um.",
  too_large: "Das ist zu groß.",
  invalid: "Der Hub hat die Angaben nicht angenommen.",
  rate_limited: "Das waren zu viele Anfragen auf einmal.",
  unavailable: "Der Hub ist gerade nicht bereit.",
  internal: "Im Hub ist etwas schiefgegangen.",
};

export const shared: Words["shared"] = {
  stages: { internal: "intern", opt_in: "Opt-in", default: "Standard" },
  states: {
    staged: "wartet auf Prüfung",
    in_review: "in Prüfung",
    approved: "freigegeben",
    edited: "geändert",
    escalated: "eskaliert",
    delivering: "wird zugestellt",
    delivered: "zugestellt",
    undeliverable: "unzustellbar",
    superseded: "durch eine neuere Fassung ersetzt",
    expired: "abgelaufen",
    frozen: "eingefroren",
    unreviewed: "nicht zur Prüfung ausgewählt",
  },
  marks: {
    no_such_quote: "Zitat nicht gefunden",
    no_such_source: "Quelle gibt es nicht",
    forbidden_source: "Quelle nicht erlaubt",
    policy: "Richtlinie",
    hidden_text: "versteckter Text",
    uncited_claim: "unbelegte Aussage",
    conflict: "Widerspruch",
    low_confidence: "unsicher",
    uncited: "keine Quellen",
  },
  grades: { cosmetic: "kosmetisch", material: "inhaltlich", factual: "sachlich", citation: "Beleg" },
  done: { approve: "freigegeben", edit: "geändert", escalate: "eskaliert" },

  now: "jetzt",
  minutes: (x) => `${n(x)} min`,
  hours: (x) => `${n(x)} h`,
  days: (x) => `${n(x)} T`,
  underAMinute: "weniger als einer Minute",
  longMinutes: (x) => `${n(x)} Min.`,
  longHours: (x) => `${n(x)} Std.`,
  longDays: (x) => s(x, "Tag", "Tagen"),

  replaceSession:
    "Dieser Link meldet Sie mit einem anderen Zugangstoken an. Sie sind hier bereits angemeldet: Was Sie von nun an tun, geschähe im Namen dessen, dem der Link gehört. Wechseln?",
  away: "Der Hub ist nicht erreichbar.",
  indexing: "Entwürfe werden noch für die Suche aufbereitet. Bald wird vielleicht mehr gefunden.",
  stale: (when) =>
    `Der Hub ist nicht erreichbar. Was hier steht, ist der Stand vom ${when}; es wird weiter versucht.`,
  hubSaid: (code, message) => (CODES[code] ? `${CODES[code]} (Der Hub: ${message})` : message),

  saved: (path) => `Gespeichert: ${path}`,
  notSaved: "Es wurde nichts gespeichert.",
  saveFailed: (why) => `Der Export wurde nicht gespeichert. ${why}`,
  answered: (status) => `Der Hub antwortete mit ${status}.`,

  close: "Schließen",
  cancel: "Abbrechen",
  why: "Warum",
  killTitle: (name) => `${name} stoppen`,
  resumeTitle: (name) => `${name} wieder starten`,
  killLead:
    "Sofort: kein Modellaufruf, keine Reservierung, keine Entscheidung, keine Zustellung mehr. Wartende Entwürfe frieren ein.",
  resumeLead: (ago, by, reason) =>
    `Vor ${ago} von ${by} gestoppt: ${reason}. Es geht auf der Stufe „intern“ weiter.`,
  sayWhy: "Erst den Grund angeben: Er kommt ins Protokoll.",
  typeBefore: "",
  typeAfter: " eintippen und Enter drücken, oder die Taste eine Sekunde lang halten",
  kill: "Stoppen",
  resume: "Wieder starten",
  holdToKill: "Zum Stoppen halten",
  holdToResume: "Zum Starten halten",
  killing: "Wird gestoppt …",
  resuming: "Wird gestartet …",
  notKnownYet: (why) =>
    `Es kam keine Antwort; ob es geschehen ist, ist noch nicht bekannt. ${why} Der Hub wird gefragt …`,
  mayBeDone: (why) =>
    `Es kam keine Antwort; vielleicht ist es trotzdem geschehen. ${why} Sehen Sie nach, bevor Sie es noch einmal versuchen; was Sie geschrieben haben, ist noch da.`,
  stillUnknown:
    "Ob es geschehen ist, ist immer noch nicht bekannt: Der Hub antwortet nicht. Ein neuer Versuch schadet nicht.",
  killedAfterAll:
    "Der Workflow ist gestoppt. Die Antwort ging verloren; wie schnell es ging, steht unter Rollout.",
  resumedAfterAll: "Der Workflow läuft wieder. Die Antwort ging verloren; die Zahlen stehen unter Rollout.",
  notKilled:
    "Er ist nicht gestoppt: Der Hub antwortet, und der Workflow läuft. Versuchen Sie es noch einmal.",
  notResumed:
    "Er läuft nicht wieder: Der Hub antwortet, und der Workflow ist noch gestoppt. Versuchen Sie es noch einmal.",
  killFailed: (why) => `Nicht gestoppt, nichts hat sich geändert. ${why}`,
  resumeFailed: (why) => `Nicht gestartet, nichts hat sich geändert. ${why}`,
  effective: (ms, frozen, leases, deliveries) =>
    [
      ms == null
        ? "Gestoppt"
        : `Wirksam nach ${ms < 1 ? ms.toLocaleString("de", { maximumFractionDigits: 1 }) : n(Math.round(ms))} ms`,
      `${n(frozen)} eingefroren`,
      `${s(leases, "offene Prüfung", "offene Prüfungen")} abgebrochen`,
      `${s(deliveries, "Antwort", "Antworten")} zurückgehalten`,
    ].join(" · "),
  stillSending: (silent, hubs) =>
    `von ${n(silent)} der ${s(hubs, "Hub", "Hubs")} ist nicht bekannt, ob noch gesendet wird`,
  stillLooking: "bisher; die übrigen Antworten werden noch durchgesehen",
  resumed: (stage, returned, stayedOut) =>
    [
      `Läuft wieder auf der Stufe „${stage}“`,
      `${n(returned)} zurück in der Warteschlange`,
      stayedOut > 0 && `${n(stayedOut)} entfallen: das Ticket hat sich geändert`,
    ]
      .filter(Boolean)
      .join(" · "),
};
