import { useEffect, useState } from "react";

/** Renders again every `ms`, for things that run down. */
export function useTick(ms: number, on = true): void {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => tick((n) => n + 1), ms);
    return () => clearInterval(timer);
  }, [ms, on]);
}
