import { v7 as uuid } from "uuid";
import { type Api, ApiError } from "../api/client";
import type { Action, Draft, Grade, Held, HubEvent, Lease } from "../api/types";
import type { Notice } from "../kit/notices";
import { createStore, type Store } from "../kit/store";
import { Outbox, type Pending } from "./outbox";
import { Stopwatch } from "./stopwatch";
import type { Texts } from "./texts";
import { afterUndoFailed, refused, skipFailed } from "./words";

/** A row that is walked over with J or K isn't taken; one that is stayed on is. */
const TAKE_AFTER_MS = 150;
const RETRY_MS = 3_000;

/** What is on screen. Without a lease it can be read, not decided, and `why` says why. */
export interface Shown {
  id: string;
  draft: Draft | null;
  lease: Lease | null;
  why: string | null;
  paintedAt: number | null;
}

export interface Undo {
  verdict_id: string;
  draft: Draft;
  action: Action;
  /** By the hub's clock; null until the hub has answered. */
  until: number | null;
  final_text?: string;
}

export interface SessionState {
  shown: Shown | null;
  next: Held | null;
  /** The hub has nothing (more) for us. */
  empty: boolean;
  undo: Undo | null;
  /** Decisions that the hub hasn't answered yet. */
  waiting: number;
  /** Decided or skipped here: the queue leaves them out before the hub says so. */
  gone: ReadonlySet<string>;
  notices: Notice[];
}

export interface Decision {
  action: Action;
  final_text?: string;
  grade?: Grade;
  reasons?: string[];
  comment?: string;
}

interface Deps {
  api: Api;
  texts: Texts;
  storage: Storage;
  subject: string;
  /** Undefined: the hub chooses. Otherwise the ids of the list in view, best first. */
  candidates: () => string[] | undefined;
  workflows: () => string[] | undefined;
  onDecided: () => void;
  clock?: () => number;
}

export class Session {
  readonly state: Store<SessionState> = createStore<SessionState>({
    shown: null,
    next: null,
    empty: false,
    undo: null,
    waiting: 0,
    gone: new Set(),
    notices: [],
  });
  readonly watch: Stopwatch;
  readonly outbox: Outbox;
  /** Leases kept because something was typed there. */
  private readonly held = new Map<string, Held>();
  private readonly spans = new Map<string, number>();
  private fetching: Promise<void> | null = null;
  private sending: Promise<unknown> = Promise.resolve();
  private takeTimer: ReturnType<typeof setTimeout> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly clock: () => number;
  private lastInput: number;

  constructor(private readonly deps: Deps) {
    this.clock = deps.clock ?? (() => performance.now());
    this.watch = new Stopwatch(this.clock);
    this.lastInput = this.clock();
    this.outbox = new Outbox(deps.api, deps.storage, (waiting) => this.patch({ waiting }));
  }

  start() {
    for (const pending of this.outbox.leftBy(this.deps.subject)) void this.send(pending);
    void this.advance();
  }

  /** Shows the draft that was leased beforehand, in this frame; else asks for one. */
  async advance() {
    const { next } = this.state.get();
    if (next) {
      this.patch({ next: null });
      this.show(next);
      return;
    }
    this.watch.pause();
    this.patch({ shown: null });
    await this.prefetch();
    const { next: fetched, shown } = this.state.get();
    if (shown) return;
    if (fetched) {
      this.patch({ next: null });
      this.show(fetched);
    }
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
    if (next) return;
    const exclude = new Set([...gone, ...this.held.keys(), ...(shown ? [shown.id] : [])]);
    try {
      const held = await this.leaseFrom(exclude);
      if (held) this.spans.set(held.lease.id, this.until(held.lease) - this.deps.api.now());
      const taken = this.state.get().shown?.id;
      if (held && held.draft.id !== taken) this.patch({ next: held, empty: false });
      else this.patch({ empty: !this.state.get().shown });
    } catch (error) {
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) {
        this.patch({ empty: !this.state.get().shown });
      } else {
        this.retryTimer = setTimeout(() => void this.wake(), RETRY_MS);
      }
    }
  }

  private async leaseFrom(exclude: Set<string>): Promise<Held | undefined> {
    const { api, candidates, workflows } = this.deps;
    const list = candidates();
    // The hub takes so many exclusions and no more; the newest matter, older ones it knows by now.
    if (!list) return api.lease({ workflows: workflows(), exclude: [...exclude].slice(-50) });
    for (const draft_id of list.filter((id) => !exclude.has(id)).slice(0, 5)) {
      try {
        return await api.lease({ draft_id });
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 409)) throw error;
      }
    }
    return undefined;
  }

  private show({ lease, draft }: Held) {
    this.held.delete(draft.id);
    this.spans.set(lease.id, this.spans.get(lease.id) ?? this.until(lease) - this.deps.api.now());
    this.patch({ shown: { id: draft.id, draft, lease, why: null, paintedAt: null }, empty: false });
    void this.prefetch();
  }

  /** The screen calls this once the draft's pixels are there. */
  painted(id: string) {
    const { shown } = this.state.get();
    if (shown?.id !== id || shown.paintedAt !== null) return;
    this.patch({ shown: { ...shown, paintedAt: this.clock() } });
  }

  /** Shows a draft of the queue at once, to be read, and takes it when it is stayed on. */
  select(id: string) {
    const { shown, next } = this.state.get();
    if (shown?.id === id) return;
    this.leave();
    if (next?.draft.id === id) {
      this.patch({ next: null });
      this.show(next);
      return;
    }
    const held = this.held.get(id);
    if (held) {
      this.show(held);
      return;
    }
    this.patch({ shown: { id, draft: null, lease: null, why: null, paintedAt: null }, empty: false });
    void this.reread(id);
    this.takeTimer = setTimeout(() => void this.take(id), TAKE_AFTER_MS);
  }

  private leave() {
    clearTimeout(this.takeTimer);
    this.watch.pause();
    const { shown } = this.state.get();
    if (!shown?.draft || !shown.lease) return;
    if (this.deps.texts.of(shown.draft)) this.held.set(shown.id, { lease: shown.lease, draft: shown.draft });
    else this.release(shown.lease);
  }

  async reread(id: string) {
    try {
      const draft = await this.deps.api.draft(id);
      this.change(id, (shown) => (shown.lease ? shown : { ...shown, draft }));
    } catch (error) {
      this.change(id, (shown) => ({ ...shown, why: messageOf(error) }));
    }
  }

  /** Tries to lease the draft on screen; what was decided already stays to be read. */
  async take(id: string) {
    const { shown } = this.state.get();
    if (shown?.id !== id || shown.lease) return;
    if (shown.draft && shown.draft.state !== "staged" && shown.draft.state !== "in_review") return;
    try {
      const held = await this.deps.api.lease({ draft_id: id });
      if (!held) return;
      if (this.state.get().shown?.id !== id) {
        this.release(held.lease);
        return;
      }
      this.spans.set(held.lease.id, this.until(held.lease) - this.deps.api.now());
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
      this.change(id, (now) => ({ ...now, why: messageOf(error) }));
    }
  }

  decide(decision: Decision) {
    const { shown, gone } = this.state.get();
    if (!shown?.draft || !shown.lease) return;
    const { draft, lease } = shown;
    const verdict_id = uuid();
    const pending: Pending = {
      draft_id: draft.id,
      workflow: draft.workflow,
      external_id: draft.external_id,
      by: this.deps.subject,
      body: {
        verdict_id,
        lease_id: lease.id,
        fence: lease.fence,
        content_hash: draft.content_hash,
        seconds: this.watch.seconds(draft.id),
        ...decision,
      },
    };
    this.watch.forget(draft.id);
    this.patch({
      gone: new Set(gone).add(draft.id),
      undo: { verdict_id, draft, action: decision.action, until: null, final_text: decision.final_text },
    });
    void this.advance();
    this.sending = this.send(pending);
  }

  private async send(pending: Pending) {
    const { draft_id, body } = pending;
    try {
      const answer = await this.outbox.send(pending);
      if (body.action === "edit") this.deps.texts.forget(body.content_hash);
      this.patch({ undo: this.undoOf(body.verdict_id, { until: Date.parse(answer.undo_until) }) });
    } catch (error) {
      this.patch({ undo: this.undoOf(body.verdict_id, null) });
      this.comeBack(draft_id);
      if (error instanceof ApiError) this.notify(refused(pending, error));
    }
    this.deps.onDecided();
  }

  private undoOf(verdictId: string, change: Partial<Undo> | null): Undo | null {
    const { undo } = this.state.get();
    if (undo?.verdict_id !== verdictId) return undo;
    return change && { ...undo, ...change };
  }

  /** Takes the last decision back; its draft comes back on screen, leased. */
  async undo() {
    const { undo } = this.state.get();
    if (!undo) return;
    this.patch({ undo: null });
    await this.sending;
    try {
      const held = await this.deps.api.withdraw(undo.verdict_id);
      if (undo.final_text !== undefined) this.deps.texts.save(held.draft, undo.final_text);
      this.comeBack(held.draft.id);
      this.putAside();
      this.show(held);
      this.deps.onDecided();
    } catch (error) {
      this.notify(afterUndoFailed(undo.draft, error));
    }
  }

  /** The draft on screen becomes the next one again; what was leased as next goes back. */
  private putAside() {
    clearTimeout(this.takeTimer);
    this.watch.pause();
    const { shown, next } = this.state.get();
    if (!shown?.draft || !shown.lease) return;
    if (next) this.release(next.lease);
    this.patch({ next: { draft: shown.draft, lease: shown.lease } });
  }

  skip() {
    const { shown, gone } = this.state.get();
    if (!shown?.draft || !shown.lease) return;
    const { draft, lease } = shown;
    this.patch({ gone: new Set(gone).add(draft.id) });
    this.watch.forget(draft.id);
    void this.advance();
    void this.deps.api
      .release(lease.id, { skip: true })
      .catch((error) => this.notify(skipFailed(draft, error)))
      .finally(() => {
        this.comeBack(draft.id);
        this.deps.onDecided();
      });
  }

  private comeBack(id: string) {
    const gone = new Set(this.state.get().gone);
    if (gone.delete(id)) this.patch({ gone });
  }

  /** Any key or pointer: the person is there. */
  touch() {
    this.lastInput = this.clock();
    const { shown } = this.state.get();
    if (shown && !shown.lease && shown.why === LAPSED) {
      this.change(shown.id, (now) => ({ ...now, why: null }));
      void this.take(shown.id);
    }
  }

  /** Renews each lease that has a third of its time behind it, while the person is there. */
  renew() {
    const { shown, next } = this.state.get();
    const now = this.deps.api.now();
    const idle = this.clock() - this.lastInput;
    for (const lease of [shown?.lease, next?.lease, ...[...this.held.values()].map((held) => held.lease)]) {
      if (!lease) continue;
      const left = this.until(lease) - now;
      const span = this.spans.get(lease.id) ?? left;
      if (left <= 0) this.lose(lease, LAPSED);
      else if (left < (span * 2) / 3 && idle < span) void this.renewOne(lease);
    }
  }

  private async renewOne(lease: Lease) {
    try {
      const renewed = await this.deps.api.renew(lease.id);
      this.replace(lease.id, renewed);
    } catch (error) {
      if (error instanceof ApiError && error.status < 500 && error.status !== 429)
        this.lose(lease, messageOf(error));
    }
  }

  private replace(id: string, lease: Lease) {
    const { shown, next } = this.state.get();
    if (shown?.lease?.id === id) this.patch({ shown: { ...shown, lease } });
    if (next?.lease.id === id) this.patch({ next: { ...next, lease } });
    for (const held of this.held.values()) if (held.lease.id === id) held.lease = lease;
  }

  private lose(lease: Lease, why: string) {
    const { shown, next } = this.state.get();
    this.spans.delete(lease.id);
    if (shown?.lease?.id === lease.id) this.patch({ shown: { ...shown, lease: null, why } });
    if (next?.lease.id === lease.id) {
      this.patch({ next: null });
      if (why !== LAPSED) void this.prefetch();
    }
    for (const [id, held] of this.held) if (held.lease.id === lease.id) this.held.delete(id);
  }

  /** The hub said that something changed. */
  onEvent(event: HubEvent) {
    const { shown, next } = this.state.get();
    if (event.type === "workflow.killed") {
      if (next?.draft.workflow === event.workflow) this.patch({ next: null });
      for (const [id, held] of this.held) if (held.draft.workflow === event.workflow) this.held.delete(id);
      if (shown?.draft?.workflow === event.workflow && shown.lease) {
        this.patch({
          shown: { ...shown, lease: null, why: "This workflow was killed. Nothing can be decided." },
        });
      }
    }
    if (shown && !shown.lease && event.draft_id === shown.id) void this.reread(shown.id);
    if (shown && event.type === "workflow.resumed")
      void this.reread(shown.id).then(() => this.take(shown.id));
    if (!shown || !next) this.wakeSoon();
  }

  private wakeSoon() {
    clearTimeout(this.retryTimer);
    // Many reviewers hear of the same draft at once.
    this.retryTimer = setTimeout(() => void this.wake(), 200 + Math.random() * 800);
  }

  /** Looks again for something to review. */
  async wake() {
    if (this.state.get().shown) await this.prefetch();
    else await this.advance();
  }

  /** The list in view changed: what was leased for the old one goes back. */
  reorder() {
    const { next, shown } = this.state.get();
    if (next) {
      this.release(next.lease);
      this.patch({ next: null });
    }
    if (shown) void this.prefetch();
    else void this.advance();
  }

  /** The window goes: nobody shall wait for what we held. */
  stop() {
    this.deps.texts.flush();
    const { shown, next } = this.state.get();
    for (const lease of [shown?.lease, next?.lease, ...[...this.held.values()].map((held) => held.lease)]) {
      if (lease) void this.deps.api.release(lease.id, { leaving: true }).catch(() => {});
    }
  }

  notify(notice: Omit<Notice, "id">) {
    this.patch({ notices: [...this.state.get().notices.slice(-4), { ...notice, id: uuid() }] });
  }

  dismiss(id: string) {
    this.patch({ notices: this.state.get().notices.filter((notice) => notice.id !== id) });
  }

  private release(lease: Lease) {
    this.spans.delete(lease.id);
    // A lease that can't be given back runs out by itself.
    void this.deps.api.release(lease.id).catch(() => {});
  }

  private until(lease: Lease): number {
    return Date.parse(lease.expires_at);
  }

  private change(id: string, to: (shown: Shown) => Shown) {
    const { shown } = this.state.get();
    if (shown?.id === id) this.patch({ shown: to(shown) });
  }

  private patch(part: Partial<SessionState>) {
    this.state.set((now) => ({ ...now, ...part }));
  }
}

export const LAPSED = "You were away, so your hold on this draft ran out. It is taken again when you move.";

function messageOf(error: unknown): string {
  if (!(error instanceof ApiError))
    return "The hub can't be reached. This draft can't be decided until it is back.";
  return error.hint ? `${error.message} ${error.hint}` : error.message;
}
