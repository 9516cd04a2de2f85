import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { ScreenProps } from "../frame/Frame";
import { nextPaint } from "../kit/paint";
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
    const texts = new Texts(host.storage, Date.now);
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
      onDecided,
    });
    const made: Desk = {
      host,
      api,
      me,
      texts,
      view,
      saved: new SavedFilters(localStorage, me.subject),
      session,
      decisions,
      inView: { first: 0, last: 0 },
      list: () => undefined,
      move: () => {},
      mayKill: () => false,
    };
    return made;
  });
  useEffect(() => desk.decisions.start(), [desk]);
  return desk;
}
