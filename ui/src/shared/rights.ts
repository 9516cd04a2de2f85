import type { Me } from "../api/types";

type Role = Me["grants"][number]["role"];

/** Whether somebody has one of these roles in a workflow; the owner of an embedded hub has every role. */
export function hasRole(me: Me, workflow: string, roles: readonly Role[]): boolean {
  const mine = me.grants.filter((grant) => grant.workflow == null || grant.workflow === workflow);
  return me.owner || mine.some(({ role }) => roles.includes(role));
}

export const mayKill = (me: Me, workflow: string) => hasRole(me, workflow, ["dri", "admin", "oncall"]);
export const mayResume = (me: Me, workflow: string) => hasRole(me, workflow, ["dri", "admin"]);
export const mayReadGate = (me: Me, workflow: string) =>
  hasRole(me, workflow, ["dri", "curator", "admin", "auditor"]);
/** Follow what happens: how fast the failure budget burns. */
export const mayWatch = (me: Me, workflow: string) =>
  hasRole(me, workflow, ["reviewer", "dri", "curator", "admin", "auditor", "oncall"]);
/** Settle what two reviewers differ on. */
export const maySettle = (me: Me, workflow: string) => hasRole(me, workflow, ["curator"]);
/** Sign a promotion: first or second is told apart by the pack's DRI. */
export const maySign = (me: Me, workflow: string) => hasRole(me, workflow, ["dri"]);
export const mayRollBack = (me: Me, workflow: string) => hasRole(me, workflow, ["dri", "admin"]);
export const mayDemote = (me: Me, workflow: string) => hasRole(me, workflow, ["dri", "admin"]);
/** Read incidents, kill drills and alerts. */
export const mayReadIncidents = (me: Me, workflow: string) =>
  hasRole(me, workflow, ["dri", "admin", "auditor", "oncall"]);
/** Read guidelines, packs, versions and history. */
export const mayReadPacks = (me: Me, workflow: string) =>
  hasRole(me, workflow, ["reviewer", "dri", "curator", "admin", "auditor"]);
/** Open incidents, work on them and close them. */
export const mayWorkOnIncidents = (me: Me, workflow: string) => hasRole(me, workflow, ["dri", "admin"]);
export const mayDrill = (me: Me, workflow: string) => hasRole(me, workflow, ["dri", "admin"]);

/** The same for what belongs to no workflow alone: tokens, the audit log, everybody's sources. */
export function hasRoleEverywhere(me: Me, roles: readonly Role[]): boolean {
  return me.owner || me.grants.some(({ role, workflow }) => workflow == null && roles.includes(role));
}
