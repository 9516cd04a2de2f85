import "./fonts.css";
import "./tokens.css";
import "./kit/kit.css";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { openHost } from "./host";
import { applyTheme } from "./kit/theme";

applyTheme();
const host = await openHost();
// No StrictMode: mounting twice would lease twice.
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(<App host={host} />);
}
