/** A finding's title where there is little room: the name may be cut, its number never. */
const ENDS_IN_QUANTITY =
  /^(?<name>.+[,:])(?<quantity> [-−]?\d[\d.,\s]* [^\d(]*[^\d(\s])(?: \(.+\))?$/u;

/** `Enlarged spleen,` and ` 824 cm³`; whose rule it is, in brackets at the end, is left out. */
export function titleParts(title: string): { name: string; quantity: string } {
  const { name = title, quantity = "" } = ENDS_IN_QUANTITY.exec(title)?.groups ?? {};
  return { name, quantity };
}
