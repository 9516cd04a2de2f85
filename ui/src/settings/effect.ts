import type { Applied, PackCheck } from "../api/types";
import { stageName } from "../shared/words";
import { words } from "../words";

/** What applying a pack would do to the evidence, in a sentence. */
export function effectOf(check: PackCheck): string {
  const says = words().settings.apply.effects;
  const { change, version, revision, reviewed, reviewed_now, from_version, stage } = check;
  const until = check.reviews_all ? ` ${says.reviewsAll(stageName(stage))}` : "";
  if (change === "new_workflow") return says.newWorkflow;
  if (change === "new_version") return says.newVersion(version, from_version ?? 0, reviewed_now) + until;
  if (change === "new_revision") return says.newRevision(version, revision, reviewed);
  if (change === "earlier_version") return says.earlierVersion(version, reviewed) + until;
  if (change === "earlier_revision") return says.earlierRevision(version, revision, reviewed);
  return says.unchanged(version);
}

/** What became of it. */
export function appliedOf({ workflow, version, revision, change }: Applied): string {
  const says = words().settings.apply;
  if (change === "unchanged") return says.same(workflow, version);
  if (change === "earlier_version") return says.returned(workflow, version);
  if (change === "new_revision" || change === "earlier_revision")
    return says.revised(workflow, version, revision);
  return says.created(workflow, version);
}
