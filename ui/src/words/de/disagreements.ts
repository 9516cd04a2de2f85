import type { Words } from "..";

const n = (x: number) => x.toLocaleString("de");
const s = (x: number, one: string, many: string) => `${n(x)} ${x === 1 ? one : many}`;

export const disagreements: Words["disagreements"] = {
  title: "Widersprüche",
  tabs: { decided: "Entschieden", disagreements: "Widersprüche" },
  tabsLabel: "Teile der Fälle",
  openCount: (count, more) => `${n(count)}${more ? "+" : ""} offen`,

  state: "Zustand",
  states: { open: "offen", settled: "geklärt" },
  list: "Widersprüche",
  fetching: "Die Widersprüche werden geladen …",
  failed: "Die Widersprüche konnten nicht geladen werden",
  more: "Mehr zeigen",
  fetchingMore: "Weitere werden geladen …",
  moreFailed: (why) => `Es gibt weitere, aber sie konnten nicht geladen werden. ${why}`,
  noneOpen: "Nichts zu klären",
  noneOpenText:
    "Manche Entwürfe werden zweimal blind geprüft. Wo die beiden Entscheidungen auseinandergehen, kommt der Entwurf hier zu einem Kurator.",
  noneSettled: "Noch nichts geklärt",
  noneSettledText: "Ein geklärter Widerspruch bleibt hier, mit seinem Label und der Begründung.",
  noneHere: "In diesem Workflow gibt es keinen",
  noneHereText: "Wählen Sie oben einen anderen Workflow oder alle.",
  choose: "Zwei Menschen, ein Entwurf",
  chooseBefore: "Gehen Sie die Liste mit ",
  chooseBetween: " und ",
  chooseAfter: " durch und öffnen Sie einen Eintrag mit ",

  beside: "Widerspruch",
  seeking: "Der Widerspruch wird geladen …",
  seekFailed: "Der Widerspruch konnte nicht geladen werden",
  gone: "Diesen Widerspruch gibt es nicht",
  goneText:
    "Vielleicht hat er sich erledigt: Wird eine der beiden Entscheidungen zurückgenommen, ist nichts mehr zu klären.",
  line: (ticket, revision, workflow) =>
    `Ticket ${ticket}${revision ? `, Revision ${revision}` : ""} · ${workflow}`,
  since: (ago) => `offen seit ${ago}`,
  openDraft: "Entwurf öffnen",
  draft: "Entwurf",
  draftFetching: "Der Entwurf wird geladen …",
  draftFailed: "Der Entwurf konnte nicht geladen werden.",
  two: "Die beiden Entscheidungen",
  names: { first: "Erste", second: "Zweite", own: "Eigenes Label" },
  grade: "Grad",
  wholeDraft: "Der Entwurf, wie er ist.",
  changed: "Was am Entwurf geändert wurde",

  settled: "Geklärt",
  whose: {
    first: "wie zuerst entschieden",
    second: "wie danach entschieden",
    own: "wie niemand entschieden hatte",
  },
  whoseShort: { first: "erste", second: "zweite", own: "keine" },
  settledBy: (by) => `von ${by}`,
  note: "Begründung",

  take: { first: "Erste nehmen", second: "Zweite nehmen", own: "Eigenes Label" },
  barred: "Das klärt ein Kurator dieses Workflows.",
  typedKept: "Ihre Eingaben bleiben erhalten.",
  form: "Klären",
  which: "Wessen Label",
  ownDecision: "Was hätte entschieden werden sollen",
  decide: { approve: "freigeben", edit: "bearbeiten", escalate: "eskalieren" },
  text: "Der Text, der hätte gesendet werden sollen",
  startFrom: "Neu beginnen mit",
  against: "Gegenüber dem Entwurf",
  diffAway: "Solange der Hub nicht erreichbar ist, lässt sich die Änderung nicht zählen.",
  gradeOf: "Was für eine Änderung das ist",
  gradeTitle: (grade, digit) => `${grade} (${digit}, beim Tippen Alt ${digit})`,
  reasonsOf: "Gründe zum Eskalieren",
  noReasons: "Das Pack dieses Workflows kennt keinen Grund zum Eskalieren.",
  why: "Warum dieses Label",
  whyHint: "Für alle, die den Fall später lesen",
  closes: "schließt; Ihre Eingaben bleiben erhalten",
  do: (what) => `Klären: ${what}`,
  doNothing: "Klären",
  busy: "Wird geklärt …",
  missing: {
    action: "Wählen Sie zuerst eine Entscheidung.",
    text: "Schreiben Sie den Text, der hätte gesendet werden sollen.",
    same: "Das ist der Text des Entwurfs, also eine Freigabe.",
    reasons: "Wählen Sie zuerst einen Grund.",
    note: "Sagen Sie, warum: Die Begründung bleibt beim Fall.",
  },
  refused: (why) => `Nicht geklärt; Ihre Eingaben bleiben erhalten. ${why}`,
  meanwhile:
    "Inzwischen hat es jemand anders geklärt. Von Ihnen wurde nichts übernommen; das hatten Sie geschrieben:",
  discard: "Verwerfen",
  said: (ticket, what, left, more) =>
    `Ticket ${ticket} ist geklärt: ${what}. ${left === 0 ? "Es bleibt nichts zu klären." : `Noch ${more ? "mindestens " : ""}${s(left, "Widerspruch", "Widersprüche")}.`}`,

  shouldHave: "Was hätte gesendet werden sollen",
  labelBy: (what, by) => `${what} von ${by}`,
};
