import { describe, expect, test } from "vitest";

import { nameParts, readableName } from "./personName";

describe("readable names", () => {
  test.each([
    ["SILVA^MARIA JOSÉ", "SILVA, Maria José"],
    ["Müller^Jörg", "MÜLLER, Jörg"],
    ["SANTOS^ANA^DA LUZ", "SANTOS, Ana da Luz"],
    ["O'BRIEN^ANNE-MARIE", "O'BRIEN, Anne-Marie"],
    ["Adams^John Robert Quincy^^Rev.^B.A. M.Div.", "ADAMS, Rev. John Robert Quincy, B.A. M.Div."],
    ["McDonald^Ian", "MCDONALD, Ian"],
    ["Weiß^Jürgen", "Weiß, Jürgen"],
    ["Yamada^Tarou=山田^太郎=やまだ^たろう", "YAMADA, Tarou (山田 太郎)"],
    ["=山田^太郎", "山田 太郎"],
    ["山田^太郎", "山田, 太郎"],
    ["Phantom head", "Phantom head"],
    ["SILVA^", "SILVA"],
    ["^MARIA", "Maria"],
    ["  SILVA  ^  MARIA   JOSE ", "SILVA, Maria Jose"],
    ["", ""],
    ["^^^^", ""],
    ["<b>^<i>X</i>", "<B>, <i>X</i>"],
  ])("%s", (pn, readable) => {
    expect(readableName(pn)).toBe(readable);
  });
});

test("the parts of a name", () => {
  expect(nameParts("SILVA^MARIA^JOSÉ^Dra.^Jr=山^田")).toEqual({
    family: "SILVA",
    given: "MARIA JOSÉ",
    prefix: "Dra.",
    suffix: "Jr",
    ideographic: "山 田",
  });
});
