import { useEffect, useState } from "react";
import type { Host } from "../host";
import { useStore } from "../kit/store";
import { shortMoment } from "../shared/dates";
import { useWords } from "../words";

/** While the hub is away: that what is on screen is old, and of when it is. */
export function Stale({ host }: { host: Host }) {
  const says = useWords().shared;
  const lost = useStore(host.connection) === "lost";
  const [since, began] = useState<number | null>(null);
  useEffect(() => began(lost ? Date.now() : null), [lost]);
  if (!lost || since === null) return null;
  return (
    <p className="frame-stale" role="status" data-testid="stale">
      <span className="dot" aria-hidden="true" />
      {says.stale(shortMoment(new Date(since).toISOString()))}
    </p>
  );
}

/** Stands until a screen is there; what keeps it is said. */
export function Opening({ host, name }: { host: Host; name: string }) {
  const { frame, shared } = useWords();
  const lost = useStore(host.connection) === "lost";
  return (
    <main className="opening">
      <h1 className="unseen">{name}</h1>
      <p role="status">{lost ? frame.tryingAgain(shared.away) : frame.opening}</p>
    </main>
  );
}
