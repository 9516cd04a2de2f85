import { useWords } from "../words";

export interface Notice {
  id: string;
  tone: "fail" | "hold" | "pass";
  title: string;
  text: string;
  /** `key` tells the screen which thing the button is about. */
  action?: { label: string; key: string };
}

interface Props {
  notices: Notice[];
  onAction: (notice: Notice) => void;
  onDismiss: (id: string) => void;
}

/** Things that went wrong in the background. They stay until dismissed and block nothing. */
export function Notices({ notices, onAction, onDismiss }: Props) {
  const says = useWords().kit;
  return (
    <section className="notices" aria-label={says.notices} aria-live="polite">
      {notices.map((notice) => (
        <div key={notice.id} className={`notice ${notice.tone}`} data-testid="notice">
          <div className="notice-words">
            <strong>{notice.title}</strong>
            <span>{notice.text}</span>
          </div>
          {notice.action && (
            <button type="button" className="quiet" onClick={() => onAction(notice)}>
              {notice.action.label}
            </button>
          )}
          <button type="button" className="quiet" onClick={() => onDismiss(notice.id)}>
            {says.dismiss}
          </button>
        </div>
      ))}
    </section>
  );
}
