export const desktop = {
  waiting: (n: number) =>
    n === 0 ? "Nothing waits" : n === 1 ? "1 draft waits" : `${n.toLocaleString("en")} drafts wait`,
  open: "Open Countersign",
  kill: "Kill a workflow…",
  quit: "Quit",
  program: "Countersign",
  here: "Here",
  view: "View",
  larger: "Larger text",
  smaller: "Smaller text",
  usual: "Text as the system has it",
  menuBar: "Show or hide the menu bar",
  killed: (workflow: string) => `${workflow} was killed`,
  byWhom: (who: string, why: string) => `${who}: ${why}`,
  promoted: (workflow: string, stage: string) => `${workflow} was promoted to ${stage}`,
  demoted: (workflow: string, stage: string) => `The hub sent ${workflow} back to ${stage}`,
  burns: (workflow: string) => `${workflow}: the failure budget is being spent too fast`,
  unconfirmed: (name: string) => `${name}: verdicts wait for a second person`,
  escalated: (ticket: string) => `Ticket ${ticket} was escalated to you`,
  logLost: {
    not_signed: (n: number) =>
      `The checkpoint over ${n} audit entries that this desktop keeps isn't signed as it says.`,
    shorter: (n: number) =>
      `The audit log is shorter than it was: ${n} entries were signed. It was cut off, or an old copy took its place. Activity says what to do.`,
    rewritten: (n: number) =>
      `The audit log was rewritten: its first ${n} entries are not those that were signed. Activity says what to do.`,
    other_key: (n: number) =>
      `The audit log is signed with another key than the one that signed its first ${n} entries. Activity says what to do.`,
  },
  notKept:
    "This system has no keychain: what you decide while the hub is away is kept only as long as this window.",
  hubNewer: "This hub is newer than this console can speak to. Your system's packages update the console.",
  hubOlder: "This hub is older than this console can speak to. Whoever runs the hub updates it.",
};
