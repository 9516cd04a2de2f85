import { Dialog } from "../kit/dialog";
import { useWords } from "../words";
import { show, useDesk } from "./context";
import { useMe } from "./data";

/** What the person did today, in four figures. */
export function DayDialog() {
  const { view } = useDesk();
  const says = useWords().review;
  const { today } = useMe();
  const figures: [string, string][] = [
    [says.decided, says.count(today.decided, false)],
    [says.median, today.median_seconds == null ? "–" : says.medianSeconds(today.median_seconds)],
    [says.asIs, today.as_is == null ? "–" : says.percent(today.as_is)],
    [says.withdrawn, says.count(today.withdrawn, false)],
  ];
  return (
    <Dialog title={says.dayTitle} onClose={() => show(view, { dialog: null })}>
      <p className="dialog-lead">{today.decided === 0 ? says.noneToday : says.daySince}</p>
      <dl className="day">
        {figures.map(([name, figure]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{figure}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
