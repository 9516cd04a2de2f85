export const kit = {
  commands: "Commands",
  findCommand: "Find a command",
  noCommand: "No command has that name.",
  notices: "Notices",
  dismiss: "Dismiss",
  copy: "Copy",
  copied: "Copied",
  notCopied: "Could not copy; select it and copy by hand",
  hiddenCharacter: "A character that can't be seen",
  hidden: {
    173: "soft hyphen",
    8203: "zero-width space",
    8232: "line separator",
    8233: "paragraph separator",
    8288: "word joiner",
  } as Record<number, string>,
};
