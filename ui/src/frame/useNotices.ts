import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Api } from "../api/client";
import type { Alert, Escalation, HubEvent, Me } from "../api/types";
import type { Host, Native } from "../host";
import { firingOf } from "../shared/alerts";
import { HUB, stageName, ticketName } from "../shared/words";
import { useWords } from "../words";
import { newcomers } from "./newcomers";

/** Who may know of alerts, each in the workflows that the role was given for. */
const ALERTED = ["dri", "admin", "auditor", "oncall"];
/** The alerts that nothing else tells of. */
const TOLD = ["budget", "confirmation"];

/** Says what may not wait until somebody looks: a kill, a move, a burning budget, and an escalation to me. */
export function useNotices(host: Host, api: Api, native: Native, me: Me) {
  const words = useWords().desktop;
  const client = useQueryClient();
  const said = useRef(words);
  said.current = words;
  const alerted = me.owner || me.grants.some(({ role }) => ALERTED.includes(role));
  useEffect(() => {
    const escalations = newcomers<Escalation>(
      () => client.fetchQuery({ queryKey: ["escalations"], queryFn: api.escalations, staleTime: 0 }),
      (one) => {
        const body = one.comment ?? one.reasons.join(", ");
        void native.notify(said.current.escalated(ticketName(one.external_id)), body);
      },
    );
    const alerts = newcomers<Alert>(
      async () => (alerted ? (await api.firing()).filter(({ kind }) => TOLD.includes(kind)) : []),
      async (one) => {
        const { name } = await api.workflow(one.workflow);
        const title = one.kind === "budget" ? said.current.burns(name) : said.current.unconfirmed(name);
        void native.notify(title, firingOf(one));
      },
    );
    const killed = async (id: string) => {
      const { name, killed_by, killed_reason } = await api.workflow(id);
      void native.notify(
        said.current.killed(name),
        said.current.byWhom(killed_by ?? "", killed_reason ?? ""),
      );
    };
    /** A person who sends a workflow back knows; what the hub does by itself, and every promotion, is news. */
    const moved = async (id: string, kind: "promoted" | "demoted") => {
      const last = (await api.history(id, 1)).transitions.find((one) => one.kind === kind);
      if (!last || (kind === "demoted" && last.actor !== HUB)) return;
      const { name } = await api.workflow(id);
      const title = said.current[kind](name, stageName(last.to_stage));
      void native.notify(
        title,
        kind === "demoted" ? last.reason : said.current.byWhom(last.actor, last.reason),
      );
    };
    const told = ({ type, workflow }: HubEvent): Promise<void> | undefined => {
      if (type === "escalation.updated") return escalations();
      if (type === "budget.alert") return alerts();
      if (type === "workflow.killed") return killed(workflow);
      if (type === "workflow.promoted") return moved(workflow, "promoted");
      if (type === "workflow.demoted") return moved(workflow, "demoted");
    };
    const quietly = (work: Promise<void> | undefined) => void work?.catch(() => {});
    quietly(escalations());
    quietly(alerts());
    return host.events((event) => {
      if (event !== "reconnected") return quietly(told(event));
      quietly(escalations());
      quietly(alerts());
    });
  }, [host, api, native, client, alerted]);
}
