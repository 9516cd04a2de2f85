import { Component, type ReactNode } from "react";

interface Props {
  /** Shown in place of what broke; `again` tries it once more. */
  instead: (error: unknown, again: () => void) => ReactNode;
  children: ReactNode;
}

interface State {
  failed: { error: unknown } | null;
}

/** A part of the console that may break without taking the rest down. */
export class Boundary extends Component<Props, State> {
  override state: State = { failed: null };

  static getDerivedStateFromError(error: unknown): State {
    return { failed: { error } };
  }

  override render() {
    const { failed } = this.state;
    if (!failed) return this.props.children;
    return this.props.instead(failed.error, () => this.setState({ failed: null }));
  }
}
