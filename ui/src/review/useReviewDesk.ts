import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { ScreenProps } from "../frame/Frame";
import { nextPaint } from "../kit/paint";
import { local } from "../kit/storage";
import { isTyping } from "../kit/typing";
import { Kept, sweep } from "../shared/kept";
import { type Desk, newView } from "./context";
import { Decisions } from "./decisions";
import { SavedFilters } from "./filters";
import { Session } from "./session";
import { Texts } from "./texts";

/**
 * What the review screen works with. It lives as long as somebody sits here, whatever screen they look at: what was
 * decided goes out as soon as the hub is there.
 */
export function useReviewDesk({ host, api, me }: Omit<ScreenProps, "id">): Desk {
  const client = useQueryClient();
  // Once for each time somebody sits down: a second session would lease a second draft.
  const [desk] = useState<Desk>(() => {
    const view = newView();
    sweep(host.storage, Date.now());
    const typed = <T>(kind: string) => new Kept<T>(host.storage, me.subject, kind);
    const texts = new Texts(typed("text"), Date.now);
    const session = new Session({
      api,
      texts,
      candidates: () => made.list(),
      workflows: () => view.get().filters.workflow?.split(","),
      expired: () => view.get().filters.state === "expired",
      clock: () => performance.now(),
    });
    const onDecided = () => void client.invalidateQueries({ queryKey: ["me"] });
    const decisions = new Decisions({
      api,
      texts,
      session,
      storage: host.storage,
      painted: nextPaint,
      subject: me.subject,
      busy: () => {
        const { editing, dialog } = view.get();
        const { shown } = session.state.get();
        const edits = editing !== null && editing === shown?.draft?.content_hash;
        return edits || dialog !== null || isTyping(document.activeElement);
      },
      onDecided,
    });
    const made: Desk = {
      host,
      api,
      me,
      texts,
      comments: typed("comment"),
      notes: typed("settlement"),
      view,
      saved: new SavedFilters(local, me.subject),
      session,
      decisions,
      inView: { first: 0, last: 0 },
      list: () => undefined,
      move: () => {},
      mayKill: () => false,
    };
    return made;
  });
  useEffect(() => {
    desk.decisions.start();
    return () => desk.decisions.end();
  }, [desk]);
  return desk;
}
