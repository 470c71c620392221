import { renderToString } from "react-dom/server";
import { beforeEach, expect, test, vi } from "vitest";

import { useWorklist } from "./useWorklist";
import { NO_FILTERS, type View, type WorklistQuery } from "./view";

const asked = vi.hoisted(() => vi.fn());
const today = vi.hoisted(() => vi.fn());
vi.mock("@/api/client", () => ({ api: { useQuery: asked } }));
vi.mock("@/components/now", () => ({ useToday: today }));

beforeEach(() => asked.mockReset());

function queryOn(day: Date, view: Partial<View>): WorklistQuery | undefined {
  today.mockReturnValue(day.getTime());
  const all: View = { ...NO_FILTERS, sort: "received", order: "descending", page: 1, size: 50 };
  function List() {
    useWorklist({ ...all, ...view });
    return null;
  }
  renderToString(<List />);
  const [, , given] = asked.mock.lastCall as [string, string, { params: { query: WorklistQuery } }];
  return given.params.query;
}

test("days that are counted from today follow the clock of the page", () => {
  expect(queryOn(new Date(2031, 4, 6), { received: "today", date: "yesterday" })).toMatchObject({
    received_from: new Date(2031, 4, 6).toISOString(),
    received_before: new Date(2031, 4, 7).toISOString(),
    date_from: "2031-05-05",
    date_to: "2031-05-05",
  });
});
