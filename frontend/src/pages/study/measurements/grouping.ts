/** Measurements as the panel shows them: by analysis, filtered, many of a kind in a table. */
import { type Language, measurementLabel } from "@/terms";

import { byUrgency, isUrgent } from "../findings/urgency";
import type { Finding, Measurement } from "../queries";
import { flagOf } from "./reference";

export interface Group {
  analysis: string;
  rows: Measurement[];
  /** Why nothing of it could be measured, where that is one reason for all. */
  absence: Pick<Measurement, "status" | "reason" | "reason_coded"> | null;
}

export type Only = "all" | "measured" | "flagged";

export interface Wanted {
  text: string;
  only: Only;
}

/** A bleeding stands before what is about the body; `null` is every other analysis. */
const OF_THE_PATIENT = ["cerebral_haemorrhage", null];
/** What describes the scan, then the inventory. */
const LATER = ["contrast_phase", "body_regions", "structures", "other_networks"];
const ORDER = [...OF_THE_PATIENT, ...LATER];

function placeOf({ analysis, rows, absence }: Group, urgent: ReadonlyMap<string, number>): number {
  // What makes no sense here comes last; what could not be answered keeps its place.
  if (absence?.status === "not_applicable") return ORDER.length;
  if (LATER.includes(analysis)) return ORDER.indexOf(analysis);
  const ranks = rows.map(({ name }) => urgent.get(name) ?? 0);
  return Math.min(...ranks) || ORDER.indexOf(ORDER.includes(analysis) ? analysis : null);
}

/** The measurements urgent findings rest on, and how far they are to be moved up. */
function evidenceOf(findings: readonly Pick<Finding, "severity" | "evidence">[]) {
  const ranks = new Map<string, number>();
  for (const { severity, evidence } of byUrgency(findings.filter(isUrgent)).toReversed())
    for (const name of Object.keys(evidence)) ranks.set(name, severity === "critical" ? -2 : -1);
  return ranks;
}

/** By analysis: first what makes the study urgent, that is what an urgent finding rests on. */
export function groupsOf(
  measurements: readonly Measurement[],
  findings: readonly Pick<Finding, "severity" | "evidence">[],
): Group[] {
  const urgent = evidenceOf(findings);
  const groups = new Map<string, Measurement[]>();
  for (const one of measurements)
    groups.set(one.analysis, [...(groups.get(one.analysis) ?? []), one]);
  return [...groups]
    .map(([analysis, rows]) => ({ analysis, rows, absence: absenceOf(rows) }))
    .sort((one, other) => placeOf(one, urgent) - placeOf(other, urgent));
}

function absenceOf(rows: readonly Measurement[]): Group["absence"] {
  const [first, ...rest] = rows;
  if (!first || first.status === "measured") return null;
  // What a person took out can be taken back: it keeps its row.
  if (rows.some(({ reason_coded: why }) => why?.code === REJECTED)) return null;
  const same = rest.every((one) => one.status === first.status && one.reason === first.reason);
  return same ? first : null;
}

const REJECTED = "rejected_by_person";

/** Letters as people type them: without case and accents. */
export function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Every word has to be in the label or in the name. */
export function filtered(
  measurements: readonly Measurement[],
  wanted: Wanted,
  language: Language,
): Measurement[] {
  const words = folded(wanted.text).split(/\s+/).filter(Boolean);
  return measurements.filter((one) => {
    if (wanted.only === "measured" && one.status !== "measured") return false;
    if (wanted.only === "flagged" && !flagOf(one)) return false;
    const text = folded(`${measurementLabel(one.name, language)} ${one.name}`);
    return words.every((word) => text.includes(word));
  });
}

export interface Matrix {
  /** What stands in the first column; parts are called as their measurements are. */
  of: "structure" | "level" | "part" | "nodule";
  columns: string[];
  rows: { key: string; cells: (Measurement | undefined)[] }[];
}

interface Shape {
  of: Matrix["of"];
  columns: string[];
  /** `key` is the row, `column` the column; a name without one belongs into the first. */
  name: RegExp;
  /** The structure a key stands for, where it is none itself. */
  structure?: (key: string) => string;
}

const SHAPES: Record<string, Shape | undefined> = {
  structures: {
    of: "structure",
    columns: ["vol_cm3", "hu_mean", "hu_std", "hu_median"],
    name: /^(?<key>\w+?)_(?<column>vol_cm3|hu_mean|hu_std|hu_median)$/,
  },
  tissue_composition: {
    of: "level",
    columns: ["skeletal_muscle", "subcutaneous_fat", "visceral_fat", "intermuscular_fat"],
    name: /^(?<column>skeletal_muscle|subcutaneous_fat|visceral_fat|intermuscular_fat)_area_(?<key>[CTLS]\d+)_cm2$/,
  },
  aortic_diameters: {
    of: "part",
    columns: ["diameter_mm", "perpendicular_mm"],
    name: /^(?<key>(?:aorta|common_iliac)_\w+)_(?<column>diameter_mm|perpendicular_mm)$/,
  },
  kidney_stones: {
    of: "structure",
    columns: ["count", "diameter_mm", "vol_mm3", "peak_hu"],
    name: /^kidney_stones_(?<key>right|left)(?:_(?<column>diameter_mm|vol_mm3|peak_hu))?$/,
    structure: (side) => `kidney_${side}`,
  },
  emphysema: {
    of: "part",
    columns: ["laa950_percent", "pd15_hu"],
    name: /^(?<key>lungs?\w*?)_(?<column>laa950_percent|pd15_hu)$/,
  },
  lung_nodules: {
    of: "nodule",
    columns: ["diameter_mm", "vol_mm3", "density", "lobe", "pleura_mm"],
    name: /^nodule_(?<key>\d+)_(?<column>diameter_mm|vol_mm3|density|lobe|pleura_mm)$/,
  },
  vertebral_fracture: {
    of: "level",
    columns: [
      "height_anterior_mm",
      "height_middle_mm",
      "height_posterior_mm",
      "height_loss_percent",
    ],
    name: /^(?<key>[CTLS]\d+)_(?<column>height_(?:anterior_mm|middle_mm|posterior_mm|loss_percent))$/,
  },
  bone_density: {
    of: "level",
    columns: ["trabecular_hu_mean", "trabecular_hu_std", "trabecular_area_cm2", "body_hu_mean"],
    name: /^(?<key>[CTLS]\d+)_(?<column>trabecular_hu_mean|trabecular_hu_std|trabecular_area_cm2|body_hu_mean)$/,
  },
};

/** Many alike as a table; what does not fit in stays a list. */
export function matrixOf(group: Group): { matrix: Matrix | null; rest: Measurement[] } {
  const shape = SHAPES[group.analysis];
  if (!shape) return { matrix: null, rest: group.rows };
  const { of, columns, name, structure = (key: string) => key } = shape;
  const rows = new Map<string, (Measurement | undefined)[]>();
  const rest: Measurement[] = [];
  for (const one of group.rows) {
    const found = name.exec(one.name)?.groups as { key: string; column?: string } | undefined;
    if (!found) {
      rest.push(one);
      continue;
    }
    const key = structure(found.key);
    const cells = rows.get(key) ?? columns.map(() => undefined);
    cells[found.column ? columns.indexOf(found.column) : 0] = one;
    rows.set(key, cells);
  }
  if (rows.size < 2) return { matrix: null, rest: group.rows };
  const used = columns.map((_, column) => [...rows.values()].some((cells) => cells[column]));
  const inUse = <T>(all: readonly T[]) => all.filter((_, column) => used[column]);
  return {
    matrix: {
      of,
      columns: inUse(columns),
      rows: [...rows].map(([key, cells]) => ({ key, cells: inUse(cells) })),
    },
    rest,
  };
}
