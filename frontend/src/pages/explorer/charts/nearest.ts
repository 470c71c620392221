/** Points under the pointer, and their order for the keyboard. */

export interface Place {
  x: number;
  y: number;
}

/** Index of the point that is nearest, if one is near enough. */
export function nearest(places: readonly Place[], at: Place, reach: number): number | null {
  let [found, least] = [-1, reach * reach];
  places.forEach((place, index) => {
    const distance = (place.x - at.x) ** 2 + (place.y - at.y) ** 2;
    if (distance <= least) [found, least] = [index, distance];
  });
  return found < 0 ? null : found;
}

/** The point to the right (1) or left (-1) of this one; the first when there was none. */
export function neighbour(
  places: readonly Place[],
  index: number | null,
  step: 1 | -1,
): number | null {
  const order = places
    .map((_, n) => n)
    .sort((a, b) => {
      const [one, other] = [places[a], places[b]];
      return one && other ? one.x - other.x || one.y - other.y : 0;
    });
  if (index === null) return order.at(step > 0 ? 0 : -1) ?? null;
  const position = order.indexOf(index) + step;
  return order[Math.min(Math.max(position, 0), order.length - 1)] ?? null;
}
