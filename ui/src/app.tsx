import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { type Api, ApiError, createApi } from "./api/client";
import { Away } from "./frame/Away";
import { Broken } from "./frame/Broken";
import { Frame } from "./frame/Frame";
import type { Host } from "./host";
import { Boundary } from "./kit/boundary";
import { resetPersonalStores, useStore } from "./kit/store";
import { SignIn } from "./signin";

export function App({ host }: { host: Host }) {
  const access = useStore(host.access);
  return (
    <Boundary key={access} instead={(error, again) => <Broken error={error} again={again} />}>
      {access === "in" ? <Sitting host={host} /> : <SignIn host={host} refused={access === "refused"} />}
    </Boundary>
  );
}

/** What one person asked and was shown, from signing in to signing out: nothing of it is there for the next. */
class Person {
  readonly client = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        refetchOnWindowFocus: false,
        retry: (tries, error) => !(error instanceof ApiError && error.status < 500) && tries < 3,
      },
    },
  });
  readonly api: Api;
  private readonly gone = new AbortController();

  constructor(host: Host) {
    this.api = createApi(host, this.gone.signal);
  }

  leave() {
    this.gone.abort();
    this.client.clear();
    resetPersonalStores();
  }
}

function Sitting({ host }: { host: Host }) {
  const [person] = useState(() => new Person(host));
  useEffect(() => () => person.leave(), [person]);
  return (
    <QueryClientProvider client={person.client}>
      <Desk host={host} api={person.api} />
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
