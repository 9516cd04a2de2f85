import { useRef } from "react";

interface Props {
  label: string;
  take: (files: File[]) => void;
  accept?: string;
  multiple?: boolean;
  folder?: boolean;
  disabled?: boolean;
}

/** A button in front of the browser's own file field, which speaks the browser's language and not ours. */
export function Picker({ label, take, accept, multiple, folder, disabled }: Props) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" className="quiet" disabled={disabled} onClick={() => field.current?.click()}>
        {label}
      </button>
      <input
        ref={(input) => {
          field.current = input;
          if (folder) input?.setAttribute("webkitdirectory", "");
        }}
        type="file"
        hidden
        aria-label={label}
        accept={accept}
        multiple={multiple}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          // So that the same file can be chosen again after it was changed.
          event.target.value = "";
          if (files.length > 0) take(files);
        }}
      />
    </>
  );
}
