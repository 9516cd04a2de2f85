import type { Status } from "../api/types";
import { useWords } from "../words";

/** A shape for each, so that the colour isn't all there is: a tick, a half-filled ring, a cross. */
export function Shape({ status }: { status: Status }) {
  return (
    <svg className="shape" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      {status === "pass" && <path d="M2 6.5 4.8 9.2 10 3.4" />}
      {status === "hold" && (
        <>
          <circle cx="6" cy="6" r="4.2" />
          <path className="filled" d="M6 1.8a4.2 4.2 0 0 0 0 8.4z" />
        </>
      )}
      {status === "fail" && <path d="M2.8 2.8l6.4 6.4M9.2 2.8 2.8 9.2" />}
    </svg>
  );
}

interface Props {
  status: Status;
  /** Instead of the gate's word for it. */
  word?: string;
  /** Leaves the word to screen readers. */
  quiet?: boolean;
}

/** The shape and its word. */
export function StatusMark({ status, word, quiet = false }: Props) {
  const usual = useWords().gate.status[status];
  return (
    <span className={`status ${status}`}>
      <Shape status={status} />
      <span className={quiet ? "unseen" : undefined}>{word ?? usual}</span>
    </span>
  );
}
