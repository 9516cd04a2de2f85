import type { Api } from "../../api/client";
import type { Disagreement, Me, Workflow } from "../../api/types";
import type { Host } from "../../host";
import { Key } from "../../kit/keys";
import { Inline } from "../../kit/prose/inline";
import { Prose } from "../../kit/prose/prose";
import { go } from "../../kit/route";
import { useStore } from "../../kit/store";
import { wholeMoment } from "../../shared/dates";
import { maySettle } from "../../shared/rights";
import { longSpan, reasonOf, ticketName } from "../../shared/words";
import { useWords } from "../../words";
import { Calm } from "../Calm";
import { useDraft, useStayed } from "../data";
import { Thread } from "../Texts";
import { useForm, useOne } from "./data";
import { EMPTY, isBlank, type Whose } from "./form";
import { Leftover } from "./Leftover";
import { Opinions } from "./Opinions";
import { threadShown } from "./rows";
import { Settled } from "./Settled";
import { SettleForm } from "./SettleForm";
import { useCommands } from "./useCommands";
import { Verbs } from "./Verbs";

interface Props {
  id: string;
  rows: Disagreement[];
  /** The list is there, so what isn't in it is elsewhere. */
  listed: boolean;
  host: Host;
  api: Api;
  me: Me;
  workflows: Workflow[];
  onClose: () => void;
  onSettled: (one: Disagreement) => void;
}

/** The disagreement that the address names, wherever it is by now. */
export function Open(props: Props) {
  const { disagreements: says, cases } = useWords();
  const { id, rows, listed, api, workflows } = props;
  const { one, query } = useOne(api, id, rows, listed);
  return (
    <main className="disagreements-main" aria-label={says.beside} data-testid="disagreement">
      {one ? (
        <Read {...props} one={one} workflow={workflows.find((workflow) => workflow.id === one.workflow)} />
      ) : query.isError ? (
        <Calm title={says.seekFailed} text={reasonOf(query.error)}>
          <button type="button" className="quiet" onClick={() => void query.refetch()}>
            {cases.retry}
          </button>
        </Calm>
      ) : one === null ? (
        <Calm title={says.gone} text={says.goneText} />
      ) : (
        <p className="cases-calm" role="status">
          {says.seeking}
        </p>
      )}
    </main>
  );
}

interface ReadProps extends Props {
  one: Disagreement;
  workflow: Workflow | undefined;
}

function Read({ one, workflow, host, api, me, onClose, onSettled }: ReadProps) {
  const { disagreements: says, cases } = useWords();
  const [form, keep] = useForm(host, me, one.id);
  const thread = useStore(threadShown);
  const draft = useDraft(api, one.draft_id, useStayed(one.id)).data;
  const open = one.state === "open";
  const may = open && maySettle(me, one.workflow);
  const take = (pick: Whose) => (may ? () => keep({ ...(form ?? EMPTY), pick, closed: false }) : null);
  const openDraft = () => go("review", one.draft_id);
  const toggle = () => threadShown.set((shown) => !shown);
  useCommands({
    first: take("first"),
    second: take("second"),
    own: take("own"),
    thread: toggle,
    draft: openDraft,
  });
  const typing = may && form !== null && !form.closed;
  return (
    <>
      <article className="cases-read disagreements-read" data-disagreement-id={one.id}>
        <header>
          <h2 dir="auto">
            <Inline text={one.subject || `${cases.columns.ticket} ${ticketName(one.external_id)}`} />
          </h2>
          <button type="button" className="quiet" onClick={openDraft}>
            {says.openDraft} <Key press="D" />
          </button>
          <button type="button" className="plain-button" onClick={onClose}>
            {cases.close} <Key press="Esc" />
          </button>
        </header>
        <p className="cases-sub">
          {draft?.customer && (
            <>
              <bdi>
                <Inline text={draft.customer} />
              </bdi>
              {" · "}
            </>
          )}
          <bdi>
            <Inline
              text={says.line(
                ticketName(one.external_id),
                draft?.revision ?? "",
                workflow?.name ?? one.workflow,
              )}
            />
          </bdi>
          {open && (
            <span title={wholeMoment(one.opened_at)}>
              {" · "}
              {says.since(longSpan(api.now() - Date.parse(one.opened_at)))}
            </span>
          )}
        </p>
        {one.settled && <Settled one={one} label={one.settled} api={api} workflow={workflow} />}
        <Opinions one={one} api={api} workflow={workflow} picked={typing ? form.pick : null} />
        <div className="disagreements-pair">
          {draft ? <Thread one={draft} open={thread} toggle={toggle} /> : <div />}
          <DraftText api={api} one={one} />
        </div>
      </article>
      {typing ? (
        <SettleForm
          key={one.id}
          one={one}
          draft={draft}
          form={form}
          keep={keep}
          api={api}
          workflow={workflow}
          onSettled={onSettled}
        />
      ) : (
        open && <Verbs may={may} kept={form !== null && !isBlank(form)} take={take} />
      )}
      {!open && form && !isBlank(form) && <Leftover form={form} discard={() => keep(null)} />}
    </>
  );
}

function DraftText({ api, one }: { api: Api; one: Disagreement }) {
  const { disagreements: says, cases } = useWords();
  const query = useDraft(api, one.draft_id, useStayed(one.id));
  return (
    <section className="cases-texts" aria-label={says.draft}>
      <h3>{says.draft}</h3>
      {query.data ? (
        <Prose text={query.data.draft.text} format="markdown" />
      ) : (
        <p className="cases-note" role="status">
          {query.isError ? `${says.draftFailed} ${reasonOf(query.error)} ` : says.draftFetching}
          {query.isError && (
            <button type="button" className="link-button" onClick={() => void query.refetch()}>
              {cases.retry}
            </button>
          )}
        </p>
      )}
    </section>
  );
}
