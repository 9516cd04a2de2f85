import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { type Api, ApiError } from "./api/client";
import { Away } from "./frame/Away";
import { Frame } from "./frame/Frame";
import type { Host } from "./host";
import { useStore } from "./kit/store";
import { SignIn } from "./signin";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      retry: (tries, error) => !(error instanceof ApiError && error.status < 500) && tries < 3,
    },
  },
});

export function App({ host, api }: { host: Host; api: Api }) {
  const access = useStore(host.access);
  useEffect(() => {
    // What one person was shown is not there for the next.
    if (access !== "in") client.clear();
  }, [access]);
  return (
    <QueryClientProvider client={client}>
      {access === "in" ? (
        <Desk host={host} api={api} />
      ) : (
        <SignIn host={host} refused={access === "refused"} />
      )}
    </QueryClientProvider>
  );
}

function Desk({ host, api }: { host: Host; api: Api }) {
  const me = useQuery({
    queryKey: ["who"],
    queryFn: api.me,
    staleTime: Number.POSITIVE_INFINITY,
    retry: true,
    retryDelay: (tries) => Math.min(500 * 2 ** tries, 3_000),
  });
  if (me.data) return <Frame key={me.data.subject} host={host} api={api} me={me.data} />;
  return <Away host={host} failed={me.failureCount > 0} why={me.failureReason} />;
}
