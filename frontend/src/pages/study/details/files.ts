/** What can be taken along, the whole first. */
import type { TFunction } from "i18next";

import type { Results } from "../queries";

export interface File {
  href: string;
  label: string;
  what: string;
}

/** The report of one page as a file, in the reader's language. */
export function reportUrl(studyId: number, language: string): string {
  return `/api/v1/studies/${studyId}/report.pdf?language=${language}`;
}

export function filesOf(
  studyId: number,
  results: Results,
  t: TFunction<"study">,
  language: string,
): File[] {
  const at = `/api/v1/studies/${studyId}`;
  return [
    { href: `${at}/archive`, label: t("download.all"), what: t("download.allWhat") },
    {
      href: `${at}/archive?identity=false`,
      label: t("download.unnamed"),
      what: t("download.unnamedWhat"),
    },
    {
      href: reportUrl(studyId, language),
      label: t("download.report"),
      what: t("download.reportWhat"),
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
