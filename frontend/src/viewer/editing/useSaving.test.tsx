import { renderToString } from "react-dom/server";
import { beforeEach, expect, test, vi } from "vitest";

import { NO_RUNS, type Runs } from "./runs";
import { type Saving, useSaving } from "./useSaving";

const save = vi.hoisted(() => vi.fn());
vi.mock("./api", () => ({ save }));

const forget = vi.fn();
const carry = vi.fn();
const onRenew = vi.fn();

beforeEach(() => {
  vi.resetAllMocks();
  save.mockResolvedValue({ state: "applied" });
});

function savingOf(running: Parameters<typeof useSaving>[0]["running"]): Saving {
  let saving: Saving | undefined;
  const grid = { shape: [1, 1, 1] as const, affine: [] };
  function Bar() {
    saving = useSaving({ study: 5, running, grid, forget, carry, onRenew });
    return null;
  }
  renderToString(<Bar />);
  if (!saving) throw new Error("nothing was drawn");
  return saving;
}

test("nothing is sent, nor replaced by what others saved, while something is worked on", async () => {
  const whole: ReadonlyMap<string, Runs> = new Map([["total", NO_RUNS]]);
  const session = { whole, isBusy: true, canSave: false };
  await savingOf({ session, base: "a" }).save("");
  await savingOf({ session, base: "a" }).merge();
  for (const one of [save, forget, carry, onRenew]) expect(one).not.toHaveBeenCalled();
});

test("what is saved is forgotten as a draft, and shown anew", async () => {
  const whole: ReadonlyMap<string, Runs> = new Map([["total", NO_RUNS]]);
  const session = { whole, isBusy: false, canSave: true };
  await savingOf({ session, base: "a" }).save("all of it");
  expect(save).toHaveBeenCalledWith({
    ...{ study: 5, base: "a", shape: [1, 1, 1], maps: whole, comment: "all of it" },
  });
  expect(forget).toHaveBeenCalledWith("a");
  expect(onRenew).toHaveBeenCalledOnce();
});
