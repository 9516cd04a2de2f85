import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { Api } from "../api/client";
import type { DiffOp } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { useWords } from "../words";
import { stretches } from "./pack";
import { Waiting } from "./State";

interface Props {
  api: Api;
  workflow: string;
  from: number;
  to: number;
}

/** What changed from one version to another: settings by key, texts line by line. */
export function Changes({ api, workflow, from, to }: Props) {
  const says = useWords().settings.packs;
  const query = useQuery({
    queryKey: ["pack-diff", workflow, from, to],
    queryFn: () => api.packDiff(workflow, from, to),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { settings = [], files = [] } = query.data ?? {};
  return (
    <section className="settings-part" aria-label={says.changes(from, to)} data-testid="changes">
      <h3>{says.changes(from, to)}</h3>
      <Waiting query={query} />
      {query.data && settings.length === 0 && (
        <p className="settings-note">{files.length === 0 ? says.same : says.noSettings}</p>
      )}
      {settings.length > 0 && (
        <table className="settings-table settings-changes">
          <thead>
            <tr>
              <th>{says.setting}</th>
              <th>{says.before}</th>
              <th>{says.after}</th>
            </tr>
          </thead>
          <tbody>
            {settings.map(({ key, before, after }) => (
              <tr key={key}>
                <td>
                  <code>{key}</code>
                </td>
                <td>
                  <Value text={before} gone />
                </td>
                <td>
                  <Value text={after} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {files.map(({ name, lines }) => (
        <Lines key={name} name={name} lines={lines} />
      ))}
    </section>
  );
}

function Value({ text, gone }: { text: string | null | undefined; gone?: boolean }) {
  const says = useWords().settings.packs;
  if (text == null) return <span className="settings-note">{says.unset}</span>;
  const words = <Inline text={text} />;
  return gone ? <del dir="auto">{words}</del> : <ins dir="auto">{words}</ins>;
}

const SIGNS = { equal: " ", delete: "−", insert: "+" };

function Lines({ name, lines }: { name: string; lines: DiffOp[] }) {
  const says = useWords().settings.packs;
  const parts = useMemo(() => stretches(lines), [lines]);
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const spoken = { equal: "", delete: says.removed, insert: says.added };
  return (
    <figure className="settings-lines">
      <figcaption>
        <code>{name}</code>
      </figcaption>
      {parts.map((part, i) =>
        part.folded && !open.has(i) ? (
          <button
            key={i}
            type="button"
            className="settings-fold"
            aria-expanded={false}
            onClick={() => setOpen(new Set([...open, i]))}
          >
            {says.unchanged(part.lines.length)}
          </button>
        ) : (
          part.lines.map(({ tag, text }, line) => (
            <p key={`${i}-${line}`} className={`settings-line ${tag}`}>
              <span aria-hidden="true">{SIGNS[tag]}</span>
              {tag !== "equal" && <span className="unseen">{spoken[tag]}</span>}
              <span dir="auto">
                <Inline text={text} />
              </span>
            </p>
          ))
        ),
      )}
    </figure>
  );
}
