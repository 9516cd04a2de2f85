import type { Me } from "../api/types";
import type { Host } from "../host";
import { capOf } from "../kit/keys";
import { useStore } from "../kit/store";
import { useWords } from "../words";
import { SCREENS, type Screen } from "./screens";

/** Icons of 16 units, drawn in lines. */
const ICONS: Record<Screen, string> = {
  review: "M2.5 3.5h11v8h-6l-3 2.5v-2.5h-2zM5.5 7.5l1.7 1.7 3.3-3.4",
  rollout: "M2.5 13.5v-4h3v4zM6.5 13.5v-7h3v7zM10.5 13.5v-11h3v11z",
  cases: "M2.5 4h11M2.5 8h11M2.5 12h7",
  activity: "M1.5 8.5h3l2-5 3 9 2-4h3",
  settings: "M2.5 4.5h6M12.5 4.5h1M10.5 3v3M2.5 11.5h1M7.5 11.5h6M5.5 10v3",
};

export function Rail({ screen, host, me }: { screen: Screen; host: Host; me: Me }) {
  const words = useWords().frame;
  const connection = useStore(host.connection);
  const place = host.kind === "desktop" && me.owner ? words.embedded : host.place;
  const says =
    connection === "lost" ? words.lost : connection === "open" ? words.connected(place) : words.connecting;
  return (
    <nav className="rail" aria-label={words.screens}>
      <span className="brand" aria-hidden="true">
        C
      </span>
      {SCREENS.map(({ id, press }) => (
        <a
          key={id}
          href={`#/${id}`}
          className={id === screen ? "on" : undefined}
          aria-current={id === screen ? "page" : undefined}
          title={`${words[id]} · ${capOf(press)}`}
        >
          <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
            <path d={ICONS[id]} />
          </svg>
          <span className="unseen">{words[id]}</span>
        </a>
      ))}
      <span className={`rail-place ${connection}`} role="status" title={says} data-testid="connection">
        <span className="dot" aria-hidden="true" />
        <span className="unseen">{says}</span>
      </span>
    </nav>
  );
}
