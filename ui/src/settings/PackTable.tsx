import { useQuery } from "@tanstack/react-query";
import type { Api } from "../api/client";
import type { Workflow } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { number } from "../shared/numbers";
import { useWords } from "../words";
import { partsOf } from "./pack";
import { Waiting } from "./State";

/** The settings in force, by section, under the names that workflow.toml gives them. */
export function PackTable({ api, workflow }: { api: Api; workflow: Workflow }) {
  const says = useWords().settings.packs;
  const query = useQuery({
    queryKey: ["workflow", workflow.id, workflow.version, workflow.revision],
    queryFn: () => api.workflow(workflow.id),
  });
  return (
    <section className="settings-part" aria-label={says.present(workflow.version)}>
      <h3>{says.present(workflow.version)}</h3>
      <Waiting query={query} />
      {query.data && (
        <table className="settings-table settings-pack">
          {partsOf(query.data.pack).map(({ name, settings }) => (
            <tbody key={name}>
              <tr>
                <th colSpan={2} scope="rowgroup">
                  <code>{name}</code>
                </th>
              </tr>
              {settings.map(({ key, value }) => (
                <tr key={key}>
                  <td>
                    <code>{key}</code>
                  </td>
                  <td dir="auto">
                    <Shown value={value} />
                  </td>
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      )}
    </section>
  );
}

function Shown({ value }: { value: unknown }) {
  const says = useWords().settings.packs;
  if (value === null || value === undefined) return <span className="settings-note">{says.unset}</span>;
  if (typeof value === "boolean") return value ? says.yes : says.no;
  if (typeof value === "number") return number(value);
  if (Array.isArray(value)) {
    return value.length > 0 ? (
      <Inline text={value.map(String).join(", ")} />
    ) : (
      <span className="settings-note">{says.empty}</span>
    );
  }
  return <Inline text={String(value)} />;
}
