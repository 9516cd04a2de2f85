import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Api } from "../api/client";
import type { Me } from "../api/types";
import type { Host, Native } from "../host";
import { useKeys } from "../kit/keys";
import { useOffered } from "../kit/offers";
import type { Choice } from "../kit/palette";
import { go, useRoute } from "../kit/route";
import { useHubChanges } from "../shared/refresh";
import { useWords } from "../words";
import { useLookChoices, useScreenChoices } from "./commands";
import { useNotices } from "./useNotices";

/** The shell ends the program itself when this is chosen. */
const QUIT = "tray:quit";
const KILL = "kill";

interface Props {
  host: Host;
  api: Api;
  native: Native;
  me: Me;
}

/** What the console does beyond its window: the menu bar, the tray, notices, the size of the text. */
export function Desktop({ host, api, native, me }: Props) {
  const words = useWords().desktop;
  useMenu(native);
  useNotices(host, api, native, me);
  const workflows = useQuery({ queryKey: ["workflows"], queryFn: api.workflows }).data;
  const client = useQueryClient();
  // On every screen: some of them have no need of the workflows themselves.
  useHubChanges(host, () => void client.invalidateQueries({ queryKey: ["workflows"] }));
  const waiting = (workflows ?? []).reduce((sum, workflow) => sum + (workflow.drafts.staged ?? 0), 0);
  useEffect(() => {
    const { open, kill, quit } = words;
    void native.setTray({ count: waiting, open, waiting: words.waiting(waiting), kill, quit });
  }, [native, words, waiting]);
  return null;
}

/** Every command of the screen that is shown, in the menu bar; what is chosen there or in the tray is run here. */
function useMenu(native: Native) {
  const words = useWords().desktop;
  const offered = useOffered();
  const screens = useScreenChoices();
  const view = useLookChoices(native);
  useKeys(
    Object.fromEntries(
      view.flatMap(({ press, run }) => {
        const act = (event: KeyboardEvent) => {
          event.preventDefault();
          run();
        };
        // On many keyboards "+" is Shift and "=".
        return press === undefined
          ? []
          : press === "$mod+="
            ? [[press, act] as const, ["$mod+Shift++", act] as const, ["$mod++", act] as const]
            : [[press, act] as const];
      }),
    ),
  );
  const all = useRef<Choice[]>([]);
  all.current = [...screens, ...offered, ...view];
  const groups = [
    { title: words.program, choices: [...screens, { id: QUIT, title: words.quit, run: () => {} }] },
    { title: words.here, choices: offered },
    { title: words.view, choices: view },
  ]
    .filter(({ choices }) => choices.length > 0)
    .map(({ title, choices }) => ({ title, items: choices.map(({ id, title }) => ({ id, title })) }));
  const shown = JSON.stringify(groups);
  useEffect(() => void native.setMenu(JSON.parse(shown)), [native, shown]);
  // Asked for where it can't be confirmed: it is run as soon as the screen that was gone to offers it.
  const waiting = useRef(false);
  const { screen } = useRoute();
  useEffect(() => {
    // Who goes elsewhere meanwhile has thought better of it.
    if (screen !== "rollout") waiting.current = false;
  }, [screen]);
  useEffect(() => {
    const kill = waiting.current && offered.find(({ id }) => id === KILL);
    if (!kill) return;
    waiting.current = false;
    kill.run();
  }, [offered]);
  useEffect(
    () =>
      native.onCommand((id) => {
        const found = all.current.find((choice) => choice.id === id);
        if (found) return found.run();
        if (id !== KILL) return;
        waiting.current = true;
        go("rollout");
      }),
    [native],
  );
}
