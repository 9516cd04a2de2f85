import type { ReactNode } from "react";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";

interface Asked {
  isPending: boolean;
  isError: boolean;
  error: unknown;
  refetch: () => unknown;
}

/** What stands in a section's place until the hub has answered, or when it didn't. */
export function Waiting({ query }: { query: Asked }) {
  const says = useWords().settings;
  if (query.isError) {
    return (
      <p className="settings-calm" role="status">
        {says.notFetched(reasonOf(query.error))}{" "}
        <button type="button" className="link-button" onClick={() => void query.refetch()}>
          {says.retry}
        </button>
      </p>
    );
  }
  return query.isPending ? (
    <p className="settings-calm" role="status">
      {says.fetching}
    </p>
  ) : null;
}

export function Calm({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <div className="settings-calm" role="status">
      {title && <h3>{title}</h3>}
      <p>{children}</p>
    </div>
  );
}
