import { expect, test } from "vitest";

import { parcelsOf } from "./parcels";

const file = (name: string, text = "x") => new File([text], name);
const names = (files: File[]) => parcelsOf(files).map((one) => one.files.map(({ name }) => name));

test("a ZIP goes as it is, all other files together", () => {
  const files = [file("a.dcm"), file("exam.ZIP"), file("IM0001"), file("other.zip")];
  expect(names(files)).toEqual([["exam.ZIP"], ["other.zip"], ["a.dcm", "IM0001"]]);
  expect(parcelsOf(files).map(({ kind }) => kind)).toEqual(["zip", "zip", "files"]);
});

test("litter and empty files are no images", () => {
  expect(names([file(".DS_Store"), file("Thumbs.db"), file("empty.dcm", "")])).toEqual([]);
});
