import { language } from "../words";

/** Numbers in the chosen language. A component that shows one also calls `useWords`, to follow the language. */

export function number(value: number): string {
  return value.toLocaleString(language.get());
}

/** A share of a whole to a tenth of a percent; a dash when there is no whole. */
export function percent(part: number, of: number): string {
  if (of === 0) return "–";
  const options = { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 } as const;
  return (part / of).toLocaleString(language.get(), options);
}

/** A ratio from 0 to 1 as whole percents. */
export function share(ratio: number): string {
  return ratio.toLocaleString(language.get(), { style: "percent", maximumFractionDigits: 0 });
}

/** A limit: "5%" and "2.5%". */
export function limit(ratio: number): string {
  return ratio.toLocaleString(language.get(), { style: "percent", maximumFractionDigits: 2 });
}

/** With this many digits after the point, always; below 0 with a true minus. */
export function fixed(value: number, digits: number): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "negative" };
  return value.toLocaleString(language.get(), options as Intl.NumberFormatOptions).replace("-", "−");
}

/** How many times: "4", "3.8". */
export function times(value: number): string {
  return value.toLocaleString(language.get(), { maximumFractionDigits: 1 });
}

/** Money that came as a decimal string; small sums keep three figures. */
export function dollars(decimal: string): string {
  const options = { style: "currency", currency: "USD", maximumSignificantDigits: 3 } as const;
  return Number(decimal).toLocaleString(language.get(), options);
}
