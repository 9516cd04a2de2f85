import { v7 as uuid } from "uuid";
import { type Api, ApiError, isPassing } from "../api/client";
import type { Held, HubEvent, Lease } from "../api/types";
import type { Notice } from "../kit/notices";
import { createStore } from "../kit/store";
import { Leases } from "./leases";
import { isJudgeable, isOpen } from "./rows";
import { NOTHING_YET, type SessionState, type Shown, shownAs } from "./state";
import { Stopwatch } from "./stopwatch";
import type { Texts } from "./texts";
import { KILLED, LAPSED, READING, type Why, whyBarred, whyReadOnly } from "./words";

/** A row that is walked over with J or K isn't taken; one that is stayed on is. */
const TAKE_AFTER_MS = 150;
const RETRY_MS = 3_000;
const MAX_NOTICES = 5;

export interface SessionDeps {
  api: Api;
  texts: Texts;
  /** Undefined: the hub chooses. Otherwise the ids of the list in view, best first. */
  candidates: () => string[] | undefined;
  workflows: () => string[] | undefined;
  /** Whether what expired undecided is judged now. */
  expired?: () => boolean;
  clock: () => number;
}

/** Which draft is on screen, which comes next, and the leases on both. */
export class Session {
  readonly state = createStore(NOTHING_YET);
  /** As of the last draft painted: what may follow a frame later reads this, and leaves the frame to the draft. */
  readonly settled = createStore(NOTHING_YET);
  readonly watch: Stopwatch;
  private readonly leases: Leases;
  /** Kept because something was typed there, or to come back to. */
  private readonly held = new Map<string, Held>();
  private fetching: Promise<void> | null = null;
  private takeTimer: ReturnType<typeof setTimeout> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private lastInput: number;

  constructor(private readonly deps: SessionDeps) {
    this.watch = new Stopwatch(deps.clock);
    this.leases = new Leases(deps.api);
    this.lastInput = deps.clock();
    this.state.subscribe(() => {
      const now = this.state.get();
      if (!now.shown?.draft || now.shown.paintedAt !== null) this.settled.set(now);
    });
  }

  /** Shows the draft that was leased beforehand, in this frame; else asks for one. `also` changes in the same step. */
  async advance(also: Partial<SessionState> = {}) {
    const { next } = this.state.get();
    if (next) {
      this.show(next, { ...also, next: null });
      return;
    }
    this.watch.pause();
    this.patch({ ...also, shown: null });
    await this.prefetch();
    const now = this.state.get();
    if (now.next && !now.shown) this.show(now.next, { next: null });
  }

  /** Leases the draft after the one on screen. */
  prefetch(): Promise<void> {
    this.fetching ??= this.leaseNext().finally(() => {
      this.fetching = null;
    });
    return this.fetching;
  }

  private async leaseNext() {
    clearTimeout(this.retryTimer);
    const { shown, gone, next } = this.state.get();
    if (next || !this.leases.open) return;
    try {
      const taken = [...gone, ...this.held.keys(), ...(shown ? [shown.id] : [])];
      const { candidates, workflows, expired } = this.deps;
      const held = await this.leases.next(new Set(taken), candidates(), workflows(), expired?.());
      if (held && !this.leases.open) this.leases.release(held.lease);
      if (!this.leases.open) return;
      const now = this.state.get();
      // A draft that came back meanwhile is the next one.
      if (now.next) {
        if (held && held.draft.id !== now.next.draft.id) this.leases.release(held.lease);
        return;
      }
      const again = held && (held.draft.id === now.shown?.id || now.gone.has(held.draft.id));
      if (held && !again) this.patch({ next: held, empty: false, barred: null });
      else this.patch({ empty: !now.shown, barred: null });
    } catch (error) {
      if (!this.leases.open) return;
      if (isPassing(error)) this.retryTimer = setTimeout(() => void this.wake(), RETRY_MS);
      else this.patch({ empty: !this.state.get().shown, barred: whyBarred(error) });
    }
  }

  show({ lease, draft }: Held, also: Partial<SessionState> = {}) {
    clearTimeout(this.takeTimer);
    this.giveUpBack(draft.id);
    this.held.delete(draft.id);
    this.patch({ back: null, ...also, shown: shownAs(draft.id, { draft, lease }), empty: false });
  }

  /** The screen calls this once the draft's pixels are there; only then is there time for the one after it. */
  painted(id: string) {
    this.change(id, (shown) =>
      shown.paintedAt === null ? { ...shown, paintedAt: this.deps.clock() } : shown,
    );
    void this.prefetch();
  }

  /** Shows a draft of the queue at once, to be read, and takes it when it is stayed on. */
  select(id: string) {
    const { shown, next } = this.state.get();
    if (shown?.id === id) return;
    this.leave();
    const held = next?.draft.id === id ? next : this.held.get(id);
    if (held) {
      this.show(held, held === next ? { next: null } : {});
      return;
    }
    this.giveUpBack(id);
    this.patch({ shown: shownAs(id), back: null, empty: false });
    void this.reread(id);
    this.takeTimer = setTimeout(() => void this.take(id), TAKE_AFTER_MS);
  }

  /** Shows a draft to be read, and keeps the one that was left for coming back to. */
  read(id: string) {
    const { shown } = this.state.get();
    if (shown?.id === id) return;
    clearTimeout(this.takeTimer);
    this.watch.pause();
    if (shown?.draft && shown.lease) this.held.set(shown.id, { lease: shown.lease, draft: shown.draft });
    const back = shown?.lease ? shown.id : (this.state.get().back ?? shown?.id ?? null);
    this.patch({ shown: shownAs(id, { why: READING }), back, empty: false });
    void this.reread(id);
  }

  /** Whoever goes on elsewhere than back gives back what was kept for that. */
  private giveUpBack(goingTo: string) {
    const { back } = this.state.get();
    const held = back !== null && back !== goingTo ? this.held.get(back) : undefined;
    if (!held || this.deps.texts.of(held.draft)) return;
    this.held.delete(held.draft.id);
    this.leases.release(held.lease);
  }

  private leave() {
    clearTimeout(this.takeTimer);
    this.watch.pause();
    const { shown } = this.state.get();
    if (!shown?.draft || !shown.lease) return;
    if (this.deps.texts.of(shown.draft)) this.held.set(shown.id, { lease: shown.lease, draft: shown.draft });
    else this.leases.release(shown.lease);
  }

  async reread(id: string) {
    try {
      const draft = await this.deps.api.draft(id);
      // Once it is decided, nothing more has to be said of who held it.
      this.change(id, (shown) =>
        shown.lease ? shown : { ...shown, draft, why: isOpen(draft) ? shown.why : null },
      );
    } catch (error) {
      this.change(id, (shown) => ({ ...shown, why: whyReadOnly(error) }));
    }
  }

  /** Somebody did something with the draft that is read here: it may have come free. */
  private async lookAgain(id: string) {
    await this.reread(id);
    const { shown } = this.state.get();
    if (shown?.id === id && shown.why !== READING && !shown.draft?.held_by) await this.take(id);
  }

  /** Leases the draft on screen; what was decided already stays to be read, and what expired until somebody asks. */
  async take(id: string, asked = false) {
    const { shown } = this.state.get();
    if (!this.leases.open || shown?.id !== id || shown.lease) return;
    const expired = asked || this.deps.expired?.() === true;
    const mayTake = expired ? isJudgeable : isOpen;
    if (shown.draft && !mayTake(shown.draft)) return;
    try {
      const held = await this.leases.take(id, expired);
      if (!held) return;
      if (!this.leases.open || this.state.get().shown?.id !== id) {
        this.leases.release(held.lease);
        return;
      }
      // The reader has this very text before their eyes, unless it changed meanwhile.
      this.change(id, (now) => ({
        ...now,
        draft: held.draft,
        lease: held.lease,
        why: null,
        paintedAt: now.draft?.content_hash === held.draft.content_hash ? now.paintedAt : null,
      }));
      void this.prefetch();
    } catch (error) {
      this.change(id, (now) => ({ ...now, why: whyReadOnly(error) }));
      if (error instanceof ApiError && error.status === 409) void this.reread(id);
    }
  }

  /**
   * A draft that came back. It takes the screen from the one that is there, which becomes the next again; where somebody
   * is busy with that one, it is the next itself. Answers whether it is on screen.
   */
  comeBack(held: Held, busy: boolean): boolean {
    this.leases.granted(held.lease);
    const { shown, next } = this.state.get();
    if (!this.leases.open) {
      this.leases.release(held.lease);
      return false;
    }
    if (busy && shown) {
      if (next) this.leases.release(next.lease);
      this.patch({ next: held });
      return false;
    }
    this.watch.pause();
    if (shown?.draft && shown.lease) {
      if (next) this.leases.release(next.lease);
      this.patch({ next: { draft: shown.draft, lease: shown.lease } });
    }
    this.show(held);
    return true;
  }

  /** Any key or pointer: the person is there. */
  touch() {
    this.lastInput = this.deps.clock();
    const { shown } = this.state.get();
    if (shown?.why !== LAPSED) return;
    this.patch({ shown: { ...shown, why: null } });
    void this.take(shown.id);
  }

  /** Called every few seconds: renews what is due, and drops what ran out. */
  renew() {
    const idleMs = this.deps.clock() - this.lastInput;
    for (const lease of this.leased()) {
      if (this.leases.leftMs(lease) <= 0) this.lose(lease, LAPSED);
      else if (this.leases.isDue(lease, idleMs)) void this.renewOne(lease);
    }
  }

  private leased(): Lease[] {
    const { shown, next } = this.state.get();
    const all = [shown?.lease, next?.lease, ...[...this.held.values()].map((held) => held.lease)];
    return all.filter((lease) => lease != null);
  }

  private async renewOne(lease: Lease) {
    try {
      const renewed = await this.deps.api.renew(lease.id);
      const { shown, next } = this.state.get();
      if (shown?.lease?.id === lease.id) this.patch({ shown: { ...shown, lease: renewed } });
      if (next?.lease.id === lease.id) this.patch({ next: { ...next, lease: renewed } });
      for (const held of this.held.values()) if (held.lease.id === lease.id) held.lease = renewed;
    } catch (error) {
      // Whoever is there takes it again at once, or hears who has it.
      if (!isPassing(error)) this.lose(lease, LAPSED);
    }
  }

  private lose(lease: Lease, why: Why) {
    const { shown, next } = this.state.get();
    this.leases.forget(lease);
    if (shown?.lease?.id === lease.id) this.patch({ shown: { ...shown, lease: null, why } });
    if (next?.lease.id === lease.id) this.patch({ next: null });
    for (const [id, held] of this.held) if (held.lease.id === lease.id) this.held.delete(id);
  }

  /** The hub said that something changed. */
  onEvent(event: HubEvent) {
    const { shown } = this.state.get();
    if (event.type === "workflow.killed") this.voidLeases(event.workflow);
    const about = event.type === "workflow.resumed" || event.draft_id === shown?.id;
    if (shown && !shown.lease && about) void this.lookAgain(shown.id);
    if (!this.leases.open || (shown && this.state.get().next)) return;
    clearTimeout(this.retryTimer);
    // Many reviewers hear of the same draft at once.
    this.retryTimer = setTimeout(() => void this.wake(), 200 + Math.random() * 800);
  }

  private voidLeases(workflow: string) {
    const { shown, next } = this.state.get();
    if (next?.draft.workflow === workflow) this.patch({ next: null });
    for (const [id, held] of this.held) if (held.draft.workflow === workflow) this.held.delete(id);
    if (shown?.draft?.workflow !== workflow) return;
    this.patch({ shown: { ...shown, lease: null, why: KILLED } });
    void this.reread(shown.id);
  }

  /** Looks again for something to review. */
  async wake() {
    if (this.state.get().shown) await this.prefetch();
    else await this.advance();
  }

  /** The list in view changed: what was leased from the old one goes back. */
  reorder() {
    const { next } = this.state.get();
    if (next) this.leases.release(next.lease);
    this.patch({ next: null });
    void this.wake();
  }

  /** The screen is there: on the draft that was asked for, the one that was left here, or whatever comes next. */
  start(id?: string) {
    this.leases.open = true;
    this.lastInput = this.deps.clock();
    const { shown } = this.state.get();
    if (id && id !== shown?.id) this.select(id);
    else if (!shown) void this.advance();
    else if (shown.why !== READING && shown.draft && isOpen(shown.draft)) void this.take(shown.id);
    else void this.lookAgain(shown.id);
  }

  /** The screen or its window goes: nobody shall wait for what we held. What is shown stays, to be leased anew. */
  stop() {
    this.leases.open = false;
    clearTimeout(this.takeTimer);
    clearTimeout(this.retryTimer);
    this.watch.pause();
    this.deps.texts.flush();
    for (const lease of this.leased()) this.leases.release(lease, true);
    this.held.clear();
    const { shown } = this.state.get();
    const why = shown?.why === READING ? READING : null;
    this.patch({ next: null, shown: shown && { ...shown, lease: null, why, paintedAt: null } });
  }

  notify(notice: Omit<Notice, "id">) {
    this.patch({ notices: [...this.state.get().notices, { ...notice, id: uuid() }].slice(-MAX_NOTICES) });
  }

  dismiss(id: string) {
    this.patch({ notices: this.state.get().notices.filter((notice) => notice.id !== id) });
  }

  private change(id: string, to: (shown: Shown) => Shown) {
    this.state.set((now) => (now.shown?.id === id ? { ...now, shown: to(now.shown) } : now));
  }

  patch(part: Partial<SessionState>) {
    this.state.set((now) => ({ ...now, ...part }));
  }
}
