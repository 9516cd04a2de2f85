import { type ReactNode, useEffect, useRef, useState } from "react";

const HOLD_MS = 1000;

interface Props {
  className: string;
  /** True: a plain press is enough. */
  at: boolean;
  onDone: () => void;
  children: ReactNode;
}

/** A button that must be held, by mouse, Enter or Space, until it has filled up. */
export function HoldButton({ className, at, onDone, children }: Props) {
  const [holding, hold] = useState(false);
  const done = useRef(onDone);
  done.current = onDone;
  useEffect(() => {
    if (!holding) return;
    const timer = setTimeout(() => {
      hold(false);
      done.current();
    }, HOLD_MS);
    return () => clearTimeout(timer);
  }, [holding]);
  const isPress = (key: string) => key === "Enter" || key === " ";
  const begin = () => (at ? done.current() : hold(true));
  const end = () => hold(false);
  return (
    <button
      type="button"
      className={holding ? `${className} holding` : className}
      onPointerDown={begin}
      onPointerUp={end}
      onPointerLeave={end}
      onBlur={end}
      onKeyDown={(event) => {
        if (!isPress(event.key)) return;
        event.preventDefault();
        if (!event.repeat) begin();
      }}
      onKeyUp={(event) => isPress(event.key) && end()}
    >
      {children}
    </button>
  );
}
