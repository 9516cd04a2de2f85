import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { DraftRow } from "../api/types";
import { useDesk, useSession, useView } from "./context";
import { isWholeQueue, refreshRows } from "./data";
import { after } from "./rows";

const TICK_MS = 5_000;
/** However fast the hub changes, the lists are fetched no more often. */
const REFRESH_MS = 1_500;
const LOOK_AGAIN_MS = 30_000;

/** Starts and ends the session with the screen, and keeps its leases while the person is there. */
export function useLifetime(rows: DraftRow[]) {
  const desk = useDesk();
  const { session, decisions } = desk;
  const filters = useView((view) => view.filters);
  desk.list = () => (isWholeQueue(filters) ? undefined : after(rows, session.state.get().shown?.id));

  useEffect(() => {
    decisions.start();
    void session.advance();
    const touch = () => session.touch();
    const stop = () => session.stop();
    const timer = setInterval(() => session.renew(), TICK_MS);
    const look = setInterval(() => session.state.get().empty && void session.wake(), LOOK_AGAIN_MS);
    const inputs = ["keydown", "pointerdown", "pointermove", "wheel"];
    for (const input of inputs) addEventListener(input, touch, { passive: true });
    addEventListener("pagehide", stop);
    return () => {
      clearInterval(timer);
      clearInterval(look);
      for (const input of inputs) removeEventListener(input, touch);
      removeEventListener("pagehide", stop);
      stop();
    };
  }, [session, decisions]);

  const first = useRef(true);
  // Another filter, another next draft.
  useEffect(() => {
    if (!first.current) session.reorder();
    first.current = false;
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
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void refreshRows(client, api, view.get().filters, inView).catch(() => {});
        for (const queryKey of [["workflows"], ["escalations"]]) void client.invalidateQueries({ queryKey });
      }, REFRESH_MS);
    };
    const stop = host.events((event) => {
      refresh();
      if (event === "reconnected") void session.wake();
      else session.onEvent(event);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [host, api, session, view, inView, client]);
}
