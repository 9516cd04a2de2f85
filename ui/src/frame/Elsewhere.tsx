import { Suspense, useState } from "react";
import type { Host } from "../host";
import { Dialog } from "../kit/dialog";
import { later } from "../kit/later";
import { waitingIn } from "../review/outbox";
import { useWords } from "../words";

const ChooseHub = later(() => import("../settings/HubChoice"));

/** What waits for a hub that we can't get into, and, on the desktop, the way to another one. */
export function Elsewhere({ host }: { host: Host }) {
  const says = useWords().frame;
  const { native } = host;
  const waiting = waitingIn(host.storage);
  const [choosing, choose] = useState(false);
  const [failed, fail] = useState("");
  const useEmbedded = async () => {
    try {
      await native?.useEmbedded();
    } catch (error) {
      fail(says.embeddedFailed(error instanceof Error ? error.message : String(error)));
    }
  };
  return (
    <div className="elsewhere">
      {waiting > 0 && <p data-testid="waiting">{says.waiting(waiting)}</p>}
      {native && (
        <p className="elsewhere-ways">
          {/* The hub inside the app has no place of its own: then this is the one that isn't there. */}
          {host.place && (
            <button type="button" className="quiet" onClick={() => void useEmbedded()}>
              {says.useEmbedded}
            </button>
          )}
          <button type="button" className="quiet" onClick={() => choose(true)}>
            {says.chooseHub}
          </button>
        </p>
      )}
      <p role="alert" className="refused">
        {failed}
      </p>
      {native && choosing && (
        <Dialog title={says.chooseHub} titleHidden onClose={() => choose(false)}>
          <Suspense fallback={says.opening}>
            <ChooseHub native={native} />
          </Suspense>
        </Dialog>
      )}
    </div>
  );
}
