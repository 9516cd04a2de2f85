import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { DraftRow } from "../api/types";
import { go } from "../kit/route";
import { show, useDesk, useSession, useView } from "./context";
import { isWholeQueue, refreshRows } from "./data";
import { after } from "./rows";

const TICK_MS = 5_000;
/** However fast the hub changes, the lists are fetched no more often. */
const REFRESH_MS = 1_500;
const LOOK_AGAIN_MS = 30_000;

/**
 * Starts the session when the screen comes into view and ends it when another one takes its place, and keeps its leases
 * while the person is there. `id` is the draft that the address names.
 */
export function useLifetime(rows: DraftRow[], id: string | null) {
  const desk = useDesk();
  const { session, view } = desk;
  const filters = useView((view) => view.filters);
  desk.list = () => (isWholeQueue(filters) ? undefined : after(rows, session.state.get().shown?.id));

  const wanted = useRef(id);
  wanted.current = id;
  useEffect(() => {
    session.start(wanted.current ?? undefined);
    const touch = () => session.touch();
    const stop = () => session.stop();
    const back = (event: PageTransitionEvent) => event.persisted && session.start();
    const timer = setInterval(() => session.renew(), TICK_MS);
    const look = setInterval(() => session.state.get().empty && void session.wake(), LOOK_AGAIN_MS);
    const inputs = ["keydown", "pointerdown", "pointermove", "wheel"];
    for (const input of inputs) addEventListener(input, touch, { passive: true });
    addEventListener("pagehide", stop);
    addEventListener("pageshow", back);
    return () => {
      clearInterval(timer);
      clearInterval(look);
      for (const input of inputs) removeEventListener(input, touch);
      removeEventListener("pagehide", stop);
      removeEventListener("pageshow", back);
      stop();
      show(view, { dialog: null });
    };
  }, [session, view]);

  // The address has done its work: walking on in the queue must not contradict it.
  useEffect(() => {
    if (id === null) return;
    session.select(id);
    go("review", undefined, { replace: true });
  }, [session, id]);

  const ordered = useRef(filters);
  // Another filter, another next draft.
  useEffect(() => {
    if (ordered.current !== filters) session.reorder();
    ordered.current = filters;
  }, [session, filters]);

  useAttention();
}

/** The seconds of a verdict count only while the draft is on a screen that is looked at. */
function useAttention() {
  const { session } = useDesk();
  const painted = useSession((state) => (state.shown?.paintedAt != null ? state.shown.id : null));
  useEffect(() => {
    const follow = () => {
      if (painted && document.visibilityState === "visible" && document.hasFocus())
        session.watch.run(painted);
      else session.watch.pause();
    };
    follow();
    const signals = ["focus", "blur"] as const;
    for (const signal of signals) addEventListener(signal, follow);
    document.addEventListener("visibilitychange", follow);
    return () => {
      for (const signal of signals) removeEventListener(signal, follow);
      document.removeEventListener("visibilitychange", follow);
    };
  }, [session, painted]);
}

/** Follows the hub: what others do shows in the lists within a moment. */
export function useHubEvents() {
  const { host, api, session, view, inView } = useDesk();
  const client = useQueryClient();
  const left = useRef(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refreshNow = () => {
      timer = undefined;
      void refreshRows(client, api, view.get().filters, inView).catch(() => {});
      for (const queryKey of [["workflows"], ["escalations"]]) void client.invalidateQueries({ queryKey });
    };
    const refresh = () => {
      timer ??= setTimeout(refreshNow, REFRESH_MS);
    };
    // What happened while another screen was shown went by unheard.
    if (left.current) refreshNow();
    const stop = host.events((event) => {
      refresh();
      if (event === "reconnected") void session.wake();
      else session.onEvent(event);
    });
    return () => {
      left.current = true;
      clearTimeout(timer);
      stop();
    };
  }, [host, api, session, view, inView, client]);
}
