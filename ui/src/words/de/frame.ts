import type { Words } from "..";

export const frame: Words["frame"] = {
  screens: "Ansichten",
  review: "Prüfen",
  rollout: "Rollout",
  cases: "Fälle",
  activity: "Protokoll",
  settings: "Einstellungen",
  goTo: (screen) => `Ansicht: ${screen}`,
  theme: "Farben: hell, dunkel, wie das System",
  speak: (name) => `Sprache: ${name}`,
  signInTo: (place) => `Anmelden bei ${place}`,
  signInBefore: "Fügen Sie Ihr Token ein. Ein Admin erstellt es mit ",
  signInAfter: ".",
  token: "Token",
  tokenRefused:
    "Der Hub hat das Token nicht angenommen: Es ist vielleicht abgelaufen oder gesperrt. Was Sie geschrieben und entschieden haben, ist noch da.",
  signIn: "Anmelden",
  opening: "Der Arbeitsplatz wird geöffnet …",
  notThere: (place) => (place ? `${place} antwortet nicht` : "Der Hub antwortet nicht"),
  tryingAgain: (why) => `${why} Neuer Versuch läuft; nichts geht verloren.`,
  waiting: (n) =>
    n === 1
      ? "1 Entscheidung wartet auf ihn. Sie ist aufbewahrt und geht hinaus, sobald der Hub sie annimmt."
      : `${n.toLocaleString("de")} Entscheidungen warten auf ihn. Sie sind aufbewahrt und gehen hinaus, sobald der Hub sie annimmt.`,
  useEmbedded: "Den Hub in dieser App verwenden",
  chooseHub: "Einstellungen: Verbindung …",
  embeddedFailed: (why) => `Nichts wurde geändert. ${why}`,
  broken: (screen) => `${screen} wurde durch einen Fehler unterbrochen`,
  brokenKept:
    "Was Sie geschrieben und entschieden haben, ist noch da. Öffnen Sie die Ansicht noch einmal oder arbeiten Sie in einer anderen weiter.",
  openAgain: "Noch einmal öffnen",
  reload: "Alles neu laden",
  storageFull:
    "Dieser Browser hat keinen Platz mehr oder darf nichts speichern: Was Sie jetzt schreiben und entscheiden, bleibt nur erhalten, solange dieses Fenster offen ist. Schaffen Sie Platz, bevor Sie es schließen.",
  keysOff:
    "Das Feld, in das Sie schrieben, ist verschwunden; Ihre Tasten tun deshalb gerade nichts. Was Sie geschrieben haben, ist noch da. Mit Esc geht es weiter.",
  embedded: "eingebauter Hub",
  lost: "Hub nicht erreichbar, neuer Versuch läuft",
  connecting: "Verbindung wird aufgebaut",
  connected: (place) => `verbunden mit ${place}`,
};
