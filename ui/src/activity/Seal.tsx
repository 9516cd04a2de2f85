import { queryOptions, skipToken, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Api, ApiError } from "../api/client";
import type { Checkpoint, Verified } from "../api/types";
import type { Host, Native } from "../host";
import { useOffer } from "../kit/offers";
import { useStore } from "../kit/store";
import { shortMoment, wholeMoment } from "../shared/dates";
import { reasonOf, sentence } from "../shared/words";
import { useWords } from "../words";

/** What the chain was found to be when it was last followed from its start; that is done once, and when asked. */
export function verification(api: Api) {
  return queryOptions({
    queryKey: ["audit-verified"],
    queryFn: api.verifyAudit,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
}

const SIGNED = ["audit-checkpoint"];

interface Props {
  host: Host;
  api: Api;
  onGoTo: () => void;
  onSigned: () => void;
}

/** Whether the log is as it was written, who signed for that, and the log as a file. */
export function Seal({ host, api, onGoTo, onSigned }: Props) {
  const says = useWords().activity;
  const client = useQueryClient();
  const query = useQuery(verification(api));
  const sign = useMutation({
    mutationFn: api.signCheckpoint,
    onSuccess: (checkpoint) => {
      client.setQueryData<Checkpoint>(SIGNED, checkpoint);
      onSigned();
    },
  });
  const save = useMutation({ mutationFn: () => host.save("/v1/audit/export", "audit.jsonl") });
  const broken = query.data?.broken_at != null && !query.isFetching;
  const { refetch } = query;
  const { mutate: signNow } = sign;
  const { mutate: saveNow } = save;
  useOffer(
    useMemo(
      () => [
        { id: "activity-verify", title: says.verify, run: () => void refetch() },
        ...(broken ? [] : [{ id: "activity-sign", title: says.checkpoint, run: () => signNow() }]),
        { id: "activity-save", title: says.save, run: () => saveNow() },
      ],
      [says, broken, refetch, signNow, saveNow],
    ),
  );
  return (
    <section className={broken ? "seal broken" : "seal"} aria-label={says.seal} title={says.sealHint}>
      <div className="seal-words">
        <State query={query} onGoTo={onGoTo} />
        {!query.isFetching && query.data && <Facts verified={query.data} />}
        <Signed verified={query.data} />
        {host.native && <KeptHere native={host.native} />}
        <p className="seal-said" role="status">
          {sign.isError && says.signFailed(reasonOf(sign.error))}
          {save.isPending && says.saving}
          {save.data && says.saved(save.data)}
          {save.isError && says.saveFailed(whyNotSaved(save.error))}
        </p>
      </div>
      <div className="seal-acts">
        <button
          type="button"
          className="quiet"
          disabled={query.isFetching}
          onClick={() => void query.refetch()}
        >
          {says.verify}
        </button>
        <button
          type="button"
          className="quiet"
          disabled={sign.isPending || broken}
          title={broken ? says.notOverBroken : undefined}
          onClick={() => sign.mutate()}
        >
          {sign.isPending ? says.signing : says.checkpoint}
        </button>
        <button
          type="button"
          className="quiet"
          title={says.saveHint}
          disabled={save.isPending}
          onClick={() => save.mutate()}
        >
          {says.save}
        </button>
      </div>
    </section>
  );
}

interface StateProps {
  query: {
    data: Verified | undefined;
    error: unknown;
    isError: boolean;
    isFetching: boolean;
    dataUpdatedAt: number;
  };
  onGoTo: () => void;
}

function State({ query, onGoTo }: StateProps) {
  const says = useWords().activity;
  const { data } = query;
  if (query.isFetching || (!data && !query.isError)) {
    return (
      <p className="seal-state" role="status">
        <b aria-hidden="true">◐</b> {says.checking}
      </p>
    );
  }
  if (query.isError || !data) {
    return (
      <p className="seal-state" role="alert">
        {says.checkFailed(reasonOf(query.error))}
      </p>
    );
  }
  if (data.broken_at == null) {
    const at = new Date(query.dataUpdatedAt).toISOString();
    return (
      <p className="seal-state ok" role="status">
        <b aria-hidden="true">✓</b> <strong>{says.intact}</strong>{" "}
        <span title={wholeMoment(at)}>{says.intactHint(data.entries, shortMoment(at))}</span>
      </p>
    );
  }
  return (
    <div role="alert">
      <p className="seal-state fail">
        <b aria-hidden="true">✕</b> <strong>{says.broken}</strong>{" "}
        {data.broken_at != null && says.brokenAt(data.broken_at)}
        {data.broken_at != null && (
          <button type="button" className="quiet" onClick={onGoTo}>
            {says.goTo}
          </button>
        )}
      </p>
      <p>
        {data.why && says.brokenWhy(sentence(data.why))} {says.brokenHint(data.entries)}
      </p>
      <p className="seal-todo">{says.brokenTodo}</p>
    </div>
  );
}

/** What the database holds, against what the log says of it. */
function Facts({ verified }: { verified: Verified }) {
  const says = useWords().activity;
  const { draws } = verified;
  const drawn = draws?.first_wrong;
  const parts = [
    { name: "rows" as const, found: verified.rows },
    { name: "bodies" as const, found: verified.bodies },
    { name: "counts" as const, found: verified.counts },
    {
      name: "draws" as const,
      found: draws && {
        ...draws,
        first_wrong: drawn && { kind: "draft", object: drawn.draft_id, why: drawn.why },
      },
    },
  ];
  const wrong = parts.filter(({ found }) => found && found.wrong > 0);
  const well = parts.flatMap(({ name, found }) =>
    found && found.wrong === 0 ? [says.holds[name](found.checked)] : [],
  );
  return (
    <>
      {wrong.map(({ name, found }) => (
        <p key={name} className="seal-state fail" role="alert">
          <b aria-hidden="true">✕</b> <strong>{says.differs[name](found?.wrong ?? 0)}</strong>{" "}
          {found?.first_wrong &&
            says.firstWrong(found.first_wrong.kind, found.first_wrong.object, found.first_wrong.why)}
        </p>
      ))}
      {wrong.length > 0 && <p className="seal-todo">{says.brokenTodo}</p>}
      {well.length > 0 && <p className="seal-signed">{says.alsoHolds(well)}</p>}
    </>
  );
}

/** The checkpoint that this desktop keeps, and whether the log still holds it. */
function KeptHere({ native }: { native: Native }) {
  const says = useWords().activity;
  const log = useStore(native.log);
  const believe = useMutation({ mutationFn: () => native.believeLog() });
  if (!log) return null;
  if (!log.why) {
    if (log.entries === null) return null;
    return <p className="seal-signed">{says.keptHere(log.entries)}</p>;
  }
  return (
    <div role="alert">
      <p className="seal-state fail">
        <b aria-hidden="true">✕</b> <strong>{says.lostHere(log.entries ?? 0)}</strong>
      </p>
      <p className="seal-todo">
        {says.lostTodo}{" "}
        <button type="button" className="quiet" disabled={believe.isPending} onClick={() => believe.mutate()}>
          {says.believe}
        </button>
      </p>
      {believe.isError && <p role="alert">{reasonOf(believe.error)}</p>}
    </div>
  );
}

/** The last checkpoint: the hub's, or the one that was signed here since. */
function Signed({ verified }: { verified: Verified | undefined }) {
  const says = useWords().activity;
  const mine = useQuery<Checkpoint>({
    queryKey: SIGNED,
    queryFn: skipToken,
    gcTime: Number.POSITIVE_INFINITY,
  }).data;
  const kept = verified?.checkpoint;
  const last = mine && kept ? (mine.seq >= kept.seq ? mine : kept) : (mine ?? kept);
  const key = last?.public_key ?? verified?.public_key;
  return (
    <p className="seal-signed">
      {last ? (
        <span title={wholeMoment(last.at)}>{says.signed(last.seq, shortMoment(last.at))}</span>
      ) : (
        verified && says.noCheckpoint
      )}
      {key && (
        <>
          {" · "}
          {says.key} <code title={key}>{key.slice(0, 16)}…</code>
        </>
      )}
    </p>
  );
}

/** The browser's host names the answer's status alone. */
function whyNotSaved(error: unknown): string {
  const status = error instanceof Error && /^\d{3}$/.test(error.message) ? Number(error.message) : 0;
  if (status === 0)
    return error instanceof Error && error.message ? sentence(error.message) : reasonOf(error);
  const code = status === 403 ? "forbidden" : status >= 500 ? "unavailable" : "invalid";
  return reasonOf(new ApiError(status, code, `the hub answered ${status}`));
}
