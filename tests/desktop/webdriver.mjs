import { writeFile } from "node:fs/promises";
import { until } from "../browser/hub.mjs";

/** The keys that have no character, as the WebDriver standard numbers them. */
const KEYS = {
  Alt: "\uE00A",
  Control: "\uE009",
  End: "\uE010",
  F10: "\uE03A",
  Enter: "\uE007",
  Escape: "\uE00C",
  Shift: "\uE008",
  Tab: "\uE004",
};

/** One W3C WebDriver session: the few commands that these tests use. */
export class Page {
  #session;

  static async open(server, alwaysMatch) {
    const page = new Page();
    const { sessionId } = await post(`${server}/session`, { capabilities: { alwaysMatch } });
    page.#session = `${server}/session/${sessionId}`;
    return page;
  }

  /** Runs a function in the page with arguments that survive JSON. */
  run(inPage, ...args) {
    return post(`${this.#session}/execute/sync`, { script: `return (${inPage})(...arguments)`, args });
  }

  /** The same for one that answers with a promise. */
  runAsync(inPage, ...args) {
    const script = `const done = arguments[arguments.length - 1];
      (${inPage})(...arguments).then(done, (error) => done(String(error)))`;
    return post(`${this.#session}/execute/async`, { script, args });
  }

  /** Waits until a function in the page answers something true, and answers that. */
  until(what, inPage, ...args) {
    return until(what, () => this.run(inPage, ...args)).catch(async (error) => {
      const shown = await this.run(() => document.body.innerText.slice(0, 1000));
      throw new Error(`${error.message}; the window shows: ${shown}`);
    });
  }

  /** Presses chords such as `a` or `Control+Shift+k`, one after another. */
  async press(...chords) {
    for (const chord of chords) {
      const keys = chord.split("+").map((key) => KEYS[key] ?? key);
      await this.#keys([
        ...keys.map((value) => ({ type: "keyDown", value })),
        ...keys.reverse().map((value) => ({ type: "keyUp", value })),
      ]);
    }
  }

  /** Types text, a character after another. */
  type(text) {
    const both = (value) => ["keyDown", "keyUp"].map((type) => ({ type, value }));
    return this.#keys([...text].flatMap(both));
  }

  #keys(actions) {
    return post(`${this.#session}/actions`, { actions: [{ type: "key", id: "keyboard", actions }] });
  }

  async screenshot(file) {
    // WebKit takes the picture with the next frame, and a page at rest draws none.
    await this.run(() => {
      const { style } = document.documentElement;
      window.redraw = setInterval(() => (style.opacity = style.opacity ? "" : "0.999"), 50);
    });
    const image = await ask("GET", `${this.#session}/screenshot`);
    await this.run(() => {
      clearInterval(window.redraw);
      document.documentElement.style.opacity = "";
    });
    await writeFile(file, image, "base64");
  }
}

const post = (url, body) => ask("POST", url, JSON.stringify(body));

async function ask(method, url, body) {
  const response = await fetch(url, {
    method,
    body,
    headers: { "content-type": "application/json" },
    signal: AbortSignal.timeout(60_000),
  });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
  return value;
}
