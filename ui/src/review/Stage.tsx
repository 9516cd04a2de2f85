import type { Draft } from "../api/types";
import { useWords } from "../words";
import { useSession, useSettled } from "./context";
import { DraftScreen } from "./DraftScreen";
import { Empty } from "./Empty";

/**
 * The draft on screen and, laid out under it and unseen, the one after it: a verdict only has to turn one off and the
 * other on. The one that went stays until then too, so that taking it down is no part of the frame.
 */
export function Stage() {
  const says = useWords().review;
  const shown = useSession((state) => state.shown);
  const next = useSession((state) => state.next);
  const empty = useSession((state) => state.empty);
  const painted = useSettled((state) => state.shown?.id);
  const before = useSettled((state) => state.shown?.draft);
  const drafts = new Map<string, Draft>();
  for (const draft of [before, next?.draft, shown?.draft]) if (draft) drafts.set(draft.id, draft);
  return (
    <>
      {!shown?.draft && (
        <main className="middle wide">
          {shown ? <p className="empty">{shown.why?.() ?? says.opening}</p> : <Empty empty={empty} />}
        </main>
      )}
      {[...drafts.values()].map((draft) => {
        const onScreen = draft.id === shown?.id;
        return (
          <DraftScreen
            key={draft.id}
            draft={draft}
            onScreen={onScreen}
            inert={draft.id !== painted}
            leased={!onScreen || shown.lease !== null}
            why={onScreen ? shown.why : null}
          />
        );
      })}
    </>
  );
}
