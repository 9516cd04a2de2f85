export const frame = {
  screens: "Screens",
  review: "Review",
  rollout: "Rollout",
  cases: "Cases",
  activity: "Activity",
  settings: "Settings",
  goTo: (screen: string) => `Go to ${screen}`,
  theme: "Theme: light, dark, as the system",
  speak: (name: string) => `Language: ${name}`,
  signInTo: (place: string) => `Sign in to ${place}`,
  signInBefore: "Paste your token. An admin makes one with ",
  signInAfter: ".",
  token: "Token",
  tokenRefused:
    "The hub didn't take the token: it may have expired or been revoked. What you typed and decided is kept.",
  signIn: "Sign in",
  opening: "Opening the desk…",
  notThere: (place: string) => (place ? `${place} doesn't answer` : "The hub doesn't answer"),
  tryingAgain: (why: string) => `${why} Trying again; nothing is lost.`,
  waiting: (n: number) =>
    n === 1
      ? "1 decision waits for it. It is kept, and sent as soon as the hub takes it."
      : `${n.toLocaleString("en")} decisions wait for it. They are kept, and sent as soon as the hub takes them.`,
  useEmbedded: "Use the hub inside this app",
  chooseHub: "Settings: connection…",
  embeddedFailed: (why: string) => `Nothing changed. ${why}`,
  broken: (screen: string) => `${screen} stopped on an error`,
  brokenKept: "What you typed and decided is kept. Open it again, or go on on another screen.",
  openAgain: "Open it again",
  reload: "Reload everything",
  storageFull:
    "This browser has no room to keep anything, or may not: what you type and decide now is kept only as long as this window is open. Free some space before you close it.",
  keysOff:
    "The field you typed in has gone, so your keys do nothing now. What you typed is kept. Press Esc to go on.",
  embedded: "embedded hub",
  lost: "hub unreachable, trying again",
  connecting: "connecting",
  connected: (place: string) => `connected to ${place}`,
};
