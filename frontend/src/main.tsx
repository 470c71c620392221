import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/global.css";

import { createRoot } from "react-dom/client";

import { App } from "./app/App";
import { askWhoIsThere } from "./app/session";
import { startI18n } from "./i18n";

askWhoIsThere();
await startI18n();
// The first title of a document counts; from here on, pages have their own.
document.querySelector("title")?.remove();
const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
