import type { Trust } from "../api/types";
import { fixed } from "../shared/numbers";

/** The figures' names, as the literature has them in every language. */
export const FIGURES = "AC1 · α · κ";

/** "0.94 · −0.02 · −0.02"; a dash for one that can't be computed. */
export function figuresOf({ ac1, alpha, kappa }: Trust["agreement"]): string {
  return [ac1, alpha, kappa].map((value) => (value == null ? "–" : fixed(value, 2))).join(" · ");
}
