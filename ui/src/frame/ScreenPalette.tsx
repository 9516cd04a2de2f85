import { useState } from "react";
import type { Native } from "../host";
import { useKeys } from "../kit/keys";
import { useOffered } from "../kit/offers";
import { Palette } from "../kit/palette";
import { useLookChoices, useScreenChoices } from "./commands";

/** The palette of every screen but Review, which has its own, with the commands that the screen offers. */
export function ScreenPalette({ native }: { native: Native | null }) {
  const [open, setOpen] = useState(false);
  const offered = useOffered();
  const screens = useScreenChoices();
  const looks = useLookChoices(native);
  useKeys({
    "$mod+k": (event) => {
      // Two dialogs at once would trap the focus between them.
      if (event.repeat || document.querySelector("[role=dialog]")) return;
      event.preventDefault();
      setOpen(true);
    },
  });
  if (!open) return null;
  return <Palette choices={[...offered, ...screens, ...looks]} onClose={() => setOpen(false)} />;
}
