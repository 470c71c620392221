/** Places that a person has set on a slice: a line and a side of it, or a box's corners. */
import type { Axis, Triple } from "../geometry";
import { type Box, triple } from "./space";

export class Points {
  /** The places, and where the hand is now; all on one slice of one plane. */
  constructor(
    readonly places: readonly Triple[] = [],
    readonly axis: Axis | null = null,
    readonly hover: Triple | null = null,
  ) {}

  /** One place more; on another slice it begins anew. */
  with(place: Triple, axis: Axis): Points {
    const [first] = this.places;
    const isHere =
      first !== undefined &&
      axis === this.axis &&
      Math.round(first[axis]) === Math.round(place[axis]);
    return new Points(isHere ? [...this.places, place] : [place], axis);
  }

  hovered(place: Triple): Points {
    return new Points(this.places, this.axis, place);
  }
}

/** The box that has two places as corners on their plane, and goes through the whole volume. */
export function boxBetween(one: Triple, other: Triple, through: Axis, shape: Triple): Box {
  const [a, b] = [one, other].map((place) => triple((axis) => Math.round(place[axis]))) as [
    Triple,
    Triple,
  ];
  return {
    from: triple((axis) => (axis === through ? 0 : Math.min(a[axis], b[axis]))),
    to: triple((axis) => (axis === through ? shape[axis] : Math.max(a[axis], b[axis]) + 1)),
  };
}
