import type { Niivue } from "@niivue/niivue";

/** A rectangle of the canvas, in its own pixels from the top left. */
export interface Part {
  left: number;
  top: number;
  wide: number;
  high: number;
}

/**
 * Draw a part of the scene anew; the rest stays as it was drawn.
 *
 * Where the processor draws, a whole slice takes longer than a hand that paints can wait for. NiiVue
 * clears all of its canvas before it draws: for this once, it clears the part.
 */
export function drawPart(nv: Niivue, { left, top, wide, high }: Part): void {
  const { gl } = nv;
  gl.enable(gl.SCISSOR_TEST);
  gl.scissor(left, gl.canvas.height - top - high, wide, high);
  nv.clearBounds = (mask = gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT) => gl.clear(mask);
  try {
    nv.drawScene();
  } finally {
    // The class's own again.
    Reflect.deleteProperty(nv, "clearBounds");
    gl.disable(gl.SCISSOR_TEST);
  }
}
