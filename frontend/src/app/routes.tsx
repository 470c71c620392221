/** Every page and its address; the server knows the same ones (web/api/pages.py). */
import { createBrowserRouter, type RouteObject } from "react-router";

import { Waiting } from "@/components/Waiting";
import { withTexts } from "@/i18n";
import { preloadViewer } from "@/viewer";

import { ErrorPage } from "./ErrorPage";
import { Shell } from "./Shell";

const pages: RouteObject[] = [
  {
    index: true,
    lazy: async () => ({ Component: (await import("@/pages/worklist/WorklistPage")).WorklistPage }),
  },
  {
    path: "studies/:studyId",
    lazy: async () => {
      // The page will ask for it: it comes along, but the page does not wait for it.
      preloadViewer();
      return { Component: (await withTexts(import("@/pages/study/StudyPage"))).StudyPage };
    },
  },
  {
    path: "studies/:studyId/report",
    lazy: async () => ({
      Component: (await withTexts(import("@/pages/report/ReportPage"))).ReportPage,
    }),
  },
  {
    path: "explorer",
    lazy: async () => ({
      Component: (await withTexts(import("@/pages/explorer/ExplorerPage"))).ExplorerPage,
    }),
  },
  {
    path: "rules",
    lazy: async () => ({
      Component: (await withTexts(import("@/pages/rules/RulesPage"))).RulesPage,
    }),
  },
  {
    path: "system",
    lazy: async () => ({
      Component: (await withTexts(import("@/pages/system/SystemPage"))).SystemPage,
    }),
  },
  {
    path: "destinations",
    lazy: async () => ({
      Component: (await withTexts(import("@/pages/destinations/DestinationsPage")))
        .DestinationsPage,
    }),
  },
  {
    path: "access",
    lazy: async () => ({
      Component: (await withTexts(import("@/pages/access/AccessPage"))).AccessPage,
    }),
  },
  {
    path: "welcome",
    lazy: async () => ({
      Component: (await withTexts(import("@/pages/welcome/WelcomePage"))).WelcomePage,
    }),
  },
  {
    path: "help",
    lazy: async () => ({ Component: (await withTexts(import("@/pages/help/HelpPage"))).HelpPage }),
  },
];

export const router = createBrowserRouter([
  {
    path: "/",
    element: <Shell />,
    errorElement: <ErrorPage />,
    hydrateFallbackElement: <Waiting />,
    children: pages,
  },
]);
