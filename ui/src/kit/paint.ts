/** Runs once the frame that shows what was just committed has been painted: a task that follows it. */
export function afterPaint(run: () => void): () => void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    // An open port keeps itself, and what it would run, in memory.
    port1.close();
    run();
  };
  const frame = requestAnimationFrame(() => port2.postMessage(null));
  return () => {
    cancelAnimationFrame(frame);
    port1.close();
  };
}

/** A window that can't be seen paints nothing; what waits for it goes on all the same. */
const NO_PAINT_MS = 100;

export function nextPaint(): Promise<void> {
  return new Promise((resolve) => {
    afterPaint(resolve);
    setTimeout(resolve, NO_PAINT_MS);
  });
}
