import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type Api, ApiError } from "../api/client";
import type { Entry, Workflow } from "../api/types";
import type { Host } from "../host";
import { useHubChanges } from "../shared/refresh";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { cursorAt, GROUPS, type Group, type LogRow, READS, rowsOf } from "./acts";
import { EntryDetail, entryCells } from "./Entry";
import { LogFilters, type Narrowed } from "./Filters";
import { Grid } from "./Grid";
import { Listing } from "./Listing";
import { usePaged } from "./pages";
import { Seal, verification } from "./Seal";

const PAGE = 100;
/** So many entries above a broken one are shown with it. */
const BEFORE = 8;
const SUGGESTED = 20;

interface Props {
  host: Host;
  api: Api;
  workflows: Workflow[];
  initial: URLSearchParams;
  section: "audit" | "access";
}

/** The log, or the part of it that says who read what. */
export function Log({ host, api, workflows, initial, section }: Props) {
  const says = useWords().activity;
  const reads = section === "access";
  const [narrowed, narrow] = useState<Narrowed>(() => ({
    workflow: initial.get("workflow") ?? "",
    act: initial.get("act") ?? "",
    actor: initial.get("actor") ?? "",
  }));
  const [from, startAt] = useState<number | null>(null);
  const [topAt, goTop] = useState(0);
  const [selected, select] = useState<string | null>(null);
  const [opened, open] = useState<string | null>(null);
  const filtered = narrowed.workflow !== "" || narrowed.act !== "" || narrowed.actor !== "";

  const act = actsOf(narrowed.act) || (reads ? READS.join(",") : "");
  const list = usePaged<Entry>({
    queryKey: ["audit", act, narrowed.workflow, narrowed.actor, from],
    start: from === null ? "" : cursorAt(from),
    keyOf,
    fetch: async (cursor) => {
      const { workflow, actor } = narrowed;
      const page = await api.audit({
        limit: PAGE,
        ...(cursor && { cursor }),
        ...(act && { act }),
        ...(workflow && { workflow }),
        ...(actor && { actor }),
      });
      return { rows: page.entries, next: page.next_cursor };
    },
  });
  useHubChanges(host, list.refresh);

  const brokenAt = useQuery({ ...verification(api), enabled: false }).data?.broken_at ?? null;
  const { rows: entries, query } = list;
  const rows = useMemo(
    () =>
      rowsOf(entries, brokenAt, !filtered && !reads, {
        newest: from === null,
        first: !query.hasNextPage,
      }),
    [entries, brokenAt, filtered, reads, from, query.hasNextPage],
  );

  const goToBroken = () => {
    if (brokenAt === null) return;
    if (!rows.some(({ broken }) => broken)) {
      narrow({ workflow: "", act: "", actor: "" });
      startAt(brokenAt + BEFORE);
    }
    select(String(brokenAt));
    open(null);
  };
  const show = (row: LogRow) => ({
    key: rowKey(row),
    cells: entryCells(row, says),
    tone: row.broken ? "broken" : undefined,
    ...(row.entry && { detail: detailOf(row.entry) }),
  });

  if (query.error instanceof ApiError && query.error.status === 403) {
    return <p className="activity-calm">{reasonOf(query.error)}</p>;
  }
  return (
    <>
      {reads ? (
        <p className="activity-lead">{says.accessHint}</p>
      ) : (
        <Seal host={host} api={api} onGoTo={goToBroken} onSigned={list.refresh} />
      )}
      <LogFilters
        workflows={workflows}
        acts={reads ? { reads: GROUPS.reads } : GROUPS}
        actors={[...new Set(entries.map(({ actor }) => actor))].slice(0, SUGGESTED)}
        narrowed={narrowed}
        onNarrow={(next) => {
          startAt(null);
          narrow(next);
        }}
      />
      <Listing
        query={query}
        onRetry={list.retry}
        failed={says.logFailed}
        empty={rows.length === 0 && (filtered ? says.noMatch : reads ? says.noReads : says.noEntries)}
        newer={list.newer}
        from={from === null ? null : says.fromEntry(from)}
        onNewest={() => {
          startAt(null);
          select(null);
          goTop((times) => times + 1);
        }}
      >
        <Grid
          label={reads ? says.accessList : says.auditList}
          className="log"
          columns={[says.number, says.when, says.who, says.act, says.what]}
          rows={rows}
          keyOf={rowKey}
          show={show}
          selected={selected}
          onSelect={select}
          opened={opened}
          onOpen={open}
          hasMore={query.hasNextPage}
          more={list.more}
          see={list.see}
          topAt={topAt}
        />
      </Listing>
    </>
  );
}

const keyOf = (entry: Entry) => String(entry.seq);
const rowKey = (row: LogRow) => String(row.seq);
const detailOf = (entry: Entry) => () => <EntryDetail entry={entry} />;

/** What the filter stands for: an act, or all those of a group. */
function actsOf(chosen: string): string {
  return chosen in GROUPS ? GROUPS[chosen as Group].join(",") : chosen;
}
