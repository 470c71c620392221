import { Alert } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useTerms } from "@/terms";

import classes from "./Notices.module.css";
import type { Study } from "./queries";

/** What every reader has to be told before the first number; never folded away. */
export function Notices({ study }: { study: Study }) {
  const { t } = useTranslation("study");
  const terms = useTerms();
  if (study.notices.length === 0) return null;
  return (
    <Alert
      role="note"
      variant="filled"
      color="yellow.5"
      radius={0}
      py={5}
      px={12}
      icon={<IconAlertTriangle />}
      aria-label={t("notice")}
    >
      <ul className={classes.list}>
        {terms.statements(study.notices_coded, study.notices).map((notice) => (
          <li key={notice}>{notice}</li>
        ))}
      </ul>
    </Alert>
  );
}
