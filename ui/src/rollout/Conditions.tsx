import type { Workflow } from "../api/types";
import { EXPIRED_AT } from "../shared/places";
import { sentence } from "../shared/words";
import { useWords } from "../words";
import { type Facts, labelOf, measuredOf, others } from "./gate";
import { StatusMark } from "./Status";

/** What the gate asks for beside the rates. */
export function Conditions({ facts, workflow }: { facts: Facts; workflow: Workflow }) {
  const says = useWords().gate;
  return (
    <section className={workflow.killed ? "conditions dull" : "conditions"}>
      <h2>{says.everythingElse}</h2>
      <table className="rollout-table" aria-label={says.everythingElse}>
        <thead className="unseen">
          <tr>
            <th>{says.condition}</th>
            <th>{says.measured}</th>
            <th>{says.standing}</th>
          </tr>
        </thead>
        <tbody>
          {others(facts.gate).map((one) => (
            <tr key={one.name} title={sentence(one.reason)}>
              <th scope="row">{labelOf(one, facts.gate.version)}</th>
              <td dir="auto">
                {measuredOf(one, facts)}
                {one.name === "unresolved" && one.status !== "pass" && facts.gate.summary.expired > 0 && (
                  <>
                    {" "}
                    <a href={EXPIRED_AT}>{says.judgeExpired}</a>
                  </>
                )}
              </td>
              <td>
                <StatusMark status={one.status} quiet={one.status === "pass"} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
