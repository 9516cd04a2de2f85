import type { Words } from "..";

const n = (x: number) => x.toLocaleString("de");
const s = (x: number, one: string, many: string) => `${n(x)} ${x === 1 ? one : many}`;
const ms = (x: number) => (x < 1 ? x.toLocaleString("de", { maximumFractionDigits: 1 }) : n(Math.round(x)));

export const rollout: Words["rollout"] = {
  workflow: "Workflow",
  workflowHint: "J und K gehen zum nächsten und zum vorigen",
  version: (x) => `v${x}`,
  since: (day) => `seit ${day}`,
  dri: (who) => `verantwortlich ${who}`,
  kill: "Stoppen …",
  resume: "Wieder starten …",

  opening: "Der Workflow wird geöffnet …",
  failed: (why) => `Die Workflows konnten nicht geladen werden. ${why}`,
  retry: "Noch einmal versuchen",
  none: "Noch kein Workflow",
  noneHint:
    "Ein Paket mit countersign pack apply einspielen oder unter „Prüfen“ die Vorführung laden. Dann steht es hier.",
  toReview: "Zu „Prüfen“",
  unknown: (id) => `Einen Workflow „${id}“ gibt es hier nicht`,
  unknownHint: "Er wurde nie eingespielt, oder Sie haben darin keine Rolle.",
  show: (name) => `${name} zeigen`,

  track: "Stufen",
  here: "jetzt",
  killedHere: "gestoppt",
  sinceDay: (day) => `seit ${day}`,
  reviewedOf: (version, reviewed) => `v${version}: ${n(reviewed)} geprüft`,
  reviewedEarlier: (reviewed) => `frühere Versionen: ${n(reviewed)} geprüft`,
  notEarned: (version, stage) =>
    `v${version} ist hier neu: Jeder Entwurf wird geprüft, bis die Freigabe für die Stufe ${stage} grün ist`,
  reviewsAll: "prüft jeden Entwurf",
  reviewsShare: (percent) => `prüft ${percent} der Entwürfe`,
  killed: "Gestoppt",
  killedBy: (who, when, ago) => `von ${who}, ${when}, vor ${ago}`,
  killedHint:
    "Nichts wird entworfen, geprüft oder zugestellt, bis er wieder gestartet wird, dann auf der Stufe „intern“.",

  drafts: "Entwürfe",
  everyVersion: "alle Versionen und Stufen",
  state: "Zustand",
  count: "Entwürfe",
  all: "alle",
  noDrafts:
    "Noch ist kein Entwurf gekommen. Sie kommen durch countersign draft import, über die API oder durch Abruf.",

  escalations: "Offene Eskalationen",
  noEscalations: "Nichts wartet auf jemanden.",
  escalationsFailed: (why) => `Die Eskalationen konnten nicht geladen werden. ${why}`,
  waitsFor: (to) => `wartet auf ${to}`,
  takenBy: (who, to) => `bei ${who}, für ${to}`,
  more: "Mehr zeigen",
  ticket: (name) => `Ticket ${name}`,

  deliveries: "Zustellungen",
  waiting: (x) => `${n(x)} unterwegs`,
  heldBack: (x) => `${n(x)} angehalten, solange er gestoppt ist`,
  undeliverable: (x) => `${n(x)} unzustellbar`,
  deliveredAll: "Alles ist angekommen.",
  noDeliveries: "Das Paket dieses Workflows nennt keinen Empfänger: Entschiedene Antworten bleiben hier.",

  pulls: "Abgerufen von",
  address: "Adresse",
  next: "Nächster Abruf",
  lastError: "Letzter Fehler",
  notYet: "noch nicht abgerufen",
  due: "fällig",
  noError: "keiner",

  outcomes: "Ergebnisse",
  outcomesOver: (days, decided) => `${n(days)} Tage, ${n(decided)} entschieden · alle Versionen und Stufen`,
  outcomesFailed: (why) => `Der Verlauf konnte nicht geladen werden. ${why}`,
  noOutcomes:
    "In diesen 28 Tagen wurde nichts entschieden. Jeder Tag mit einer Entscheidung bekommt hier einen Balken.",
  asTable: "Als Tabelle",
  asBars: "Als Balken",
  day: "Tag",
  sum: "Summe",
  series: {
    approve: "unverändert gesendet",
    cosmetic: "geändert, kosmetisch",
    material: "geändert, inhaltlich",
    wrong: "geändert, sachlich oder Beleg",
    escalated: "eskaliert",
    unresolved: "abgelaufen oder überholt",
  },
  dayOf: (day, parts) => (parts.length > 0 ? `${day}: ${parts.join(" · ")}` : `${day}: keine`),
  part: (x, what) => `${n(x)} ${what}`,

  sharesOf: (version, stage) => `v${version} auf der Stufe „${stage}“`,
  noShares: "Noch keine Entscheidung.",
  ofReviewed: (x) => `von ${s(x, "geprüften Entwurf", "geprüften Entwürfen")}`,
  undecided: "nicht entschieden",
  undecidedOf: (x) => `von ${s(x, "zur Prüfung ausgewähltem Entwurf", "zur Prüfung ausgewählten Entwürfen")}`,
  notConfirmed: (x) => `${n(x)} weitere noch nicht bestätigt`,

  happened: "Was geschah",
  nothingHappened: "Noch nichts.",
  applied: (version) => `Version ${version} eingespielt`,
  revised: (version, revision) => `Version ${version}, Revision ${revision}`,
  returned: (version) => `Zurück zu Version ${version}`,
  resumed: "Wieder gestartet",
  promoted: "Höhergestuft",
  demoted: "Zurückgestuft",
  fromTo: (from, to) => `${from} → ${to}`,
  at: (stage) => `auf der Stufe „${stage}“`,
  effect: (x) => `wirksam nach ${ms(x)} ms`,
  frozen: (x) => `${s(x, "Entwurf", "Entwürfe")} eingefroren`,
  showAll: (x) => `Alle ${n(x)} zeigen`,
};
