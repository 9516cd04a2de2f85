import type { Gate } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { limit, percent } from "../shared/numbers";
import { useWords } from "../words";
import { loosenedOf, shortHash } from "./gate";

/** What is signed: the report's hash, and what it says. */
export function RestsOn({ gate }: { gate: Gate }) {
  const says = useWords().gate;
  return (
    <dl className="rests">
      <dt>{says.report}</dt>
      <dd>
        <code title={gate.hash}>{shortHash(gate.hash)}</code>
      </dd>
      <dt>{says.restsOn}</dt>
      <dd>{says.restsOnReviews(gate.summary.reviewed, gate.version)}</dd>
      {gate.rates.map((rate) => (
        <dd key={rate.name} dir="auto">
          <Inline
            text={says.boundOf(rate.name.replaceAll("_", " "), percent(rate.upper, 1), limit(rate.limit))}
          />
        </dd>
      ))}
      {gate.loosened.map((line) => (
        <dd key={line} className="hold" dir="auto">
          <Inline text={loosenedOf(line)} />
        </dd>
      ))}
      {gate.signed_by && (
        <>
          <dt>{says.firstSigner}</dt>
          <dd dir="auto">
            <Inline text={gate.signed_by} />
          </dd>
        </>
      )}
    </dl>
  );
}
