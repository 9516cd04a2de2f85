import { Key } from "../kit/keys";
import { Prose } from "../kit/prose/prose";
import { show, useDesk } from "./context";
import { useGuidelines } from "./data";

export function Guidelines({ workflow }: { workflow: string }) {
  const { view } = useDesk();
  const { data, isError, refetch } = useGuidelines(workflow);
  return (
    <section className="guidelines" aria-label="Guidelines">
      <h2>
        Guidelines
        <button type="button" className="plain-button" onClick={() => show(view, { panel: "sources" })}>
          back to sources <Key press="G" />
        </button>
      </h2>
      {data && <Prose text={data.guidelines} format="markdown" />}
      {isError && (
        <p className="calm">
          The guidelines could not be fetched.{" "}
          <button type="button" className="link-button" onClick={() => void refetch()}>
            try again
          </button>
        </p>
      )}
    </section>
  );
}
