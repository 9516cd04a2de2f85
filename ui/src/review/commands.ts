import type { RowQuery } from "../api/types";
import { nextTheme } from "../kit/theme";
import { citationKey, citationsOf } from "./citations";
import { type Desk, NO_FILTERS, show } from "./context";
import { currentText } from "./edit";
import { mayDecide } from "./guard";
import { ticketName } from "./words";

/** A thing a person can do here. Keys, palette, footer and help are all made from this one list. */
export interface Command {
  id: string;
  title: string;
  /** Without one it is in the palette alone. */
  press?: string;
  /** Also works while a field has the focus. */
  inFields?: boolean;
  enabled: (desk: Desk) => boolean;
  run: (desk: Desk) => void;
}

export function canDecide({ session, view }: Desk): boolean {
  const { shown } = session.state.get();
  return mayDecide({
    leased: shown?.lease != null,
    paintedAt: shown?.paintedAt ?? null,
    now: performance.now(),
    dialogOpen: view.get().dialog !== null,
  });
}

const always = () => true;
const isEditing = ({ session, view }: Desk) => {
  const { shown } = session.state.get();
  return shown?.draft != null && view.get().editing === shown.draft.content_hash;
};

/** Counts from when the key went down, not from when its turn came. */
export function markKey() {
  performance.mark("verdict-key", { startTime: window.event?.timeStamp });
}

export function sendEdit(desk: Desk) {
  const { session, decisions, texts, view } = desk;
  const { shown } = session.state.get();
  if (!shown?.draft || !canDecide(desk)) return;
  const text = currentText(texts, shown.draft);
  if (text === shown.draft.draft.text) {
    session.notify({
      tone: "hold",
      title: `${ticketName(shown.draft.external_id)}: nothing was changed`,
      text: "To send the draft as it is, leave the editor with Esc and approve it with A.",
    });
    return;
  }
  markKey();
  const grade = texts.of(shown.draft)?.grade;
  texts.flush();
  show(view, { editing: null });
  decisions.decide({ action: "edit", final_text: text, ...(grade && { grade }) });
}

export const COMMANDS: Command[] = [
  {
    id: "approve",
    title: "Approve as it is",
    press: "A",
    enabled: canDecide,
    run({ decisions, view }) {
      markKey();
      show(view, { editing: null });
      decisions.decide({ action: "approve" });
    },
  },
  {
    id: "edit",
    title: "Edit",
    press: "E",
    enabled: (desk) => canDecide(desk) && !isEditing(desk),
    run: ({ session, view }) =>
      show(view, { editing: session.state.get().shown?.draft?.content_hash ?? null }),
  },
  {
    id: "send",
    title: "Send the edit",
    press: "$mod+Enter",
    inFields: true,
    enabled: (desk) => isEditing(desk) && canDecide(desk),
    run: sendEdit,
  },
  {
    id: "escalate",
    title: "Escalate, then the reason's letter",
    press: "X",
    enabled: canDecide,
    run: ({ view }) => show(view, { dialog: "escalate" }),
  },
  {
    id: "skip",
    title: "Skip",
    press: "S",
    enabled: canDecide,
    run({ decisions, view }) {
      markKey();
      show(view, { editing: null });
      decisions.skip();
    },
  },
  {
    id: "next",
    title: "Go on to the next draft",
    press: "N",
    enabled: ({ session }) => session.state.get().shown?.lease === null,
    run: ({ session }) => void session.advance(),
  },
  {
    id: "undo",
    title: "Undo the last decision",
    press: "Z",
    enabled: ({ session, api }) => {
      const { undo } = session.state.get();
      return undo !== null && (undo.until === null || undo.until > api.now());
    },
    run: ({ decisions }) => void decisions.undo(),
  },
  { id: "down", title: "Next in the queue", press: "J", enabled: always, run: (desk) => desk.move(1) },
  { id: "up", title: "Previous in the queue", press: "K", enabled: always, run: (desk) => desk.move(-1) },
  {
    id: "cite",
    title: "Light up the next citation",
    press: "C",
    enabled: ({ session }) => (session.state.get().shown?.draft?.draft.citations?.length ?? 0) > 0,
    run({ session, view }) {
      const draft = session.state.get().shown?.draft;
      if (!draft) return;
      const keys = citationsOf(draft).map((_, index) => citationKey(draft, index));
      const lit = keys.indexOf(view.get().lit ?? "");
      show(view, { lit: keys[(lit + 1) % keys.length] ?? null, panel: "sources" });
    },
  },
  {
    id: "tools",
    title: "Open or fold the tool results",
    press: "O",
    enabled: always,
    run: ({ view }) => view.set((now) => ({ ...now, toolsOpen: !now.toolsOpen })),
  },
  {
    id: "diff",
    title: "Diff beside or within the text",
    press: "D",
    enabled: isEditing,
    run: ({ view }) => view.set((now) => ({ ...now, sideBySide: !now.sideBySide })),
  },
  {
    id: "guidelines",
    title: "Guidelines",
    press: "G",
    enabled: always,
    run: ({ view }) =>
      view.set((now) => ({ ...now, panel: now.panel === "guidelines" ? "sources" : "guidelines" })),
  },
  {
    id: "search",
    title: "Search",
    press: "/",
    enabled: always,
    run: () => document.querySelector<HTMLInputElement>("#search")?.focus(),
  },
  {
    id: "filter",
    title: "Filter the queue",
    press: "F",
    enabled: always,
    run: ({ view }) => show(view, { dialog: "filters" }),
  },
  {
    id: "all",
    title: "Show the whole queue again",
    press: "Shift+F",
    enabled: ({ view }) => view.get().filters !== NO_FILTERS,
    run: ({ view }) => show(view, { filters: NO_FILTERS }),
  },
  {
    id: "sort",
    title: "Sort by deadline or by newest",
    press: "Shift+S",
    enabled: always,
    run: ({ view }) =>
      view.set((now) => ({
        ...now,
        filters: { ...now.filters, sort: toggled(now.filters.sort) },
      })),
  },
  {
    id: "queue",
    title: "Show or hide the queue",
    press: "Q",
    enabled: always,
    run: ({ view }) => view.set((now) => ({ ...now, queueOpen: !now.queueOpen })),
  },
  {
    id: "palette",
    title: "All commands by name",
    press: "$mod+K",
    inFields: true,
    enabled: always,
    run: ({ view }) => show(view, { dialog: "palette" }),
  },
  {
    id: "kill",
    title: "Kill or resume the workflow…",
    press: "$mod+Shift+K",
    inFields: true,
    enabled: (desk) => desk.mayKill(),
    run: ({ view }) => show(view, { dialog: "kill" }),
  },
  { id: "theme", title: "Theme: light, dark, as the system", enabled: always, run: nextTheme },
  {
    id: "keys",
    title: "All keys",
    press: "?",
    enabled: always,
    run: ({ view }) => show(view, { dialog: "keys" }),
  },
];

function toggled(sort: RowQuery["sort"]): "deadline" | "newest" {
  return sort === "deadline" ? "newest" : "deadline";
}

export function command(id: string): Command {
  const found = COMMANDS.find((one) => one.id === id);
  if (!found) throw new Error(`no command ${id}`);
  return found;
}
