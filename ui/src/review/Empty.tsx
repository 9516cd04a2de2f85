import type { Workflow } from "../api/types";
import { longSpan, named } from "../shared/words";
import { useWords, type Words } from "../words";
import { command } from "./commands";
import { show, useDesk, useSession, useView } from "./context";
import { useMe, useWorkflows } from "./data";
import { FirstRun } from "./FirstRun";
import { NO_FILTERS } from "./filters";

/** What stands in the middle while there is no draft: why, and what to do next. */
export function Empty({ empty }: { empty: boolean }) {
  const desk = useDesk();
  const { view } = desk;
  const { review: says, frame } = useWords();
  const workflows = useWorkflows();
  const barred = useSession((state) => state.barred);
  const roles = useRoles();
  const filtered = useView((now) => now.filters !== NO_FILTERS);
  if (!workflows || !empty) return <Calm title={says.lookingForNext} />;
  if (workflows.length === 0) return <FirstRun />;
  if (barred) {
    return (
      <Calm title={says.readNotReview}>
        <p>{roles.length > 0 ? says.onlyReviewers(roles) : barred()}</p>
        <p>{says.readNotReviewHint}</p>
      </Calm>
    );
  }
  const killed = workflows.filter((workflow) => workflow.killed);
  if (killed.length === workflows.length) {
    return (
      <>
        <h1 className="unseen">{frame.review}</h1>
        <Killed workflows={killed} />
      </>
    );
  }
  if (filtered) {
    return (
      <Calm title={says.nothingHere}>
        <p>{says.nothingHereHint}</p>
        <button type="button" className="primary" onClick={() => show(view, { filters: NO_FILTERS })}>
          {says.wholeQueue}
        </button>
      </Calm>
    );
  }
  return (
    <>
      {killed.length > 0 && <Killed workflows={killed} />}
      <Calm title={says.caughtUp}>
        <p>{stillOut(says, workflows)}</p>
        <p>{says.caughtUpHint}</p>
        {workflows.some(({ killed, drafts }) => !killed && (drafts.expired ?? 0) > 0) && (
          <p>
            {says.expiredHint}{" "}
            <button type="button" className="link-button" onClick={() => command("judgeExpired").run(desk)}>
              {says.commands.judgeExpired}
            </button>
          </p>
        )}
      </Calm>
    </>
  );
}

/** What somebody is here, each role once. */
function useRoles(): string[] {
  const names = useWords().settings.access.role;
  return [...new Set(useMe().grants.map(({ role }) => named(names, role)))];
}

function stillOut(says: Words["review"], workflows: Workflow[]): string {
  const held = workflows.reduce((sum, workflow) => sum + (workflow.drafts.in_review ?? 0), 0);
  return held > 0 ? says.withOthers(held) : says.nothingWaiting;
}

function Calm({ title, children }: { title: string; children?: React.ReactNode }) {
  return (
    <div className="empty" data-testid="empty">
      <h1>{title}</h1>
      {children}
    </div>
  );
}

export function Killed({ workflows }: { workflows: Workflow[] }) {
  const { api } = useDesk();
  const says = useWords().review;
  return workflows.map((workflow) => (
    <section key={workflow.id} className="killed" aria-label={says.isKilled(workflow.name)}>
      <b>{says.isKilled(workflow.name)}</b>
      <span dir="auto">
        {says.killedBy(
          workflow.killed_by ?? "",
          longSpan(api.now() - Date.parse(workflow.killed_at ?? "")),
          workflow.killed_reason ?? "",
        )}
      </span>
      <span>{says.frozen(workflow.drafts.frozen ?? 0)}</span>
    </section>
  ));
}
