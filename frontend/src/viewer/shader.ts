/**
 * How a slice is drawn: NiiVue places it (its vertex shader), this colours it.
 *
 * Voxels and labels are read from the textures at full resolution, so that window, structures,
 * opacity and outlines are uniforms and a small table: a change costs one frame, no upload.
 */
import { CHANGES } from "./comparing/comparison";
import { LABELS } from "./lut";
import type { Voxels } from "./nifti";

/** NiiVue uses the units 0 to 10; WebGL2 has 32 at least. */
export const IMAGE_UNIT = 16;
export const LUT_UNIT = 17;
export const FIRST_LABELS_UNIT = 18;
/** A fragment shader of WebGL2 may read from 16 textures: the image, the table, these, differences. */
export const MOST_MAPS = 12;
export const DIFFERENCE_UNIT = FIRST_LABELS_UNIT + MOST_MAPS;

const CROSSHAIR = "vec3(0.29, 0.75, 0.82)";

export interface Samples {
  sampler: "isampler3D" | "usampler3D" | "sampler3D";
  internal: "R8UI" | "R16I" | "R16UI" | "R32F";
  format: "RED_INTEGER" | "RED";
  type: "UNSIGNED_BYTE" | "SHORT" | "UNSIGNED_SHORT" | "FLOAT";
}

export function samplesOf(voxels: Voxels): Samples {
  if (voxels instanceof Int16Array)
    return { sampler: "isampler3D", internal: "R16I", format: "RED_INTEGER", type: "SHORT" };
  if (voxels instanceof Uint16Array)
    return {
      sampler: "usampler3D",
      internal: "R16UI",
      format: "RED_INTEGER",
      type: "UNSIGNED_SHORT",
    };
  if (voxels instanceof Uint8Array)
    return {
      sampler: "usampler3D",
      internal: "R8UI",
      format: "RED_INTEGER",
      type: "UNSIGNED_BYTE",
    };
  return { sampler: "sampler3D", internal: "R32F", format: "RED", type: "FLOAT" };
}

/** Over a structure of any colour and a grey of any value. */
const DIFFERENCE_COLOURS = {
  removed: "vec3(1.0, 0.27, 0.23)",
  added: "vec3(0.24, 0.86, 0.35)",
  other: "vec3(0.25, 0.6, 1.0)",
} as const;

/**
 * Voxels that differ between two versions, in the colour of what became of them.
 *
 * What was taken away is hatched: red and green are one colour to one man in twelve.
 */
const DIFFERENCE = `
uniform highp usampler3D difference;
uniform mat4 toDifference;
uniform float stripe; // width, pixels; 0: they are not looked at

vec3 differing(vec3 rgb) {
  uint change = labelIn(difference, (toDifference * vec4(texPos, 1.0)).xyz);
  if (change == 0u || stripe == 0.0) return rgb;
  float isOn = step(stripe, mod(gl_FragCoord.x + gl_FragCoord.y, 2.0 * stripe));
  if (change == ${CHANGES.removed}u)
    return mix(rgb, ${DIFFERENCE_COLOURS.removed}, 0.4 + 0.5 * isOn);
  return mix(rgb, change == ${CHANGES.added}u
    ? ${DIFFERENCE_COLOURS.added} : ${DIFFERENCE_COLOURS.other}, 0.65);
}
`;

/** The program for an image of this kind with so many label maps, and differences on top. */
export function sliceShader(
  sampler: Samples["sampler"],
  maps: number,
  hasDifference = false,
): string {
  const all = Array.from({ length: maps }, (_, at) => at);
  const lines = (make: (at: number) => string) => all.map(make).join("\n");
  return `#version 300 es
precision highp int;
precision highp float;
precision highp ${sampler};
precision highp usampler3D;
uniform highp ${sampler} image;
uniform highp sampler2D lut;
uniform mat4 toImage;
uniform vec2 scaling;
uniform vec2 range;
uniform vec3 crosshair;
uniform vec3 lineWidth;
uniform float fill;
uniform float outline;
uniform int axCorSag;
${lines((at) => `uniform highp usampler3D labels${at};\nuniform mat4 toLabels${at};`)}
in vec3 texPos;
out vec4 color;

float stored(ivec3 at) {
  return float(texelFetch(image, clamp(at, ivec3(0), textureSize(image, 0) - 1), 0).r);
}

// Slices lie on voxel centres: the third interpolation is hardly ever needed.
float between(ivec3 at, vec3 part) {
  ivec3 x = ivec3(1, 0, 0);
  float near = stored(at);
  return part.x < 0.001 ? near : mix(near, stored(at + x), part.x);
}

float inPlane(ivec3 at, vec3 part) {
  float near = between(at, part);
  return part.y < 0.001 ? near : mix(near, between(at + ivec3(0, 1, 0), part), part.y);
}

float value(vec3 voxel) {
  ivec3 at = ivec3(floor(voxel));
  vec3 part = fract(voxel);
  float near = inPlane(at, part);
  float raw = part.z < 0.001 ? near : mix(near, inPlane(at + ivec3(0, 0, 1), part), part.z);
  return raw * scaling.x + scaling.y;
}

uint labelIn(highp usampler3D labels, vec3 voxel) {
  ivec3 at = ivec3(floor(voxel + 0.5));
  bool outside = any(lessThan(at, ivec3(0))) ||
    any(greaterThanEqual(at, textureSize(labels, 0)));
  return outside ? 0u : texelFetch(labels, at, 0).r;
}

vec3 masked(vec3 rgb, highp usampler3D labels, mat4 toLabels, int row, vec3 dx, vec3 dy) {
  vec3 voxel = (toLabels * vec4(texPos, 1.0)).xyz;
  uint label = labelIn(labels, voxel);
  vec4 own = texelFetch(lut, ivec2(int(label) % ${LABELS}, row), 0);
  if (label == 0u || own.a == 0.0) return rgb;
  float alpha = fill;
  if (outline > 0.0) {
    vec3 right = (toLabels * vec4(dx, 0.0)).xyz;
    vec3 up = (toLabels * vec4(dy, 0.0)).xyz;
    bool edge = labelIn(labels, voxel + right) != label || labelIn(labels, voxel - right) != label
      || labelIn(labels, voxel + up) != label || labelIn(labels, voxel - up) != label;
    alpha = edge ? 1.0 : 0.0;
  }
  return mix(rgb, own.rgb, alpha);
}
${hasDifference ? DIFFERENCE : ""}
void main(void) {
  vec3 dx = dFdx(texPos);
  vec3 dy = dFdy(texPos);
  float grey = (value((toImage * vec4(texPos, 1.0)).xyz) - range.x) / (range.y - range.x);
  vec3 rgb = vec3(clamp(grey, 0.0, 1.0));
  if (fill > 0.0 || outline > 0.0) {
    vec3 wide = dx * outline;
    vec3 high = dy * outline;
${lines((at) => `    rgb = masked(rgb, labels${at}, toLabels${at}, ${at}, wide, high);`)}
  }
${hasDifference ? "  rgb = differing(rgb);" : ""}
  // Two thin lines, open where they meet.
  vec3 size = max(abs(dx) + abs(dy), vec3(1e-9));
  vec3 away = abs(texPos - crosshair) / size;
  if (axCorSag == 0) away.z = 1e6;
  else if (axCorSag == 1) away.y = 1e6;
  else away.x = 1e6;
  vec3 near = step(away, lineWidth.xxx);
  float closest = min(away.x, min(away.y, away.z));
  float second = away.x + away.y + away.z - 1e6 - closest;
  float line = max(near.x, max(near.y, near.z)) * step(lineWidth.y, second) * lineWidth.z;
  color = vec4(mix(rgb, ${CROSSHAIR}, line), 1.0);
}
`;
}
