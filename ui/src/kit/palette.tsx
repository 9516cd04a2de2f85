import { Autocomplete } from "@base-ui/react/autocomplete";
import { useWords } from "../words";
import { Dialog } from "./dialog";
import { Key } from "./keys";

export interface Choice {
  id: string;
  title: string;
  press?: string;
  run: () => void;
}

/** Every command by name. Runs after the dialog has gone, so that focus is back where the command expects it. */
export function Palette({ choices, onClose }: { choices: Choice[]; onClose: () => void }) {
  const says = useWords().kit;
  return (
    <Dialog title={says.commands} titleHidden onClose={onClose}>
      <Autocomplete.Root
        open
        inline
        items={choices}
        itemToStringValue={(choice: Choice) => choice.title}
        autoHighlight="always"
        keepHighlight
      >
        <Autocomplete.Input
          className="palette-input"
          aria-label={says.findCommand}
          placeholder={says.findCommand}
        />
        <Autocomplete.Empty className="palette-empty">{says.noCommand}</Autocomplete.Empty>
        <Autocomplete.List className="palette-list">
          {(choice: Choice) => (
            <Autocomplete.Item
              key={choice.id}
              value={choice}
              className="palette-item"
              onClick={() => {
                onClose();
                setTimeout(choice.run);
              }}
            >
              <span>{choice.title}</span>
              {choice.press && <Key press={choice.press} />}
            </Autocomplete.Item>
          )}
        </Autocomplete.List>
      </Autocomplete.Root>
    </Dialog>
  );
}
