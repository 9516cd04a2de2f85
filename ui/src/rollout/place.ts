/** Which workflow the address names, and which of its incidents. */
export interface Place {
  workflow: string | null;
  incident: string | null;
}

/** "refunds", or "refunds/incidents/0192…" */
export function placeOf(id: string | null): Place {
  const [workflow = "", section, incident] = (id ?? "").split("/");
  if (section === "incidents" && incident) return { workflow, incident };
  return { workflow: id, incident: null };
}

/** Where an incident is in the console. */
export function incidentAt(workflow: string, incident: string): string {
  return `#/rollout/${encodeURIComponent(workflow)}/incidents/${encodeURIComponent(incident)}`;
}
