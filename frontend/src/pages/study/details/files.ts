/** What can be taken along, the whole first. */
import type { TFunction } from "i18next";

import type { Results } from "../queries";

export interface File {
  href: string;
  label: string;
  what: string;
}

export function filesOf(studyId: number, results: Results, t: TFunction<"study">): File[] {
  const at = `/api/v1/studies/${studyId}`;
  return [
    { href: `${at}/archive`, label: t("download.all"), what: t("download.allWhat") },
    {
      href: `${at}/archive?identity=false`,
      label: t("download.unnamed"),
      what: t("download.unnamedWhat"),
    },
    {
      href: `/api/v1/measurements.csv?study=${studyId}`,
      label: t("download.csv"),
      what: t("download.csvWhat"),
    },
    ...(results.has_volume
      ? [{ href: `${at}/volume`, label: t("download.volume"), what: t("download.volumeWhat") }]
      : []),
    ...Object.entries(results.masks).map(([folder, structures]) => ({
      href: `${at}/masks/${encodeURIComponent(folder)}`,
      label: t("download.masks", { folder }),
      what: t("download.masksWhat", { count: structures.length }),
    })),
  ];
}
