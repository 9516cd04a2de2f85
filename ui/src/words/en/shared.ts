/** What more than one screen says: states, spans of time, what the hub answered, and the kill switch. */
const n = (x: number) => x.toLocaleString("en");
const s = (x: number, one: string, many = `${one}s`) => `${n(x)} ${x === 1 ? one : many}`;

export const shared = {
  stages: { internal: "internal", opt_in: "opt-in", default: "default" },
  states: {
    staged: "waiting for review",
    in_review: "in review",
    approved: "approved",
    edited: "edited",
    escalated: "escalated",
    delivering: "being delivered",
    delivered: "delivered",
    undeliverable: "undeliverable",
    superseded: "superseded by a newer revision",
    expired: "expired",
    frozen: "frozen",
    unreviewed: "not selected for review",
  },
  marks: {
    no_such_quote: "no such quote",
    no_such_source: "no such source",
    forbidden_source: "source not allowed",
    policy: "policy",
    hidden_text: "hidden text",
    uncited_claim: "unsupported claim",
    conflict: "conflict",
    low_confidence: "low confidence",
    uncited: "no sources",
  },
  grades: { cosmetic: "cosmetic", material: "material", factual: "factual", citation: "citation" },
  done: { approve: "approved", edit: "edited", escalate: "escalated" },

  now: "now",
  minutes: (x: number) => `${n(x)}m`,
  hours: (x: number) => `${n(x)}h`,
  days: (x: number) => `${n(x)}d`,
  underAMinute: "less than a minute",
  longMinutes: (x: number) => `${n(x)} min`,
  longHours: (x: number) => `${n(x)} h`,
  longDays: (x: number) => s(x, "day"),

  replaceSession:
    "This link signs you in under another token. You are signed in here already: what you do from now on would be done in the name of the link's owner. Change over?",
  away: "The hub can't be reached.",
  indexing: "Drafts are still being indexed for search. More may be found soon.",
  stale: (when: string) =>
    `The hub can't be reached. What stands here is as of ${when}; it is being tried again.`,
  /** What the hub answered, in its own words; other languages say first what kind of answer it is. */
  hubSaid: (_code: string, message: string) => message,

  saved: (path: string) => `Saved: ${path}`,
  notSaved: "Nothing was saved.",
  saveFailed: (why: string) => `The export was not saved. ${why}`,
  answered: (status: string) => `The hub answered ${status}.`,

  close: "Close",
  cancel: "Cancel",
  why: "Why",
  killTitle: (name: string) => `Kill ${name}`,
  resumeTitle: (name: string) => `Resume ${name}`,
  killLead: "At once: no new model call, no lease, no decision, no delivery. Staged drafts freeze.",
  resumeLead: (ago: string, by: string, reason: string) =>
    `Killed ${ago} ago by ${by}: ${reason}. It starts again at internal.`,
  sayWhy: "Say why first: the reason goes into the record.",
  typeBefore: "Type ",
  typeAfter: " and press Enter, or hold the button for a second",
  kill: "Kill",
  resume: "Resume",
  holdToKill: "Hold to kill",
  holdToResume: "Hold to resume",
  killing: "Killing…",
  resuming: "Resuming…",
  notKnownYet: (why: string) =>
    `No answer came, so it isn't known yet whether it was done. ${why} The hub is being asked…`,
  mayBeDone: (why: string) =>
    `No answer came, so it may have been done all the same. ${why} Look before you try again; what you typed is kept.`,
  stillUnknown:
    "It still isn't known whether it was done: the hub doesn't answer. Trying again does no harm.",
  killedAfterAll: "It is killed. The answer got lost, so how fast it was stands in Rollout.",
  resumedAfterAll: "It is running again. The answer got lost; Rollout has the figures.",
  notKilled: "It isn't killed: the hub answers, and the workflow is running. Try again.",
  notResumed: "It isn't resumed: the hub answers, and the workflow is still killed. Try again.",
  killFailed: (why: string) => `Kill failed, nothing changed. ${why}`,
  resumeFailed: (why: string) => `Resume failed, nothing changed. ${why}`,
  /** Without a time while something may still be going out. */
  effective: (ms: number | null, frozen: number, leases: number, deliveries: number) =>
    [
      ms == null ? "Killed" : `Effective in ${ms < 1 ? ms.toFixed(1) : n(Math.round(ms))} ms`,
      `${n(frozen)} frozen`,
      `${s(leases, "open review")} cancelled`,
      `${s(deliveries, "reply", "replies")} held back`,
    ].join(" · "),
  stillSending: (silent: number, hubs: number) =>
    `${n(silent)} of ${s(hubs, "hub")} not known to have stopped sending`,
  stillLooking: "so far; the other replies are still being looked through",
  resumed: (stage: string, returned: number, stayedOut: number) =>
    [
      `Running again at ${stage}`,
      `${n(returned)} back in the queue`,
      stayedOut > 0 && `${n(stayedOut)} dropped: the ticket changed`,
    ]
      .filter(Boolean)
      .join(" · "),
};
