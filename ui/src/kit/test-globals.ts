/** What modules ask of a browser when they load, for tests that run without one. */
const entries = new Map<string, string>();

Object.assign(globalThis, {
  localStorage: {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => void entries.set(key, value),
    removeItem: (key: string) => void entries.delete(key),
  },
  location: { hash: "", origin: "http://localhost", host: "localhost" },
  document: { documentElement: { lang: "", style: {}, dataset: {} } },
  addEventListener() {},
  removeEventListener() {},
});
Object.defineProperty(globalThis, "navigator", {
  value: { userAgent: "", languages: ["en"] },
  configurable: true,
});
