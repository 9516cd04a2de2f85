import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { OpenFeature as Server } from "@openfeature/server-sdk";
import { OpenFeature as Web } from "@openfeature/web-sdk";
import { EventSource } from "eventsource";
import { until } from "../browser/hub.mjs";

/** Clients of other people's making, set up as the README says. */

globalThis.EventSource = EventSource;

let domains = 0;

/** `fetch`, and what it was answered: status, and which board the request named. */
function recorded(answers) {
  return async (...what) => {
    const response = await fetch(...what);
    const told = new URL(response.url).searchParams.get("flagConfigEtag");
    answers.push({ status: response.status, told });
    return response;
  };
}

/** A web client of a hub for one audience, once it has its flags. `answers` is what its fetches came to. */
export async function webClient(hub, context, { domain = `web-${++domains}`, ...options } = {}) {
  const answers = [];
  const provider = new OFREPWebProvider({
    baseUrl: hub.url,
    headers: [["Authorization", `Bearer ${hub.token}`]],
    cacheMode: "disabled",
    fetchImplementation: recorded(answers),
    ...options,
  });
  // A provider that could not be set up leaves its client with the default value.
  await Web.setProviderAndWait(domain, provider, context).catch(() => {});
  const client = Web.getClient(domain);
  return {
    client,
    answers,
    /** Waits until its stream is open: the first event has made it fetch. */
    listens: () => until("the client listens", () => answers.some(({ told }) => told)),
    isOn: (flag) => client.getBooleanValue(flag, false),
    details: (flag) => client.getBooleanDetails(flag, false),
    becomes: (context) => Web.setContext(domain, context),
  };
}

/** A server's client of a hub. */
export async function serverClient(hub) {
  const domain = `server-${++domains}`;
  const provider = new OFREPProvider({
    baseUrl: hub.url,
    headers: [["Authorization", `Bearer ${hub.token}`]],
  });
  await Server.setProviderAndWait(domain, provider);
  const client = Server.getClient(domain);
  return {
    isOn: (flag, context) => client.getBooleanValue(flag, false, context),
    details: (flag, context) => client.getBooleanDetails(flag, false, context),
  };
}

/** Ends every client of this process. */
export async function closeClients() {
  await Promise.all([Web.clearProviders(), Server.clearProviders()]);
}
