import { MantineProvider } from "@mantine/core";
import { renderToString } from "react-dom/server";
import { MemoryRouter } from "react-router";
import { expect, test, vi } from "vitest";

import { LookPictures } from "./LookPictures";

vi.mock("react-i18next", () => ({ useTranslation: () => ({ t: String }) }));

function addressOf(madeAt: string): string | undefined {
  const drawn = renderToString(
    <MantineProvider>
      <MemoryRouter>
        <LookPictures studyId={17} images={["L3_overlay.png"]} madeAt={madeAt} />
      </MemoryRouter>
    </MantineProvider>,
  );
  return /src="([^"]*)"/.exec(drawn)?.[1];
}

test("newer results bring their own pictures beside the new numbers", () => {
  expect(addressOf("2026-02-01T10:00:00Z")).toBe(
    "/api/v1/studies/17/images/L3_overlay.png?made=2026-02-01T10%3A00%3A00Z",
  );
  expect(addressOf("2026-02-01T11:00:00Z")).not.toBe(addressOf("2026-02-01T10:00:00Z"));
});
