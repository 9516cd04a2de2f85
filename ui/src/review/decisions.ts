import { v7 as uuid } from "uuid";
import { type Api, ApiError, isPassing } from "../api/client";
import type { Action, Draft, Grade, Lease } from "../api/types";
import type { Keep } from "../kit/storage";
import { Outbox, type Pending } from "./outbox";
import type { Session } from "./session";
import type { Undo } from "./state";
import type { Texts } from "./texts";
import { afterUndoFailed, cameBack, othersName, refused, skipFailed } from "./words";

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
  session: Session;
  storage: Keep;
  subject: string;
  /** Whether somebody types or has a dialog open: then nothing may take the screen from them. */
  busy: () => boolean;
  /** Resolves when the next draft has had its frame: sending must not hold that up. */
  painted: () => Promise<void>;
  onDecided: () => void;
}

/** What a person does with the draft on screen. The next one is shown at once; the hub hears in the background. */
export class Decisions {
  private readonly outbox: Outbox;
  private sending: Promise<void> = Promise.resolve();

  constructor(private readonly deps: Deps) {
    const { api, storage, subject, session } = deps;
    this.outbox = new Outbox(api, storage, subject, (waiting) => session.patch({ waiting }));
  }

  /** Sends what an earlier window could not. */
  start() {
    for (const pending of this.outbox.left()) void this.send(pending);
  }

  /** The person goes: what waits is sent when they are here again. */
  end() {
    this.outbox.end();
  }

  /**
   * Decides on the draft on screen. `about` is the one that was read, where another may have come on screen since: then
   * nothing is decided. Answers whether it was.
   */
  decide(decision: Decision, about?: Draft): boolean {
    const { session, subject, painted } = this.deps;
    const now = this.onScreen();
    if (!now || (about && !isSame(now.draft, about))) return false;
    const { draft, lease } = now;
    const verdict_id = uuid();
    const pending: Pending = {
      draft_id: draft.id,
      workflow: draft.workflow,
      external_id: draft.external_id,
      by: subject,
      body: {
        verdict_id,
        lease_id: lease.id,
        fence: lease.fence,
        content_hash: draft.content_hash,
        seconds: session.watch.seconds(draft.id),
        ...decision,
      },
    };
    this.goOn(draft, {
      undo: {
        verdict_id,
        draft,
        action: decision.action,
        until: null,
        final_text: decision.final_text,
        grade: decision.grade,
      },
    });
    this.outbox.keep(pending);
    this.sending = painted().then(() => this.send(pending));
    return true;
  }

  skip() {
    const { api, session, onDecided } = this.deps;
    const now = this.onScreen();
    if (!now) return;
    this.goOn(now.draft);
    void api
      .release(now.lease.id, { skip: true })
      .catch((error) => session.notify(skipFailed(now.draft, error)))
      .finally(() => {
        this.comeBack(now.draft.id);
        onDecided();
      });
  }

  /**
   * Takes the last decision back. Its draft comes back on screen, leased, with what was typed; if whoever asked for it
   * has gone on to something else by the time the hub answers, it is the next draft, and that is said.
   */
  async undo() {
    const { api, session, texts, busy, onDecided } = this.deps;
    const { undo, shown } = session.state.get();
    if (!undo) return;
    await this.sending;
    // The hub may just have refused it: then there is nothing to take back.
    if (session.state.get().undo?.verdict_id !== undo.verdict_id) return;
    session.patch({ undo: null });
    try {
      const held = await api.withdraw(undo.verdict_id);
      if (undo.final_text !== undefined) texts.replace(held.draft, undo.final_text, undo.grade);
      this.comeBack(held.draft.id);
      const elsewhere = busy() || session.state.get().shown?.id !== shown?.id;
      if (!held.lease && !elsewhere) session.select(held.draft.id);
      else if (!held.lease || !session.comeBack({ lease: held.lease, draft: held.draft }, elsewhere))
        session.notify(cameBack(held.draft));
      onDecided();
    } catch (error) {
      // It can be asked for again, for as long as there is nothing newer to take back.
      if (isPassing(error) && !session.state.get().undo) session.patch({ undo });
      session.notify(afterUndoFailed(undo.draft, error));
    }
  }

  private onScreen(): { draft: Draft; lease: Lease } | null {
    const { shown } = this.deps.session.state.get();
    return shown?.draft && shown.lease ? { draft: shown.draft, lease: shown.lease } : null;
  }

  private goOn(draft: Draft, also: { undo?: Undo } = {}) {
    const { session } = this.deps;
    session.watch.forget(draft.id);
    void session.advance({ ...also, gone: new Set(session.state.get().gone).add(draft.id) });
  }

  private async send(pending: Pending) {
    const { session, texts, onDecided } = this.deps;
    const { draft_id, body } = pending;
    try {
      const answer = await this.outbox.send(pending);
      if (!answer) return;
      if (body.action === "edit") texts.forget(body.content_hash);
      this.changeUndo(body.verdict_id, (undo) => ({ ...undo, until: Date.parse(answer.undo_until) }));
    } catch (error) {
      this.changeUndo(body.verdict_id, () => null);
      this.comeBack(draft_id);
      if (error instanceof ApiError)
        session.notify(refused(pending, error, await this.holder(pending, error)));
    }
    onDecided();
  }

  /** Who has the draft now, where a decision came too late because somebody else does. */
  private async holder({ draft_id }: Pending, error: ApiError): Promise<string | null> {
    if (error.code !== "lease_lost") return null;
    const draft = await this.deps.api.draft(draft_id).catch(() => null);
    return othersName(draft?.held_by);
  }

  private changeUndo(verdictId: string, to: (undo: Undo) => Undo | null) {
    const { session } = this.deps;
    const { undo } = session.state.get();
    if (undo?.verdict_id === verdictId) session.patch({ undo: to(undo) });
  }

  private comeBack(id: string) {
    const { session } = this.deps;
    const gone = new Set(session.state.get().gone);
    if (gone.delete(id)) session.patch({ gone });
  }
}

/** The same draft with the same words. */
export function isSame(one: Draft, other: Draft): boolean {
  return one.id === other.id && one.content_hash === other.content_hash;
}
