/** A function from code-point offsets of `text`, which the hub counts in, to UTF-16 offsets, which the DOM does. */
export function fromCodePoints(text: string): (offset: number) => number {
  if (!/[\ud800-\udfff]/.test(text)) return (offset) => clamp(offset, text.length);
  const starts: number[] = [];
  for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) starts.push(at);
  return (offset) => starts[Math.max(0, offset)] ?? text.length;
}

function clamp(offset: number, max: number): number {
  return Math.min(Math.max(0, offset), max);
}
