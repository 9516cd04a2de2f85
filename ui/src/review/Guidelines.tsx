import { Key } from "../kit/keys";
import { Prose } from "../kit/prose/prose";
import { useWords } from "../words";
import { show, useDesk } from "./context";
import { useGuidelines } from "./data";

export function Guidelines({ workflow }: { workflow: string }) {
  const { view } = useDesk();
  const says = useWords().review;
  const { data, isError, refetch } = useGuidelines(workflow);
  return (
    <section className="guidelines" aria-label={says.guidelines}>
      <h2>
        {says.guidelines}
        <button type="button" className="plain-button" onClick={() => show(view, { panel: "sources" })}>
          {says.backToSources} <Key press="G" />
        </button>
      </h2>
      {data && <Prose text={data.guidelines} format="markdown" />}
      {isError && (
        <p className="calm">
          {says.noGuidelines}{" "}
          <button type="button" className="link-button" onClick={() => void refetch()}>
            {says.tryAgain}
          </button>
        </p>
      )}
    </section>
  );
}
