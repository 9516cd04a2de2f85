import type { ReactNode } from "react";

interface Props {
  title: string;
  text: string;
  children?: ReactNode;
}

/** What stands where a list or a text would, and isn't. */
export function Calm({ title, text, children }: Props) {
  return (
    <div className="cases-calm" role="status">
      <h2>{title}</h2>
      <p>{text}</p>
      {children}
    </div>
  );
}
