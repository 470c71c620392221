import { Button, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Results, Study } from "../queries";
import classes from "./Details.module.css";
import { filesOf } from "./files";

/** The evidence, to take along: everything, or a part of it. */
export function Downloads({ study, results }: { study: Study; results: Results }) {
  const { t, i18n } = useTranslation("study");
  const files = filesOf(study.id, results, t, i18n.language);
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
              miw={280}
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
