import type { Words } from "..";

export const kit: Words["kit"] = {
  commands: "Befehle",
  findCommand: "Befehl suchen",
  noCommand: "Kein Befehl heißt so.",
  notices: "Hinweise",
  dismiss: "Schließen",
  copy: "Kopieren",
  copied: "Kopiert",
  notCopied: "Kopieren ging nicht; bitte markieren und von Hand kopieren",
  hiddenCharacter: "Ein Zeichen, das man nicht sieht",
  hidden: {
    173: "weicher Trennstrich",
    8203: "Leerzeichen ohne Breite",
    8232: "Zeilentrenner",
    8233: "Absatztrenner",
    8288: "Wortverbinder",
  },
};
