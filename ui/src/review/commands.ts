import { ticketName } from "../shared/words";
import { type Words, words } from "../words";
import { leadingKeys } from "./citations";
import { type Desk, litIn, show } from "./context";
import { currentText } from "./edit";
import { NO_FILTERS, narrowed } from "./filters";
import { mayDecide } from "./guard";
import { editsOf } from "./KeptTexts";
import { isJudgeable } from "./rows";

/** A thing a person can do here. Keys, palette, footer and help are all made from this one list. */
export interface Command {
  /** Its title is in the catalogue under this. */
  id: keyof Words["review"]["commands"];
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
      title: words().review.nothingChanged(ticketName(shown.draft.external_id)),
      text: words().review.nothingChangedText,
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
    press: "A",
    enabled: canDecide,
    run(desk) {
      const { session, decisions, view } = desk;
      const draft = session.state.get().shown?.draft;
      if (draft && editsOf(desk, draft).length > 0) {
        show(view, { dialog: "approve" });
        return;
      }
      markKey();
      show(view, { editing: null });
      decisions.decide({ action: "approve" });
    },
  },
  {
    id: "edit",
    press: "E",
    enabled: (desk) => canDecide(desk) && !isEditing(desk),
    run: ({ session, view }) =>
      show(view, { editing: session.state.get().shown?.draft?.content_hash ?? null }),
  },
  {
    id: "send",
    press: "$mod+Enter",
    inFields: true,
    enabled: (desk) => isEditing(desk) && canDecide(desk),
    run: sendEdit,
  },
  {
    id: "escalate",
    press: "X",
    enabled: canDecide,
    run: ({ view }) => show(view, { dialog: "escalate" }),
  },
  {
    id: "skip",
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
    press: "N",
    enabled: ({ session }) => session.state.get().shown?.lease === null,
    run: ({ session }) => void session.advance(),
  },
  {
    id: "take",
    press: "R",
    enabled: ({ session }) => {
      const { shown } = session.state.get();
      return shown?.draft != null && !shown.lease && isJudgeable(shown.draft) && !shown.draft.held_by;
    },
    run({ session }) {
      const { shown } = session.state.get();
      if (shown) void session.take(shown.id, true);
    },
  },
  {
    id: "back",
    press: "B",
    enabled: ({ session }) => session.state.get().back !== null,
    run({ session }) {
      const { back } = session.state.get();
      if (back) session.select(back);
    },
  },
  {
    id: "undo",
    press: "Z",
    enabled: ({ session, api }) => {
      const { undo } = session.state.get();
      return undo !== null && (undo.until === null || undo.until > api.now());
    },
    run: ({ decisions }) => void decisions.undo(),
  },
  { id: "down", press: "J", enabled: always, run: (desk) => desk.move(1) },
  { id: "up", press: "K", enabled: always, run: (desk) => desk.move(-1) },
  {
    id: "cite",
    press: "C",
    enabled: ({ session }) => {
      const draft = session.state.get().shown?.draft;
      return draft ? leadingKeys(draft).length > 0 : false;
    },
    run({ session, view }) {
      const draft = session.state.get().shown?.draft;
      if (!draft) return;
      const keys = leadingKeys(draft);
      const lit = keys.indexOf(litIn(view.get()) ?? "");
      const next = keys[(lit + 1) % keys.length] ?? null;
      show(view, { lit: null, sought: next, panel: "sources" });
    },
  },
  {
    id: "tools",
    press: "O",
    enabled: always,
    run: ({ view }) => view.set((now) => ({ ...now, toolsOpen: !now.toolsOpen })),
  },
  {
    id: "diff",
    press: "D",
    enabled: isEditing,
    run: ({ view }) => view.set((now) => ({ ...now, sideBySide: !now.sideBySide })),
  },
  {
    id: "guidelines",
    press: "G",
    enabled: always,
    run: ({ view }) =>
      view.set((now) => ({ ...now, panel: now.panel === "guidelines" ? "sources" : "guidelines" })),
  },
  {
    id: "customer",
    press: "U",
    enabled: always,
    run: ({ session, view }) =>
      show(
        view,
        view.get().panel === "customer"
          ? { panel: "sources" }
          : { panel: "customer", walk: session.state.get().shown?.id ?? null },
      ),
  },
  {
    id: "search",
    press: "/",
    enabled: always,
    run: () => document.querySelector<HTMLInputElement>("#search")?.focus(),
  },
  {
    id: "filter",
    press: "F",
    enabled: always,
    run: ({ view }) => show(view, { dialog: "filters" }),
  },
  { id: "saved", press: "V", enabled: always, run: ({ view }) => show(view, { dialog: "saved" }) },
  { id: "ticket", press: "T", enabled: always, run: ({ view }) => show(view, { dialog: "ticket" }) },
  {
    id: "all",
    press: "Shift+F",
    enabled: ({ view }) => view.get().filters !== NO_FILTERS,
    run: ({ view }) => show(view, { filters: NO_FILTERS }),
  },
  {
    id: "judgeExpired",
    enabled: ({ view }) => view.get().filters.state !== "expired",
    run: ({ view }) => show(view, { filters: narrowed({ ...NO_FILTERS, state: "expired" }) }),
  },
  {
    id: "sort",
    press: "Shift+S",
    enabled: always,
    run: ({ view }) =>
      view.set((now) => ({
        ...now,
        filters: narrowed({ ...now.filters, sort: toggled(now.filters.sort) }),
      })),
  },
  {
    id: "queue",
    press: "Q",
    enabled: always,
    run: ({ view }) => view.set((now) => ({ ...now, queueOpen: !now.queueOpen })),
  },
  { id: "day", press: "M", enabled: always, run: ({ view }) => show(view, { dialog: "day" }) },
  {
    id: "palette",
    press: "$mod+K",
    inFields: true,
    enabled: always,
    run: ({ view }) => show(view, { dialog: "palette" }),
  },
  {
    id: "kill",
    press: "$mod+Shift+K",
    inFields: true,
    enabled: (desk) => desk.mayKill(),
    run: ({ view }) => show(view, { dialog: "kill" }),
  },
  {
    id: "keys",
    press: "?",
    enabled: always,
    run: ({ view }) => show(view, { dialog: "keys" }),
  },
];

function toggled(sort: "deadline" | "newest"): "deadline" | "newest" {
  return sort === "deadline" ? "newest" : "deadline";
}

export function command(id: string): Command {
  const found = COMMANDS.find((one) => one.id === id);
  if (!found) throw new Error(`no command ${id}`);
  return found;
}
