import { createContext, useContext } from "react";
import type { Api } from "../api/client";
import type { Me } from "../api/types";
import type { Host } from "../host";
import { createStore, type Store, useStore } from "../kit/store";
import type { Kept } from "../shared/kept";
import type { Decisions } from "./decisions";
import { type Filters, NO_FILTERS, type SavedFilters } from "./filters";
import type { Session } from "./session";
import type { SessionState } from "./state";
import type { Texts } from "./texts";

/** What this screen shows besides the data. */
export interface View {
  /** The content hash of the draft whose editor is open: another content, another editor. */
  editing: string | null;
  dialog:
    | "keys"
    | "palette"
    | "approve"
    | "escalate"
    | "kill"
    | "filters"
    | "saved"
    | "ticket"
    | "day"
    | null;
  panel: "sources" | "guidelines" | "customer";
  /** The draft whose panel was just opened, and is to be walked by keys. */
  walk: string | null;
  /** The queue over the rest, where there is no room beside it. */
  queueOpen: boolean;
  /** The key of the citation or claim under the pointer or the focus. */
  lit: string | null;
  /** The key of the one whose evidence was asked for: it stays open until another is. */
  sought: string | null;
  toolsOpen: boolean;
  sideBySide: boolean;
  filters: Filters;
}

/** What is lit: what is pointed at, else what was asked for. */
export const litIn = (view: View) => view.lit ?? view.sought;

export function newView(): Store<View> {
  return createStore<View>({
    editing: null,
    dialog: null,
    panel: "sources",
    walk: null,
    queueOpen: false,
    lit: null,
    sought: null,
    toolsOpen: false,
    sideBySide: false,
    filters: NO_FILTERS,
  });
}

/** The rows of the queue that are on screen. */
export interface InView {
  first: number;
  last: number;
}

export interface Desk {
  host: Host;
  api: Api;
  me: Me;
  session: Session;
  decisions: Decisions;
  texts: Texts;
  /** What is being said to an escalation, by its draft, and to one that is settled, by its id. */
  comments: Kept;
  notes: Kept;
  view: Store<View>;
  saved: SavedFilters;
  inView: InView;
  /** What to lease next when the list in view decides that; undefined leaves it to the hub. */
  list: () => string[] | undefined;
  /** Goes down or up the queue. */
  move: (by: 1 | -1) => void;
  mayKill: () => boolean;
}

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error("useDesk outside the review screen");
  return desk;
}

export function useSession<T>(select: (state: SessionState) => T): T {
  return useStore(useDesk().session.state, select);
}

/** What may be a frame behind the draft. */
export function useSettled<T>(select: (state: SessionState) => T): T {
  return useStore(useDesk().session.settled, select);
}

export function useView<T>(select: (view: View) => T): T {
  return useStore(useDesk().view, select);
}

export function show(view: Store<View>, part: Partial<View>) {
  view.set((now) => ({ ...now, ...part }));
}
