import { CONTRACT } from "../api/client";
import { named } from "../shared/words";
import { useWords } from "../words";
import { Choice, useHubChoice } from "./HubChoice";
import type { SectionProps } from "./Settings";
import { Waiting } from "./State";

export function Connection({ host, me }: SectionProps) {
  const says = useWords().settings.connection;
  const native = host.native;
  const choice = useHubChoice(native);
  const { hub } = me;
  const place = choice.data ? (choice.data.url ?? says.here) : native ? "" : host.place;
  const facts = [
    [says.hub, place],
    [says.version, hub.version],
    [says.contract, says.contractValue(hub.contract, CONTRACT)],
    [says.engine, named(says.engines, hub.engine)],
    ...(choice.data ? [[says.desktop, choice.data.version]] : []),
  ];
  return (
    <>
      {hub.contract !== CONTRACT && (
        <p className="settings-warning" role="status">
          {(hub.contract > CONTRACT ? says.hubNewer : says.hubOlder)(hub.contract, CONTRACT)}
        </p>
      )}
      <dl className="settings-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      {native ? (
        <>
          <Waiting query={choice} />
          {choice.data && <Choice native={native} choice={choice.data} />}
        </>
      ) : (
        <p className="settings-note">{says.served}</p>
      )}
    </>
  );
}
