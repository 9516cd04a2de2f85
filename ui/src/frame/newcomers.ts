/** Looks at a list and says what is new in it. What was there at first is no news. */
export function newcomers<T extends { id: string }>(
  look: () => Promise<T[]>,
  say: (one: T) => void | Promise<void>,
) {
  let known: Set<string> | undefined;
  return async () => {
    const all = await look();
    const before = known;
    known = new Set(all.map(({ id }) => id));
    await Promise.all(before ? all.filter(({ id }) => !before.has(id)).map(say) : []);
  };
}
