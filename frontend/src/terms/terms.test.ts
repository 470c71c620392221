import { describe, expect, test } from "vitest";

import {
  evidenceLabel,
  factText,
  fileReason,
  findingName,
  measurementLabel,
  quantityText,
  statementText,
  statementTexts,
  structureName,
  unitOfName,
  valueText,
  type Statement,
} from ".";
// What Python makes of every message: tests/domain/test_statements.py.
import spoken from "../../../tests/domain/spoken_statements.json";

describe("structures", () => {
  test.each([
    ["liver", "liver", "fígado"],
    ["kidney_left", "left kidney", "rim esquerdo"],
    ["adrenal_gland_right", "right adrenal gland", "glândula adrenal direita"],
    ["lung_upper_lobe_left", "left lung, upper lobe", "lobo superior do pulmão esquerdo"],
    ["vertebrae_L3", "vertebra L3", "vértebra L3"],
    ["vertebrae", "vertebrae", "vértebras"],
    ["rib_left_7", "left rib 7", "7ª costela esquerda"],
    ["portal_vein_and_splenic_vein", "portal and splenic vein", "veias porta e esplênica"],
    ["something_new_left", "something new left", "something new left"],
    ["constructor", "constructor", "constructor"],
  ])("%s", (structure, en, pt) => {
    expect(structureName(structure, "en")).toBe(en);
    expect(structureName(structure, "pt")).toBe(pt);
  });
});

describe("measurements", () => {
  test.each([
    ["SMA_cm2", "Skeletal muscle area at L3 (SMA)", "Área de músculo esquelético em L3 (SMA)"],
    ["kidney_left_vol_cm3", "Left kidney, volume", "Rim esquerdo, volume"],
    [
      "kidney_left_vol_cm3_by_moose_organs",
      "Left kidney, volume (moose_organs)",
      "Rim esquerdo, volume (moose_organs)",
    ],
    ["epicardial_fat_vol_cm3", "Epicardial fat, volume", "Gordura epicárdica, volume"],
    [
      "liver_hu_eroded_mean",
      "Liver, mean attenuation without rim",
      "Fígado, atenuação média sem a borda",
    ],
    ["visceral_fat_area_T12_cm2", "Visceral fat, area at T12", "Gordura visceral, área em T12"],
    [
      "visceral_fat_scanned_vol_cm3",
      "Visceral fat, volume scanned",
      "Gordura visceral, volume examinado",
    ],
    ["body_region_head", "Region: head", "Região: cabeça"],
    ["hemorrhage_vol_cm3", "Intracerebral haemorrhage, volume", "Hemorragia intracerebral, volume"],
    ["aorta_diameter_mm", "Aorta diameter mm", "Aorta diameter mm"],
  ])("%s", (name, en, pt) => {
    expect(measurementLabel(name, "en")).toBe(en);
    expect(measurementLabel(name, "pt")).toBe(pt);
  });

  test("numbers have the decimals they deserve, and the reader's decimal sign", () => {
    expect(quantityText(1523.45, "cm3", "en")).toBe("1,523 cm³");
    expect(quantityText(35.85, "HU", "pt")).toBe("35,9 HU");
    expect(quantityText(144.25, "cm2", "en")).toBe("144.3 cm²");
    expect(quantityText(130, "", "en")).toBe("130");
    expect(valueText(0.98, "", "pt")).toBe("0,98");
  });

  test("a small number stays visible", () => {
    expect(quantityText(0.04, "cm3", "en")).toBe("0.04 cm³");
    expect(quantityText(0, "cm3", "en")).toBe("0 cm³");
  });

  test("categories are words", () => {
    expect(valueText("thorax,abdomen", "", "pt")).toBe("tórax, abdome");
    expect(valueText("not covered", "", "pt")).toBe("não coberta");
    expect(valueText("liver,kidney_left", "", "en")).toBe("liver, left kidney");
    expect(valueText("below threshold", "", "en")).toBe("below threshold");
  });

  test("evidence is a measurement or a limit", () => {
    expect(evidenceLabel("SMA_cm2", "pt")).toBe("Área de músculo esquelético em L3 (SMA)");
    expect(evidenceLabel("limit_derstine_2018", "pt")).toBe("Limite (Derstine 2018)");
    expect(evidenceLabel("kidney_left_cm3", "pt")).toBe("Rim esquerdo");
    expect(evidenceLabel("core_cm3", "en")).toBe("Volume left");
    expect(unitOfName("SMI_cm2_m2")).toBe("cm2/m2");
    expect(unitOfName("liver_hu_eroded_mean")).toBe("HU");
    expect(unitOfName("muscle_HU_mean")).toBe("HU");
    expect(unitOfName("liver_minus_spleen_hu")).toBe("HU");
    expect(unitOfName("kvp")).toBe("kV");
    expect(unitOfName("contrast_phase")).toBe("");
  });
});

describe("evidence and parameters", () => {
  test("a number has the unit that its name tells", () => {
    expect(factText("upper_limit_cm3", 314.5, "pt")).toBe("315 cm³");
    expect(factText("kvp", 120, "en")).toBe("120 kV");
    expect(factText("contrast_phase", "native", "pt")).toBe("sem contraste");
  });

  test("what cuts an organ is said in the place of its volume", () => {
    expect(factText("liver_vol_cm3", "superior", "en")).toBe("Cut at: superior");
    expect(factText("liver_vol_cm3", "inferior,left", "pt")).toBe(
      "Corte na borda: inferior, esquerda",
    );
    expect(factText("truncated_at", "inferior,left", "pt")).toBe("inferior, esquerda");
    expect(factText("truncated_at", "superior", "en")).toBe("superior");
  });

  test("a side is no edge, and an older text stays as it is", () => {
    expect(factText("hemorrhage_side", "left", "pt")).toBe("esquerdo");
    expect(factText("liver_vol_cm3", "truncated at superior edge", "pt")).toBe(
      "truncated at superior edge",
    );
  });
});

describe("statements", () => {
  test.each(spoken)("$en", ({ en, pt, ...statement }) => {
    expect(statementText(statement as Statement, "", "en")).toBe(en);
    expect(statementText(statement as Statement, "", "pt")).toBe(pt);
  });

  test("without a code, or with one of tomorrow, the text as it came", () => {
    const unknown = { code: "a_reason_of_tomorrow", parameters: {} };
    expect(statementText(null, "the height is not known", "pt")).toBe("the height is not known");
    expect(statementText(unknown, "a reason", "pt")).toBe("a reason");
    const known = { code: "height_unknown", parameters: {} };
    expect(statementTexts([known], ["the height is not known"], "pt")).toEqual([
      "a altura do paciente não é conhecida",
    ]);
    expect(statementTexts([], ["localizer"], "pt")).toEqual(["localizer"]);
  });

  test("a file is no image for a reason", () => {
    expect(fileReason("empty file", "pt")).toBe("arquivo vazio");
    expect(fileReason("a reason of tomorrow", "pt")).toBe("a reason of tomorrow");
  });

  test("findings have names to filter by", () => {
    expect(findingName("splenomegaly", "pt")).toBe("Baço aumentado");
    expect(findingName("a_rule_of_tomorrow", "pt")).toBe("A rule of tomorrow");
  });
});
