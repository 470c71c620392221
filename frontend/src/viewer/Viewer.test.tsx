import { MantineProvider } from "@mantine/core";
import { renderToString } from "react-dom/server";
import { expect, test, vi } from "vitest";

import { ApiError } from "@/api/errors";

import type { ViewerManifest } from "./manifest";
import { Viewer } from "./Viewer";

const manifest = vi.hoisted(() => vi.fn());
vi.mock("react-i18next", () => ({ useTranslation: () => ({ t: String }) }));
vi.mock("@/terms", () => ({ useTerms: () => ({}) }));
vi.mock("./manifest", () => ({ useViewerManifest: manifest }));
vi.mock("./editing/api", () => ({ useRenewStudy: () => () => Promise.resolve() }));
vi.mock("./useEngine", () => ({ hasWebGl2: () => true }));
vi.mock("./Workspace", () => ({ Workspace: () => "the images" }));

const TOLD = { study_id: 5, volume: {} } as ViewerManifest;
const AWAY = new ApiError(503, "unavailable", "the database is away");

function drawn(data: ViewerManifest | undefined, error: ApiError | null): string {
  manifest.mockReturnValue({ data, error, refetch: () => undefined });
  return renderToString(
    <MantineProvider>
      <Viewer studyId={5} jump={null} />
    </MantineProvider>,
  );
}

test("images stay when what there is to see is asked for anew, in vain", () => {
  expect(drawn(TOLD, AWAY)).toContain("the images");
});

test("without images it is said what is wrong", () => {
  expect(drawn(undefined, AWAY)).not.toContain("the images");
  expect(drawn(undefined, AWAY)).toContain("the database is away");
});
