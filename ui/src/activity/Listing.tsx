import type { ReactNode } from "react";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";

interface Props {
  query: { isPending: boolean; isError: boolean; error: unknown };
  onRetry: () => void;
  failed: (why: string) => string;
  /** What to say of an empty list; false when it has rows. */
  empty: string | false;
  /** More came in above what is in view. */
  newer?: boolean;
  /** Where the list begins, when it isn't at the newest. */
  from?: string | null;
  onNewest: () => void;
  children: ReactNode;
}

/** What stands around a list in each of its states. */
export function Listing({ query, onRetry, failed, empty, newer, from, onNewest, children }: Props) {
  const says = useWords().activity;
  if (query.isPending) {
    return (
      <p className="activity-calm" role="status">
        {says.loading}
      </p>
    );
  }
  return (
    <>
      {query.isError && (
        <p className="activity-line" role="alert">
          {failed(reasonOf(query.error))}{" "}
          <button type="button" className="link-button" onClick={onRetry}>
            {says.retry}
          </button>
        </p>
      )}
      {from && (
        <p className="activity-line" role="status">
          {from} ·{" "}
          <button type="button" className="link-button" onClick={onNewest}>
            {says.toNewest}
          </button>
        </p>
      )}
      {empty && !query.isError && <p className="activity-calm">{empty}</p>}
      {!empty && (
        <div className="listing">
          {children}
          {newer && !from && (
            <p className="activity-newer" role="status">
              {says.newer} ·{" "}
              <button type="button" className="link-button" onClick={onNewest}>
                {says.showNewer}
              </button>
            </p>
          )}
        </div>
      )}
    </>
  );
}
