/** Adds up how long each draft has had a person's attention. At most one runs. */
export class Stopwatch {
  private readonly spent = new Map<string, number>();
  private running: { id: string; since: number } | null = null;

  constructor(private readonly now: () => number) {}

  run(id: string) {
    if (this.running?.id === id) return;
    this.pause();
    this.running = { id, since: this.now() };
  }

  pause() {
    if (!this.running) return;
    const { id, since } = this.running;
    this.running = null;
    this.spent.set(id, (this.spent.get(id) ?? 0) + this.now() - since);
  }

  /** To a tenth. */
  seconds(id: string): number {
    const open = this.running?.id === id ? this.now() - this.running.since : 0;
    return Math.round(((this.spent.get(id) ?? 0) + open) / 100) / 10;
  }

  forget(id: string) {
    if (this.running?.id === id) this.running = null;
    this.spent.delete(id);
  }
}
