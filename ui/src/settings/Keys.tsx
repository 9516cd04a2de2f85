import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Api } from "../api/client";
import { SCREENS } from "../frame/screens";
import { Copy } from "../kit/copy";
import { Key } from "../kit/keys";
import { hasRoleEverywhere } from "../shared/rights";
import { useWords } from "../words";
import type { SectionProps } from "./Settings";
import { Waiting } from "./State";

export function Keys({ api, me }: SectionProps) {
  const words = useWords();
  const says = words.settings.keys;
  const cases = words.cases.keys;
  const groups: [string, [string[], string][]][] = [
    [
      says.everywhere,
      SCREENS.map(({ id, press }): [string[], string] => [[press], says.goTo(words.frame[id])]),
    ],
    [
      says.lists,
      [
        [["J", "↓"], says.next],
        [["K", "↑"], says.previous],
        [["Enter"], says.open],
        [["Esc"], says.close],
        [["Home", "End"], says.ends],
        [["/"], says.search],
      ],
    ],
    [
      words.frame.cases,
      [
        [["O"], cases.draft],
        [["T"], cases.thread],
        [["C"], cases.clear],
        [["E"], cases.export],
      ],
    ],
    [
      words.frame.rollout,
      [
        [["J", "K"], says.otherWorkflow],
        [["←", "→"], says.otherDay],
        [["T"], says.asTable],
      ],
    ],
    [words.frame.activity, [[["R"], says.retryDelivery]]],
    [
      words.frame.settings,
      [
        [["J", "↓"], says.nextSection],
        [["K", "↑"], says.previousSection],
      ],
    ],
  ];
  return (
    <>
      <p className="settings-note">
        {says.pointerBefore}
        <Key press="?" />
        {says.pointerAfter}
      </p>
      <div className="settings-keys">
        {groups.map(([title, keys]) => (
          <table key={title} className="settings-table">
            <caption>{title}</caption>
            <thead className="unseen">
              <tr>
                <th>{says.key}</th>
                <th>{says.does}</th>
              </tr>
            </thead>
            <tbody>
              {keys.map(([presses, does]) => (
                <tr key={does}>
                  <td>
                    {presses.map((press) => (
                      <Key key={press} press={press} />
                    ))}
                  </td>
                  <td>{does}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ))}
      </div>
      <SigningKey api={api} may={hasRoleEverywhere(me, ["admin", "auditor"])} />
    </>
  );
}

/** The hub names its key when it has followed the log, which takes a while on a long one: so only when asked. */
function SigningKey({ api, may }: { api: Api; may: boolean }) {
  const says = useWords().settings.keys;
  const [asked, ask] = useState(false);
  const query = useQuery({
    queryKey: ["signing-key"],
    queryFn: api.verifyAudit,
    enabled: asked,
    staleTime: 0,
  });
  const { ok, entries, broken_at, why, public_key } = query.data ?? {};
  return (
    <section className="settings-part" aria-label={says.signing}>
      <h3>{says.signing}</h3>
      <p className="settings-note">{says.signingText}</p>
      {!may && <p>{says.barred}</p>}
      {may && !asked && (
        <button type="button" className="quiet" onClick={() => ask(true)}>
          {says.show}
        </button>
      )}
      {asked && query.isError && <Waiting query={query} />}
      {asked && !query.isError && (
        <p role="status" className={ok === false ? "fail" : undefined}>
          {query.data === undefined
            ? says.verifying
            : ok
              ? says.verified(entries ?? 0)
              : says.broken(broken_at ?? 0, why ?? "")}
        </p>
      )}
      {query.data &&
        (public_key ? (
          <p className="settings-secret">
            <code data-testid="signing-key">{public_key}</code>
            <Copy text={public_key} />
          </p>
        ) : (
          <p>{says.noKey}</p>
        ))}
    </section>
  );
}
