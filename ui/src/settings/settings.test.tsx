import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test, vi } from "vitest";
import { type Api, ApiError, CONTRACT } from "../api/client";
import type { Me } from "../api/types";
import type { Host, HubChoice } from "../host";
import Settings from "./Settings";

// A page rendered to text has no subscriptions.
vi.mock("../kit/store", async (original) => ({
  ...(await original<object>()),
  useStore: (store: { get(): unknown }, select = (value: unknown) => value) => select(store.get()),
}));

const BROWSER = { events: () => () => {}, native: null, place: "desk.example.com" } as unknown as Host;
const DESKTOP = { ...BROWSER, native: {} } as unknown as Host;
const NEVER = () => new Promise<never>(() => {});
const API = {
  now: () => Date.parse("2026-11-22T12:00:00Z"),
  workflows: NEVER,
  tokens: NEVER,
} as unknown as Api;

function somebody(role: string, contract = CONTRACT): Me {
  const hub = { version: "0.2.0", contract, engine: "postgres" };
  return { subject: "dana", grants: [{ role }], routes: [], owner: false, hub } as unknown as Me;
}

interface Given {
  me?: Me;
  host?: Host;
  fill?: (client: QueryClient) => void;
}

function section(id: string, { me = somebody("admin"), host = BROWSER, fill }: Given = {}): string {
  const client = new QueryClient({
    defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, retryOnMount: false } },
  });
  fill?.(client);
  return renderToStaticMarkup(
    <QueryClientProvider client={client}>
      <Settings host={host} api={API} me={me} id={id} />
    </QueryClientProvider>,
  );
}

const none = (client: QueryClient) => client.setQueryData(["workflows"], []);

test("without a workflow it says what a pack is", () => {
  const html = section("packs", { fill: none });
  expect(html).toContain("No workflow yet");
  expect(html).toContain("Apply a pack…");
});

test("who may not apply packs isn't offered it", () => {
  const html = section("packs", { me: somebody("dri"), fill: none });
  expect(html).not.toContain("Apply a pack…");
  expect(html).toContain("Packs are applied by an admin.");
});

test("the versions of a workflow, the present one marked", () => {
  const html = section("packs", {
    fill: (client) => {
      client.setQueryData(
        ["workflows"],
        [{ id: "w", name: "Refunds", version: 2, revision: 1, reasons: [] }],
      );
      client.setQueryData(
        ["versions", "w", 2, 1],
        [2, 1].map((version) => ({
          version,
          hash: `${version}abcdef0123456789`,
          guideline_hash: "",
          applied_at: "2026-11-20T09:00:00Z",
          applied_by: "<b>dana</b>",
          revision: 1,
          revisions: [],
        })),
      );
      client.setQueryData(["workflow", "w", 2, 1], { pack: { review: { rate: 1 } } });
    },
  });
  expect(html).toContain("2abcdef01234");
  expect(html).toContain("current");
  expect(html).toContain("&lt;b&gt;dana&lt;/b&gt;");
  expect(html).toContain("Settings in force, version 2");
});

test("sources that may not be listed say who lists them", () => {
  const html = section("sources", {
    me: somebody("reviewer"),
    fill: (client) => {
      none(client);
      client
        .getQueryCache()
        .build(client, { queryKey: ["sources"] })
        .setState({ status: "error", error: new ApiError(403, "forbidden", "no"), fetchStatus: "idle" });
    },
  });
  expect(html).toContain("with a role in every workflow");
  expect(html).toContain("Sources are imported by an admin.");
});

test("tokens are an admin's", () => {
  expect(section("access", { me: somebody("auditor") })).toContain("managed by an admin");
  const html = section("access", {
    fill: (client) => {
      none(client);
      const token = { routes: [], created_at: "2026-11-01T00:00:00Z", created_by: "owner" };
      client.setQueryData(
        ["tokens"],
        [
          { ...token, id: "1", name: "Dana", grants: [{ role: "reviewer", workflow: "w" }] },
          {
            ...token,
            id: "2",
            name: "Old",
            grants: [{ role: "oncall" }],
            expires_at: "2026-11-02T00:00:00Z",
          },
        ],
      );
    },
  });
  expect(html).toContain("Revoke the token of Dana");
  expect(html).not.toContain("Revoke the token of Old");
  expect(html).toContain("expired");
  expect(html).toContain("on-call, every workflow");
});

test("a hub of another contract says which of the two is newer", () => {
  expect(section("connection")).not.toContain("newer");
  expect(section("connection", { me: somebody("admin", CONTRACT + 1) })).toContain(
    "The hub is newer than this console",
  );
  expect(section("connection", { me: somebody("admin", CONTRACT - 1) })).toContain(
    "This console is newer than the hub",
  );
});

test("a desktop without a keychain says what that means", () => {
  const with_ = (choice: HubChoice) => (client: QueryClient) => client.setQueryData(["hub-choice"], choice);
  const remote: HubChoice = {
    kind: "remote",
    url: "https://hub.example.com",
    keychain: false,
    console: "window-1",
    version: "0.2.0",
  };
  const html = section("connection", { host: DESKTOP, fill: with_(remote) });
  expect(html).toContain("This system has no keychain.");
  expect(html).toContain("Use the embedded hub");
  const embedded = section("connection", {
    host: DESKTOP,
    fill: with_({ ...remote, kind: "embedded", url: null, keychain: true }),
  });
  expect(embedded).not.toContain("no keychain");
  expect(embedded).not.toContain("Use the embedded hub");
});
