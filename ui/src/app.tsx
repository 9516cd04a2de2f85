import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { type Api, ApiError } from "./api/client";
import type { Host } from "./host";
import { useStore } from "./kit/store";
import { Review } from "./review/Review";
import { reasonOf } from "./review/words";
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
  });
  if (me.data) return <Review key={me.data.subject} host={host} api={api} me={me.data} />;
  return (
    <main className="opening" role="status">
      {me.failureCount > 0
        ? `${reasonOf(me.failureReason)} Trying again; nothing is lost.`
        : "Opening the desk…"}
    </main>
  );
}
