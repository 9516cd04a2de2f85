import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Api } from "../api/client";
import type { Token, Workflow } from "../api/types";
import { Copy } from "../kit/copy";
import { shortMoment, wholeMoment } from "../shared/dates";
import { hasRoleEverywhere } from "../shared/rights";
import { named, reasonOf } from "../shared/words";
import { useWords } from "../words";
import { useAct } from "./act";
import { NewTokenDialog } from "./NewToken";
import { walkRows } from "./rows";
import type { SectionProps } from "./Settings";
import { Calm, Waiting } from "./State";

/** A secret that was just made: it stands here until somebody says that it is kept. */
export interface Made {
  name: string;
  token: string;
}

export function Access({ api, me }: SectionProps) {
  const says = useWords().settings.access;
  const may = hasRoleEverywhere(me, ["admin"]);
  const query = useQuery({ queryKey: ["tokens"], queryFn: api.tokens, enabled: may });
  const workflows = useQuery({ queryKey: ["workflows"], queryFn: api.workflows }).data ?? [];
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Made | null>(null);
  useAct("create", says.create, may && made === null, setMaking);
  if (!may) return <Calm>{says.barred}</Calm>;
  return (
    <>
      {made ? (
        <section className="settings-made" aria-label={says.madeTitle(made.name)} data-testid="made">
          <h3 dir="auto">{says.madeTitle(made.name)}</h3>
          <p>{says.once}</p>
          <p className="settings-secret">
            <code>{made.token}</code>
            <Copy text={made.token} />
          </p>
          <button type="button" className="quiet" onClick={() => setMade(null)}>
            {says.kept}
          </button>
        </section>
      ) : (
        <div className="settings-tools">
          <p className="settings-note">{says.lead}</p>
          <button type="button" className="quiet" onClick={() => setMaking(true)}>
            {says.create}
          </button>
        </div>
      )}
      <Waiting query={query} />
      {query.data?.length === 0 && <Calm>{says.none}</Calm>}
      {query.data && query.data.length > 0 && <Tokens api={api} tokens={query.data} workflows={workflows} />}
      {making && (
        <NewTokenDialog
          api={api}
          workflows={workflows}
          onMade={(one) => {
            setMade(one);
            setMaking(false);
            void query.refetch();
          }}
          onClose={() => setMaking(false)}
        />
      )}
    </>
  );
}

interface TokensProps {
  api: Api;
  tokens: Token[];
  workflows: Workflow[];
}

function Tokens({ api, tokens, workflows }: TokensProps) {
  const says = useWords().settings.access;
  const heads = [says.name, says.roles, says.routes, says.created, says.expires, says.state];
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys go from one row's button to the next one's
    <div className="settings-scroll" onKeyDown={walkRows}>
      <table className="settings-table" aria-label={says.table}>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head}>{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <TokenRow key={token.id} api={api} token={token} workflows={workflows} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TokenRow({ api, token, workflows }: { api: Api; token: Token; workflows: Workflow[] }) {
  const says = useWords().settings.access;
  const expired = token.expires_at != null && Date.parse(token.expires_at) <= api.now();
  const over = token.revoked_at != null || expired;
  const place = (id: string | null | undefined) =>
    id ? (workflows.find((workflow) => workflow.id === id)?.name ?? id) : says.everywhere;
  return (
    <tr className={over ? "over" : undefined}>
      <td>
        <bdi title={token.id}>{token.name}</bdi>
      </td>
      <td>
        {token.grants.map((grant, i) => (
          <p key={i}>{says.grant(named(says.role, grant.role), place(grant.workflow))}</p>
        ))}
      </td>
      <td>
        <bdi>{token.routes.join(", ")}</bdi>
      </td>
      <td title={wholeMoment(token.created_at)}>
        {says.byWhom(shortMoment(token.created_at), token.created_by)}
      </td>
      <td title={token.expires_at ? wholeMoment(token.expires_at) : undefined}>
        {token.expires_at ? shortMoment(token.expires_at) : says.never}
      </td>
      <td>
        {token.revoked_at ? (
          says.revoked(shortMoment(token.revoked_at))
        ) : expired ? (
          says.expired
        ) : (
          <Revoke api={api} token={token} />
        )}
      </td>
    </tr>
  );
}

/** The first press asks, the second acts; looking elsewhere takes the first one back. */
function Revoke({ api, token }: { api: Api; token: Token }) {
  const says = useWords().settings.access;
  const client = useQueryClient();
  const [sure, setSure] = useState(false);
  const [failed, setFailed] = useState("");
  const press = async () => {
    if (!sure) return setSure(true);
    setSure(false);
    try {
      await api.revokeToken(token.id);
      await client.invalidateQueries({ queryKey: ["tokens"] });
    } catch (error) {
      setFailed(says.revokeFailed(reasonOf(error)));
    }
  };
  return (
    <>
      <span className="settings-active">{says.active}</span>
      <button
        type="button"
        data-row
        className={sure ? "link-button fail" : "link-button"}
        aria-label={sure ? undefined : says.revokeOf(token.name)}
        onClick={() => void press()}
        onBlur={() => setSure(false)}
      >
        {sure ? says.sure : says.revoke}
      </button>
      <span role="status" className="fail">
        {failed}
      </span>
    </>
  );
}
