import { expect, test } from "vitest";

import { samplesOf, sliceShader } from "./shader";

test("every type of voxels has the texture that holds it unchanged", () => {
  expect(samplesOf(new Int16Array(1)).internal).toBe("R16I");
  expect(samplesOf(new Uint16Array(1)).internal).toBe("R16UI");
  expect(samplesOf(new Uint8Array(1)).internal).toBe("R8UI");
  expect(samplesOf(new Float32Array(1)).internal).toBe("R32F");
});

test("a program reads as many label maps as there are, in their order", () => {
  const program = sliceShader("isampler3D", 2);
  expect(program).toMatch(/uniform highp isampler3D image;/);
  expect(program.match(/uniform highp usampler3D labels\d;/g)).toHaveLength(2);
  expect(program).toMatch(/masked\(rgb, labels0[^]*masked\(rgb, labels1/);
  expect(sliceShader("sampler3D", 0)).not.toContain("labels0");
  expect(program).not.toContain("difference");
  expect(sliceShader("isampler3D", 2, true)).toMatch(/masked\(rgb, labels1[^]*differing\(rgb\)/);
});
