/** Everything heavy that is done to a structure, as values that a worker can be sent. */
import type { Axis } from "../geometry";
import type { Block } from "./block";
import type { Over } from "./brush";
import { type Cut, cutOff, givenAway, keptWithin, swapped } from "./pieces";
import { type Bounds, filledBetween, grown, shrunk, smoothed } from "./shapes";
import type { Box } from "./space";

export type Operation =
  | { do: "fill"; label: number; axis: Axis; right: readonly number[]; over: Over }
  | ({ do: "grow"; label: number; over: Over } & Bounds)
  | ({ do: "shrink"; label: number } & Bounds)
  | { do: "smooth"; label: number; mm: number; over: Over }
  | { do: "piece"; label: number; seed: number; to: number }
  | { do: "swap"; label: number; other: number }
  | { do: "cut"; label: number; cut: Cut; to: number }
  | { do: "within"; label: number; box: Box };

/** The block's labels when it is done. */
export function perform(block: Block, operation: Operation): Uint8Array<ArrayBuffer> {
  const { label } = operation;
  switch (operation.do) {
    case "fill":
      return filledBetween(block, label, operation, operation.over);
    case "grow":
      return grown(block, label, operation, operation.over);
    case "shrink":
      return shrunk(block, label, operation);
    case "smooth":
      return smoothed(block, label, operation.mm, operation.over);
    case "piece":
      return givenAway(block, label, operation.seed, operation.to);
    case "swap":
      return swapped(block, label, operation.other);
    case "cut":
      return cutOff(block, label, operation.cut, operation.to);
    case "within":
      return keptWithin(block, label, operation.box);
  }
}
