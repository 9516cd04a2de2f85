import type { Words } from "..";

export const desktop: Words["desktop"] = {
  waiting: (n) =>
    n === 0 ? "Nichts wartet" : n === 1 ? "1 Entwurf wartet" : `${n.toLocaleString("de")} Entwürfe warten`,
  open: "Countersign öffnen",
  kill: "Workflow stoppen …",
  quit: "Beenden",
  program: "Countersign",
  here: "Hier",
  view: "Ansicht",
  larger: "Größere Schrift",
  smaller: "Kleinere Schrift",
  usual: "Schrift wie im System",
  menuBar: "Menüleiste ein- oder ausblenden",
  killed: (workflow) => `${workflow} wurde gestoppt`,
  byWhom: (who, why) => `${who}: ${why}`,
  promoted: (workflow, stage) => `${workflow} ist jetzt auf der Stufe „${stage}“`,
  demoted: (workflow, stage) => `Der Hub hat ${workflow} auf die Stufe „${stage}“ zurückgestuft`,
  burns: (workflow) => `${workflow}: Das Fehlerbudget wird zu schnell verbraucht`,
  unconfirmed: (name) => `${name}: Urteile warten auf eine zweite Person`,
  escalated: (ticket) => `Ticket ${ticket} wurde an Sie eskaliert`,
  logLost: {
    not_signed: (n) =>
      `Der Prüfpunkt über ${n} Protokolleinträge, den dieser Desktop aufhebt, ist nicht richtig signiert.`,
    shorter: (n) =>
      `Das Protokoll ist kürzer geworden: ${n} Einträge waren signiert. Es wurde abgeschnitten, oder eine alte Kopie steht an seiner Stelle. Unter Protokoll steht, was zu tun ist.`,
    rewritten: (n) =>
      `Das Protokoll wurde umgeschrieben: Seine ersten ${n} Einträge sind nicht die, die signiert wurden. Unter Protokoll steht, was zu tun ist.`,
    other_key: (n) =>
      `Das Protokoll wird mit einem anderen Schlüssel signiert als seine ersten ${n} Einträge. Unter Protokoll steht, was zu tun ist.`,
  },
  notKept:
    "Dieses System hat keinen Schlüsselbund: Was Sie entscheiden, während der Hub fehlt, bleibt nur so lange erhalten wie dieses Fenster.",
  hubNewer:
    "Dieser Hub ist neuer, als diese Konsole ihn versteht. Die Pakete Ihres Systems aktualisieren die Konsole.",
  hubOlder: "Dieser Hub ist älter, als diese Konsole ihn versteht. Wer den Hub betreibt, aktualisiert ihn.",
};
