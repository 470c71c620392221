import { beforeEach, expect, test, vi } from "vitest";

const page = Object.assign(new EventTarget(), { location: { origin: "http://heimdallr.test" } });
const fetched = vi.fn<(request: Request) => Promise<Response>>();

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.stubGlobal("window", page);
  vi.stubGlobal("fetch", fetched);
  fetched.mockImplementation(() => Promise.resolve(Response.json({ others: [] })));
});

test("what an unattended page sends by itself keeps no session alive, whatever its method", async () => {
  const { http } = await import("./client");
  const marked = async () => {
    const params = { path: { study_id: 17 }, query: { session: "window-of-anna" } };
    await http.PUT("/api/v1/studies/{study_id}/editing", { params });
    return fetched.mock.lastCall?.[0].headers.get("X-Background");
  };
  expect(await marked()).toBeNull();
  vi.setSystemTime(Date.now() + 61_000);
  expect(await marked()).toBe("1");
  page.dispatchEvent(new Event("pointermove"));
  expect(await marked()).toBeNull();
});
