/** Display windows: level and width of what is shown between black and white. */
import type { ViewerManifest } from "./manifest";

export interface WindowLevel {
  level: number;
  width: number;
}
export type PresetName = ViewerManifest["windows"][number]["name"] | "usual" | "wide" | "full";
export interface Preset extends WindowLevel {
  name: PresetName;
}

/** Narrower cannot be told from black and white. */
const LEAST_SHARE = 1 / 4096;
/** Voxels that are looked at to find percentiles. */
const SAMPLES = 200_000;

export function rangeOf({ level, width }: WindowLevel): [number, number] {
  return [level - width / 2, level + width / 2];
}

/** By how much a drag of so many pixels changes the window; across is width, down is level. */
export function dragged(
  from: WindowLevel,
  pixels: { across: number; down: number },
  range: number,
): WindowLevel {
  // A wide window moves faster; the whole range takes some thousand pixels.
  const perPixel = Math.max(from.width / 300, range / 4000);
  return {
    level: from.level + pixels.down * perPixel,
    width: Math.max(from.width + pixels.across * perPixel, range * LEAST_SHARE),
  };
}

/** Values at shares (0 to 1) of the sorted voxels, from a sample of them. */
export function percentiles(
  voxels: ArrayLike<number>,
  shares: readonly number[],
  samples = SAMPLES,
): number[] {
  // A stride that shares no factor with usual matrices walks through all rows and columns.
  const step = Math.max(1, Math.floor(voxels.length / samples)) | 1;
  const found: number[] = [];
  for (let at = 0; at < voxels.length; at += step) {
    const value = voxels[at];
    if (value !== undefined && Number.isFinite(value)) found.push(value);
  }
  const sorted = Float64Array.from(found).sort();
  return shares.map((share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0);
}

function between(name: PresetName, low: number, high: number): Preset {
  return { name, level: (low + high) / 2, width: Math.max(high - low, 1e-6) };
}

/** Signal has no unit: its windows come from the image itself. */
export function signalPresets(voxels: ArrayLike<number>, slope: number, inter: number): Preset[] {
  const [least = 0, p1 = 0, p95 = 0, p99 = 0, most = 0] = percentiles(
    voxels,
    [0, 0.01, 0.95, 0.99, 1],
  ).map((value) => value * slope + inter);
  return [
    between("usual", p1, p99),
    between("wide", p1, p99 + (p99 - p1) / 2),
    between("full", least, most),
  ].map((preset) =>
    preset.width > 1e-6 || p95 === p1 ? preset : between(preset.name, least, most),
  );
}

/** Which preset a window is, if any. */
export function presetOf(presets: readonly Preset[], window: WindowLevel): PresetName | null {
  const found = presets.find((one) => one.level === window.level && one.width === window.width);
  return found?.name ?? null;
}
