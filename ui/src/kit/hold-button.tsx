import { type ReactNode, useEffect, useRef, useState } from "react";

const HOLD_MS = 1000;

interface Props {
  className: string;
  /** True: a plain press is enough. */
  at: boolean;
  onDone: () => void;
  children: ReactNode;
}

/**
 * A button that must be held, by mouse, Enter or Space, until it has filled up. A click that comes without a pointer,
 * from a screen reader or by voice, can't be held: it counts as one.
 */
export function HoldButton({ className, at, onDone, children }: Props) {
  const [holding, hold] = useState(false);
  const done = useRef(onDone);
  done.current = onDone;
  const end = () => hold(false);
  useEffect(() => {
    if (!holding) return;
    const timer = setTimeout(() => {
      hold(false);
      done.current();
    }, HOLD_MS);
    // Elsewhere nobody sees it fill up, and the release may not come here.
    const away = () => hold(false);
    addEventListener("blur", away);
    addEventListener("pointerup", away);
    return () => {
      clearTimeout(timer);
      removeEventListener("blur", away);
      removeEventListener("pointerup", away);
    };
  }, [holding]);
  const isPress = (key: string) => key === "Enter" || key === " ";
  const begin = () => (at ? done.current() : hold(true));
  return (
    <button
      type="button"
      className={holding ? `${className} holding` : className}
      onPointerDown={(event) => event.button === 0 && event.isPrimary && !at && hold(true)}
      onPointerUp={end}
      onPointerLeave={end}
      onPointerCancel={end}
      onContextMenu={end}
      onBlur={end}
      onClick={(event) => (at || event.detail === 0) && done.current()}
      onKeyDown={(event) => {
        if (!isPress(event.key)) return;
        event.preventDefault();
        if (!event.repeat) begin();
      }}
      onKeyUp={(event) => {
        if (!isPress(event.key)) return;
        // A key's own click would be taken for one without a pointer.
        event.preventDefault();
        end();
      }}
    >
      {children}
    </button>
  );
}
