import { Dialog as Base } from "@base-ui/react/dialog";
import type { ReactNode, RefObject } from "react";

interface Props {
  title: string;
  titleHidden?: boolean;
  wide?: boolean;
  onClose: () => void;
  initialFocus?: RefObject<HTMLElement | null>;
  children: ReactNode;
}

/** A modal dialog that is on screen as long as it is rendered. */
export function Dialog({ title, titleHidden, wide, onClose, initialFocus, children }: Props) {
  return (
    <Base.Root open onOpenChange={(open) => open || onClose()}>
      <Base.Portal>
        <Base.Backdrop className="backdrop" />
        <Base.Popup className={wide ? "dialog wide" : "dialog"} initialFocus={initialFocus}>
          <Base.Title className={titleHidden ? "unseen" : "dialog-title"}>{title}</Base.Title>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
