import { useQuery } from "@tanstack/react-query";
import type { Api } from "../api/client";
import { Dialog } from "../kit/dialog";
import { Inline } from "../kit/prose/inline";
import { Prose } from "../kit/prose/prose";
import { shortMoment } from "../shared/dates";
import { useWords } from "../words";
import { Waiting } from "./State";

interface Props {
  api: Api;
  id: string;
  workflow: string | null;
  onClose: () => void;
}

export function SourceDialog({ api, id, workflow, onClose }: Props) {
  const says = useWords().settings.sources;
  const common = useWords().shared;
  const query = useQuery({ queryKey: ["source", workflow, id], queryFn: () => api.source(id, workflow) });
  const source = query.data;
  return (
    <Dialog title={says.open} titleHidden wide onClose={onClose}>
      {source && (
        <h3 className="dialog-title" dir="auto">
          <Inline text={source.title} />
        </h3>
      )}
      <p className="dialog-lead">
        <code>
          <bdi>
            <Inline text={id} />
          </bdi>
        </code>
        {source && ` · ${source.access.join(", ") || says.noLabel} · ${shortMoment(source.updated_at)}`}
      </p>
      <Waiting query={query} />
      {source && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keys
        <section className="settings-source-text" tabIndex={0} aria-label={source.title} data-testid="source">
          <Prose text={source.text} format="markdown" />
        </section>
      )}
      <p className="dialog-hint">{says.read}</p>
      <div className="dialog-end">
        <button type="button" className="quiet" onClick={onClose}>
          {common.close}
        </button>
      </div>
    </Dialog>
  );
}
