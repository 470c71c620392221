import { Anchor, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Schemas } from "@/api/client";
import { Facts } from "@/components/Facts";
import { Section } from "@/components/Section";

/** What runs here, and how it is set up. */
export function VersionsSection({ system }: { system: Schemas["System"] }) {
  const { t } = useTranslation("system");
  return (
    <Section title={t("versions.title")}>
      <Facts
        facts={[
          ["Heimdallr", system.version],
          ["Python", system.python],
          ...Object.entries(system.packages),
          [t("versions.database"), system.database === "sqlite" ? "SQLite" : "PostgreSQL"],
          [t("versions.device"), `${system.device} · ${system.backend} · ${system.resolution}`],
          [t("versions.access"), t(system.auth === "on" ? "versions.on" : "versions.off")],
          [
            t("versions.rules"),
            <Link key="rules" to="/rules">
              {t("versions.showRules")}
            </Link>,
          ],
          ["TLS", t(system.tls ? "versions.tls" : "versions.noTls")],
        ]}
      />
      <Group gap="md" mt="sm">
        {["/healthz", "/readyz", "/metrics", "/docs"].map((path) => (
          <Anchor key={path} href={path} size="sm" ff="monospace">
            {path}
          </Anchor>
        ))}
      </Group>
    </Section>
  );
}
