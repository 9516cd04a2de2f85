import type { Words } from "..";

export const kit: Words["kit"] = {
  commands: "Befehle",
  findCommand: "Befehl suchen",
  noCommand: "Kein Befehl heißt so.",
  notices: "Hinweise",
  dismiss: "Schließen",
  hiddenCharacter: "Ein Zeichen, das man nicht sieht",
  hidden: {
    173: "weicher Trennstrich",
    8203: "Leerzeichen ohne Breite",
    8232: "Zeilentrenner",
    8233: "Absatztrenner",
    8288: "Wortverbinder",
  },
};
