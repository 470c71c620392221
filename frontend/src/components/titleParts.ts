/** A finding's title where there is little room: the name may be cut, its number never. */
const ENDS_IN_QUANTITY = /^(?<name>.+[,:])(?<quantity> [-−]?\d[\d.,\s]* \D+)$/u;

/** `Enlarged spleen,` and ` 824 cm³`; the two are the title. */
export function titleParts(title: string): { name: string; quantity: string } {
  const { name = title, quantity = "" } = ENDS_IN_QUANTITY.exec(title)?.groups ?? {};
  return { name, quantity };
}
