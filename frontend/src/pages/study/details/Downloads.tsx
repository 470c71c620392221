import { Button, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Results, Study } from "../queries";
import classes from "./Details.module.css";

interface File {
  href: string;
  label: string;
  what: string;
}

/** The evidence, to take along: everything, or a part of it. */
export function Downloads({ study, results }: { study: Study; results: Results }) {
  const { t } = useTranslation("study");
  const at = `/api/v1/studies/${study.id}`;
  const files: File[] = [
    { href: `${at}/archive`, label: t("download.all"), what: t("download.allWhat") },
    {
      href: `${at}/archive?identity=false`,
      label: t("download.unnamed"),
      what: t("download.unnamedWhat"),
    },
    {
      href: `/api/v1/measurements.csv?study=${study.id}`,
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
  return (
    <>
      <ul className={classes.files}>
        {files.map(({ href, label, what }) => (
          <li key={href}>
            <Button
              component="a"
              href={href}
              download
              size="xs"
              variant="default"
              leftSection={<IconDownload size={15} />}
              miw={230}
              justify="flex-start"
            >
              {label}
            </Button>{" "}
            <Text span size="sm" c="dimmed">
              {what}
            </Text>
          </li>
        ))}
      </ul>
      {(!results.has_volume || Object.keys(results.masks).length === 0) && (
        <Text size="sm" c="dimmed" mt="sm">
          {t("download.notKept")}
        </Text>
      )}
    </>
  );
}
