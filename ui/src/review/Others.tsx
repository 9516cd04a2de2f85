import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Draft, Page } from "../api/types";
import { Key, useKeys } from "../kit/keys";
import { Inline } from "../kit/prose/inline";
import { reasonOf, ticketName } from "../shared/words";
import { useWords } from "../words";
import { show, useDesk, useView } from "./context";
import { DraftLine } from "./DraftLine";
import { isCommand } from "./guard";

/** What else the customer of this draft wrote, newest first. Opening one reads it; the draft that was left is kept. */
export function Others({ draft, onScreen }: { draft: Draft; onScreen: boolean }) {
  const { api, view, session } = useDesk();
  const says = useWords().review;
  const customer = draft.customer ?? "";
  const query = useInfiniteQuery({
    queryKey: ["customer", customer],
    queryFn: ({ pageParam }) =>
      api.rows({ customer, sort: "newest", limit: 50, ...(pageParam && { cursor: pageParam }) }),
    initialPageParam: "",
    getNextPageParam: (page: Page) => page.next_cursor,
    enabled: onScreen && customer !== "",
  });
  const rows = (query.data?.pages ?? []).flatMap((page) => page.drafts).filter(({ id }) => id !== draft.id);
  const list = useRef<HTMLUListElement>(null);
  const walk = useView((now) => onScreen && now.walk === draft.id) && rows.length > 0;
  useEffect(() => {
    if (!walk) return;
    list.current?.querySelector("button")?.focus();
    show(view, { walk: null });
  }, [walk, view]);
  useKeys({
    Escape: (event) => onScreen && isCommand(event) && show(view, { panel: "sources" }),
  });
  const step = (event: React.KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const buttons = [...(list.current?.querySelectorAll("button") ?? [])];
    buttons[buttons.indexOf(document.activeElement as HTMLButtonElement) + by]?.focus();
  };
  return (
    <section className="sources" aria-label={says.others}>
      <h2>
        {says.others}
        <button type="button" className="plain-button" onClick={() => show(view, { panel: "sources" })}>
          {says.backToSources} <Key press="U" />
        </button>
      </h2>
      <p className="calm">{customer ? <Inline text={customer} /> : says.noCustomer}</p>
      {query.isPending && onScreen && customer && <p className="calm">{says.looking}</p>}
      {query.isSuccess && rows.length === 0 && <p className="calm">{says.noOthers}</p>}
      {query.isError && (
        <p className="calm">
          {says.othersFailed(reasonOf(query.error))}{" "}
          <button type="button" className="link-button" onClick={() => void query.refetch()}>
            {says.tryAgain}
          </button>
        </p>
      )}
      <ul className="draft-lines" ref={list} onKeyDown={step}>
        {rows.map((row) => (
          <DraftLine
            key={row.id}
            row={row}
            detail={says.ticket(ticketName(row.external_id))}
            onOpen={() => session.read(row.id)}
          />
        ))}
      </ul>
      {query.hasNextPage && (
        <button type="button" className="link-button" onClick={() => void query.fetchNextPage()}>
          {says.moreOthers}
        </button>
      )}
    </section>
  );
}
