import { Activity, type ReactNode, Suspense, useEffect } from "react";
import { type Api, CONTRACT } from "../api/client";
import type { Me } from "../api/types";
import type { Host, LogState } from "../host";
import { Boundary } from "../kit/boundary";
import { useKeys } from "../kit/keys";
import { later } from "../kit/later";
import { go, useRoute } from "../kit/route";
import { local } from "../kit/storage";
import { createStore, useStore } from "../kit/store";
import { orphaned } from "../kit/typing";
import { Review } from "../review/Review";
import { useReviewDesk } from "../review/useReviewDesk";
import { useWords } from "../words";
import { Broken } from "./Broken";
import { Desktop } from "./Desktop";
import { Rail } from "./Rail";
import { ScreenPalette } from "./ScreenPalette";
import { Opening, Stale } from "./Stale";
import { isScreen, SCREENS, type Screen } from "./screens";
import "./frame.css";

const PAGES = {
  rollout: later(() => import("../rollout/Rollout")),
  cases: later(() => import("../cases/Cases")),
  activity: later(() => import("../activity/Activity")),
  settings: later(() => import("../settings/Settings")),
};

/** What every screen gets. */
export interface ScreenProps {
  host: Host;
  api: Api;
  me: Me;
  /** What follows the screen's name in the address: which workflow, which case, which section. */
  id: string | null;
}

/** The rail, and the screen that it points at. Review stays as it was left, and holds nothing while it isn't seen. */
export function Frame({ host, api, me }: Omit<ScreenProps, "id">) {
  const route = useRoute();
  const words = useWords().frame;
  const desk = useReviewDesk({ host, api, me });
  useSeen(host, api);
  const screen = isScreen(route.screen) ? route.screen : "review";
  useKeys(
    Object.fromEntries(
      SCREENS.map(({ id, press }) => [
        press,
        (event: KeyboardEvent) => {
          event.preventDefault();
          go(id);
        },
      ]),
    ),
  );
  const Page = screen === "review" ? null : PAGES[screen];
  return (
    <div className="frame">
      <Rail screen={screen} host={host} me={me} />
      {host.native && <Desktop host={host} api={api} native={host.native} me={me} />}
      <Says host={host} me={me} />
      <Activity mode={Page ? "hidden" : "visible"}>
        <Whole screen="review">
          <Review desk={desk} id={screen === "review" ? route.id : null} />
        </Whole>
      </Activity>
      {Page && <Stale host={host} />}
      {Page && <ScreenPalette native={host.native} />}
      {Page && (
        // Another screen takes the one before down at once, with what that offered.
        <Whole key={screen} screen={screen}>
          <Suspense fallback={<Opening host={host} name={words[screen]} />}>
            <Page host={host} api={api} me={me} id={route.id} />
          </Suspense>
        </Whole>
      )}
    </div>
  );
}

/** A screen that breaks says so in its own place: the others are a key away. */
function Whole({ screen, children }: { screen: Screen; children: ReactNode }) {
  const words = useWords().frame;
  return (
    <Boundary instead={(error, again) => <Broken screen={words[screen]} error={error} again={again} />}>
      {children}
    </Boundary>
  );
}

/** Tells the hub that a kill has come here, whatever is on screen: its time to effect counts every console. */
function useSeen(host: Host, api: Api) {
  useEffect(
    () =>
      host.events((event) => {
        if (event === "reconnected" || !event.transition_id) return;
        // A hub that can't be told counts this console as not reached.
        api.seen(event.transition_id, host.console).catch(() => {});
      }),
    [host, api],
  );
}

/** In a browser nobody compares. */
const NO_LOG = createStore<LogState | null>(null);

/** What a person must know wherever they are. */
function Says({ host, me }: Pick<ScreenProps, "host" | "me">) {
  const { desktop: words, frame } = useWords();
  const kept = useStore(host.storage.whole);
  const lost = useStore(orphaned);
  const log = useStore(host.native?.log ?? NO_LOG);
  const { contract } = me.hub;
  const says = [
    ...(kept ? [] : [host.storage === local ? frame.storageFull : words.notKept]),
    ...(lost ? [frame.keysOff] : []),
    ...(log?.why ? [words.logLost[log.why](log.entries ?? 0)] : []),
    ...(contract > CONTRACT ? [words.hubNewer] : contract < CONTRACT ? [words.hubOlder] : []),
  ];
  if (says.length === 0) return null;
  return (
    <div className="frame-says" role="status">
      {says.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  );
}
