import { expect, test } from "vitest";

const PAGES = import.meta.glob<string>("../**/*.tsx", {
  query: "?raw",
  import: "default",
  eager: true,
});
/** An error that takes a page's place without a look at what there is to show. */
const HASTY = /if \((\w+\.)?error\) return <ErrorPanel|(?<!!)data && !error &&/;

test("what is on the screen stays when asking for it again fails", () => {
  expect(Object.keys(PAGES).length).toBeGreaterThan(100);
  expect(Object.keys(PAGES).filter((page) => HASTY.test(PAGES[page] ?? ""))).toEqual([]);
});
