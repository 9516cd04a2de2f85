import type { Words } from "..";

const n = (x: number) => x.toLocaleString("de");
const s = (x: number, one: string, many: string) => `${n(x)} ${x === 1 ? one : many}`;

export const cases: Words["cases"] = {
  title: "Fälle",
  loaded: (count, more) => `${n(count)}${more ? "+" : ""}`,
  spokenFound: (count, more) =>
    `${more ? "Mehr als " : ""}${n(count)} ${count === 1 ? "Fall" : "Fälle"} gefunden.`,
  search: "Suchen in Anfragen und Antworten",
  exportButton: "Exportieren …",

  filters: "Filter",
  workflow: "Workflow",
  everyWorkflow: "Alle Workflows",
  outcome: "Ergebnis",
  everyOutcome: "Alle Ergebnisse",
  grade: "Grad",
  everyGrade: "Alle Grade",
  reason: "Grund",
  everyReason: "Alle Gründe",
  clear: "Zurücksetzen",

  table: "Entschiedene Entwürfe",
  columns: {
    when: "Entschieden",
    ticket: "Ticket",
    subject: "Betreff",
    outcome: "Ergebnis",
    changed: "Geändert",
    reviewer: "Prüfer",
    workflow: "Workflow",
    version: "Version",
    seconds: "Dauer",
  },
  changedTitle: (share) => `${share} der Wörter wurden geändert`,
  second: "Zweitprüfung",
  seconds: (x) => (x < 120 ? `${n(Math.round(x))} s` : `${n(Math.round(x / 60))} min`),
  more: "Weitere werden geladen …",
  fetching: "Die Fälle werden geladen …",
  newer: "Neuere Fälle sind eingetroffen. Anzeigen",

  noneYet: "Noch kein Fall",
  noneYetText:
    "Jede Entscheidung beim Prüfen wird hier zu einem Fall: was entworfen, was gesendet wurde und warum.",
  noneFound: "Kein Fall passt dazu",
  noneFoundText: "Versuchen Sie andere Wörter oder setzen Sie die Filter zurück.",
  barred: "Sie dürfen keine Fälle lesen",
  barredText:
    "Das dürfen DRI, Kuratoren, Admins und Auditoren des Workflows. Ein Admin kann Ihnen die Rolle geben.",
  failed: "Die Fälle konnten nicht geladen werden",
  retry: "Erneut versuchen",

  beside: "Fall",
  close: "Schließen",
  openDraft: "Entwurf öffnen",
  opening: "Der Fall wird geladen …",
  caseFailed: "Der Fall konnte nicht geladen werden",
  gone: "Vielleicht wurde er inzwischen zurückgenommen: Eine zurückgenommene Entscheidung hinterlässt keinen Fall.",
  ticketLine: (ticket, revision) => `Ticket ${ticket}, Revision ${revision}`,

  reasons: "Gründe",
  comment: "Kommentar",
  thread: (messages) => s(messages, "Nachricht", "Nachrichten"),
  showThread: "Verlauf zeigen",
  hideThread: "Verlauf ausblenden",
  moreMessages: (count) => `${n(count)} weitere zeigen`,
  draftTitle: "Entwurf",
  sentTitle: "Was stattdessen gesendet wurde",
  asItWas: "unverändert gesendet",
  notSent: "nicht gesendet",
  roles: {
    customer: "Kunde",
    agent: "Support",
    tool: "Werkzeug",
    tool_call: "Werkzeugaufruf",
    note: "Notiz",
  },
  diffFailed: "Der Unterschied konnte nicht geladen werden; dies ist der ganze Text.",
  diffLegend: "Durchgestrichene Wörter wurden entfernt, markierte eingefügt.",

  provenance: "Vom Entwurf zur Zustellung",
  staged: "Eingegangen",
  byModel: (model) => `von ${model}`,
  noModel: "der Absender hat kein Modell genannt",
  tokens: (sent, received) => `${n(sent)} + ${n(received)} Token`,
  took: (ms) => (ms < 1000 ? `${n(ms)} ms` : `${n(Math.round(ms / 100) / 10)} s`),
  trace: "Trace",
  atStage: (stage, version) => `Stufe ${stage}, Version ${version}`,
  selected: (share) => `mit ${share} Wahrscheinlichkeit zur Prüfung ausgewählt`,

  sources: "Quellen",
  noSources: "Er zitiert keine.",
  uncited: (count) => s(count, "unbelegte Aussage", "unbelegte Aussagen"),
  checks: {
    found: "Zitat gefunden",
    exists: "vorhanden, ohne Zitat",
    no_such_quote: "Zitat steht nicht in der Quelle",
    no_such_source: "Quelle gibt es nicht",
    not_allowed: "Quelle nicht erlaubt",
    not_readable: "für Sie nicht lesbar",
  },

  leased: "Zum Prüfen geöffnet",
  leaseUnknown: "Wer ihn geöffnet hat, steht im Protokoll, das Admins und Auditoren lesen dürfen.",
  leaseNone: "Das Protokoll kennt keine Reservierung: Die Entscheidung kam mit ihrer Vorgeschichte herein.",

  decided: "Entschieden",
  decidedBy: (what, by, time) => `${what} von ${by} in ${time}`,
  suggested: (grade) => `der Vergleich schlug „${grade}“ vor`,
  changedWords: (share) => `${share} der Wörter geändert`,

  labelled: "Label geschrieben",
  labelLine: (reviewer) => `unter ${reviewer}; das bleibt in jedem Export dieselbe Person`,
  hashes: { content: "Inhalt", pack: "Pack", guidelines: "Richtlinien" },

  audited: "Im Protokoll",
  auditEntry: (seq) => `Eintrag ${n(seq)} des Protokolls`,
  auditNone: "Das Protokoll hat keinen Eintrag dazu: Die Entscheidung kam mit ihrer Vorgeschichte herein.",
  auditBarred: "Das Protokoll lesen Admins und Auditoren.",
  auditFailed: "Das Protokoll konnte nicht gelesen werden.",

  delivery: "Zustellung",
  deliveryNone: "Es wird nichts zugestellt: Der Workflow hat keinen Empfänger.",
  deliveries: {
    pending: "wartet auf Zustellung",
    held: "zurückgehalten: der Workflow ist gestoppt",
    delivered: "zugestellt",
    undeliverable: "nicht zustellbar",
  },
  attempts: (count) => s(count, "Versuch", "Versuche"),
  nextTry: (when) => `der nächste ${when}`,
  lastError: (why) => `der letzte: ${why}`,
  draftBarred: "Den Entwurf selbst dürfen Sie nicht lesen, darum bleibt das hier offen.",
  draftFailed: "Der Entwurf konnte nicht gelesen werden.",

  exportTitle: "Fälle exportieren",
  exportLead:
    "Ein Fall je Zeile, der älteste zuerst, mit seiner Herkunft. Dieselben Fälle ergeben dieselben Bytes.",
  exportScope: "Alle Fälle dieses Workflows; die Filter der Tabelle gelten für den Export nicht.",
  exportCount: (decided) =>
    `${s(decided, "entschiedener Entwurf", "entschiedene Entwürfe")}; ein zweimal geprüfter ergibt zwei Zeilen. Der Export wird protokolliert.`,
  preview: "Die ersten Zeilen, genau wie sie gespeichert werden",
  previewing: "Die ersten Zeilen werden geladen …",
  previewEmpty: "Dieser Workflow hat noch keine Fälle; die Datei wäre leer.",
  previewFailed: "Die ersten Zeilen konnten nicht geladen werden.",
  save: "Speichern …",
  saving: "Wird gespeichert. Große Exporte dauern etwas; Sie können weiterarbeiten.",

  keys: {
    clear: "Suche und Filter zurücksetzen",
    export: "Exportieren",
    draft: "Entwurf beim Prüfen öffnen",
    thread: "Verlauf zeigen oder ausblenden",
  },
};
