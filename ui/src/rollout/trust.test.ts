import { expect, test } from "vitest";
import { speak } from "../words";
import { FIGURES, figuresOf } from "./trust";

test("the figures stand in the order of their names", () => {
  expect(FIGURES).toBe("AC1 · α · κ");
  expect(figuresOf({ pairs: 12, ac1: 0.941, alpha: -0.02, kappa: 0.5 })).toBe("0.94 · −0.02 · 0.50");
  speak("de");
  expect(figuresOf({ pairs: 12, ac1: 0.941, alpha: -0.02, kappa: 0.5 })).toBe("0,94 · −0,02 · 0,50");
  speak("en");
});

test("a figure that can't be computed is a dash, and one that is almost nothing has no minus", () => {
  expect(figuresOf({ pairs: 0 })).toBe("– · – · –");
  expect(figuresOf({ pairs: 3, ac1: 1, alpha: null, kappa: -0.001 })).toBe("1.00 · – · 0.00");
});
