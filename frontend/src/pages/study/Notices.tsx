import { Alert, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useTerms } from "@/terms";

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
      <Text size="sm" fw={650} c="black">
        {terms.statements(study.notices_coded, study.notices).join(" · ")}
      </Text>
    </Alert>
  );
}
