import { useWords } from "../words";
import "./frame.css";

interface Props {
  /** What it is that broke, as the rail calls it; the whole console without one. */
  screen?: string;
  error: unknown;
  again: () => void;
}

/** Stands in place of a screen that broke: what happened, what is kept, and the ways on. */
export function Broken({ screen, error, again }: Props) {
  const says = useWords().frame;
  return (
    <main className="opening" data-testid="broken">
      <div role="alert">
        <h1 className="opening-title">{says.broken(screen ?? "Countersign")}</h1>
        <p>{says.brokenKept}</p>
        <p className="broken-why">
          <code>{error instanceof Error ? error.message : String(error)}</code>
        </p>
        <p className="elsewhere-ways">
          <button type="button" className="primary" onClick={again}>
            {says.openAgain}
          </button>
          <button type="button" className="quiet" onClick={() => location.reload()}>
            {says.reload}
          </button>
        </p>
      </div>
    </main>
  );
}
