import { useEffect, useState } from "react";
import type { Host } from "../host";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { Elsewhere } from "./Elsewhere";
import "./frame.css";

/** A hub that is slow to say no is away too. */
const PATIENCE_MS = 2_000;

/** Stands until the hub has said who we are: what is wrong, what waits for it, and the way to another hub. */
export function Away({ host, failed, why }: { host: Host; failed: boolean; why: unknown }) {
  const says = useWords().frame;
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <main className="opening">
      <div>
        <h1 className={failed || late ? "opening-title" : "unseen"}>
          {failed || late ? says.notThere(host.place) : says.opening}
        </h1>
        <p role="status">{failed ? says.tryingAgain(reasonOf(why)) : says.opening}</p>
        {(failed || late) && <Elsewhere host={host} />}
      </div>
    </main>
  );
}
