import type { NewToken, Role } from "../api/types";

export const ROLES: Role[] = ["reviewer", "dri", "curator", "admin", "auditor", "service", "oncall"];
export const EXPIRIES = ["never", "30", "90", "365"] as const;
export type Expiry = (typeof EXPIRIES)[number];

export interface Form {
  name: string;
  grants: { role: Role; workflow: string }[];
  routes: string;
  expiry: Expiry;
}

export const EMPTY: Form = {
  name: "",
  grants: [{ role: "reviewer", workflow: "" }],
  routes: "",
  expiry: "90",
};

const DAY_MS = 86_400_000;

/** The form as the hub takes it. */
export function requestOf(form: Form, now: number): NewToken {
  const routes = form.routes.split(",").map((route) => route.trim());
  const grants = new Map(form.grants.map((grant) => [`${grant.role} ${grant.workflow}`, grant]));
  return {
    name: form.name.trim(),
    grants: [...grants.values()].map(({ role, workflow }) => (workflow ? { role, workflow } : { role })),
    routes: [...new Set(routes)].filter(Boolean),
    ...(form.expiry !== "never" && {
      expires_at: new Date(now + Number(form.expiry) * DAY_MS).toISOString(),
    }),
  };
}
