import { Alert, Anchor, Text } from "@mantine/core";
import { IconHandStop } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useTerms } from "@/terms";

import { useHand } from "./hand";

/** What waits for a person's word, and what could not be computed. */
export function WaitingNotice() {
  const { t } = useTranslation("corrections");
  const terms = useTerms();
  const { overview, showAll } = useHand();
  if (!overview) return null;
  const count = (...states: string[]) =>
    overview.corrections.filter(({ state }) => states.includes(state)).length;
  const failed = overview.corrections.find(({ state }) => state === "failed");
  const lines = [
    count("proposed") > 0 && t("notice.proposed", { count: count("proposed") }),
    count("offered") > 0 && t("notice.offered", { count: count("offered") }),
    failed && t("notice.failed", { why: terms.statement(failed.error, "") }),
    count("pending") > 0 && t("notice.pending"),
  ].filter((line): line is string => Boolean(line));
  if (lines.length === 0) return null;
  return (
    <Alert
      variant="light"
      color={failed ? "orange" : "blue"}
      radius={0}
      py={6}
      px={12}
      icon={<IconHandStop />}
      role="status"
    >
      {lines.map((line) => (
        <Text key={line} size="sm">
          {line}{" "}
          <Anchor component="button" type="button" inherit onClick={showAll}>
            {t("notice.look")}
          </Anchor>
        </Text>
      ))}
    </Alert>
  );
}
