import { List } from "@mantine/core";
import type { ReactNode } from "react";
import { Trans, useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useMay } from "@/app/session";
import { Section } from "@/components/Section";

/** What comes after the first echo, and what to do without a PACS. */
export function NextSteps({ bundled }: { bundled: boolean }) {
  const { t } = useTranslation("welcome");
  const administrator = useMay("admin");
  const step = (key: string, to?: string): ReactNode => (
    <List.Item>
      <Trans
        t={t}
        i18nKey={`next.${key}`}
        components={{ code: <code />, ...(to && { page: <Link to={to} /> }) }}
      />
    </List.Item>
  );
  return (
    <>
      <Section title={t("next.without")}>
        <List size="sm" spacing={6}>
          {step("upload", "/")}
          {step("command")}
        </List>
      </Section>
      <Section title={t("next.title")}>
        <List size="sm" spacing={6} type="ordered">
          {step("rule")}
          {step("stat")}
          {administrator && step("users", "/access")}
          {bundled && step("weights", "/system#weights")}
        </List>
      </Section>
    </>
  );
}
