import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Waiting } from "@/components/Waiting";

import type { Study } from "../queries";
import { CorrectionItem } from "./CorrectionItem";
import classes from "./Corrections.module.css";
import { useHand } from "./hand";
import { NotBelieved } from "./NotBelieved";
import { ProposalUpload } from "./ProposalUpload";
import { comparedWithNetworks } from "./numbers";
import type { Corrections, Rejection } from "./queries";
import { RestoreButton } from "./RestoreButton";
import { useSubjectName } from "./useSubjectName";

/** What persons did to the results, the newest first; what waits for one stands among it. */
export function CorrectionsTab({ study }: { study: Study }) {
  const { t } = useTranslation("corrections");
  const { overview, isAllowed, whyNot } = useHand();
  if (!overview) return <Waiting />;
  const { corrections, rejections } = overview;
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-start">
        <Text size="sm" c="dimmed" maw={640}>
          {corrections.length === 0 ? t("tab.none") : t("tab.text")}
          {isAllowed && whyNot && ` ${t("tab.notNow", { why: whyNot })}`}
        </Text>
        {isAllowed && overview.can_correct && <ProposalUpload studyId={study.id} />}
      </Group>
      {rejections.length > 0 && <Standing rejections={rejections} />}
      <ol className={classes.list} aria-label={t("tab.list")} reversed>
        {corrections.map((one) => (
          <CorrectionItem key={one.number} study={study} correction={one} />
        ))}
        {corrections.some(({ version }) => version !== null) && (
          <NetworksVersion study={study} overview={overview} />
        )}
      </ol>
    </Stack>
  );
}

/** What is not believed now. */
function Standing({ rejections }: { rejections: readonly Rejection[] }) {
  const { t } = useTranslation("corrections");
  const nameOf = useSubjectName();
  return (
    <section>
      <Title order={3} size="h6" mb={4}>
        {t("tab.rejections")}
      </Title>
      <ul className={classes.what}>
        {rejections.map((one) => (
          <li key={`${one.kind} ${one.name}`}>
            <strong>{nameOf(one.kind, one.name)}</strong>{" "}
            <span className={classes.numbers}>
              <NotBelieved rejection={one} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Where it all began. */
function NetworksVersion({ study, overview }: { study: Study; overview: Corrections }) {
  const { t } = useTranslation("corrections");
  const { compare } = useHand();
  return (
    <li className={classes.item} data-version={0}>
      <Group justify="space-between">
        <Text size="sm" fw={600}>
          {t("tab.networks")}
        </Text>
        <Group gap={8}>
          {comparedWithNetworks(overview.corrections) && (
            <Button size="compact-sm" variant="default" onClick={() => compare(0)}>
              {t("look.openNetworks")}
            </Button>
          )}
          {overview.version !== 0 && <RestoreButton study={study} version={0} />}
        </Group>
      </Group>
    </li>
  );
}
