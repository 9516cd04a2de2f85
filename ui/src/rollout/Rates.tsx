import type { Gate, RateLine, Series, Workflow } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { dayName } from "../shared/dates";
import { limit, number, percent } from "../shared/numbers";
import { useWords } from "../words";
import { countsOf } from "./gate";
import { Interval } from "./Interval";
import { StatusMark } from "./Status";

interface Props {
  gate: Gate;
  series: Series[] | undefined;
  workflow: Workflow;
}

/** A row a rate: what it counts, where it is, its limit, and how it came there. */
export function Rates({ gate, series, workflow }: Props) {
  const says = useWords().gate;
  return (
    <table className="rollout-table rates" aria-label={says.rate}>
      <thead>
        <tr>
          <th>{says.rate}</th>
          <th>{says.estimate}</th>
          <th>{says.upper}</th>
          <th>{says.limit}</th>
          <th>{says.since(dayName(gate.stage_since))}</th>
          <th>
            <span className="unseen">{says.standing}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {gate.rates.map((rate) => (
          <Row
            key={rate.name}
            rate={rate}
            series={series?.find(({ name }) => name === rate.name)}
            reasons={workflow.reasons}
          />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  rate: RateLine;
  series: Series | undefined;
  reasons: Workflow["reasons"];
}

function Row({ rate, series, reasons }: RowProps) {
  const says = useWords().gate;
  const known = rate.estimate != null;
  const counts = countsOf(rate, reasons);
  return (
    <tr className={rate.status}>
      <th scope="row">
        <span dir="auto">
          <Inline text={rate.name.replaceAll("_", " ")} />
        </span>
        <span className="rollout-note" dir="auto" title={counts}>
          <Inline text={counts} />
        </span>
      </th>
      <td>{known ? percent(rate.estimate ?? 0, 1) : "–"}</td>
      <td>{known ? percent(rate.upper, 1) : "–"}</td>
      <td>{limit(rate.limit)}</td>
      <td>{series && <Interval series={series} status={rate.status} />}</td>
      <td>
        <StatusMark status={rate.status} />
        {rate.status === "hold" && known && (
          <span className="rollout-note">
            {rate.more_reviews != null ? says.more(rate.more_reviews) : says.never}
          </span>
        )}
        {rate.status === "fail" && (
          <span className="rollout-note" title={number(rate.lower)}>
            {says.atLeast(percent(rate.lower, 1))}
          </span>
        )}
      </td>
    </tr>
  );
}
