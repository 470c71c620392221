import { Alert, Stack, Text } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { Ago } from "@/components/Ago";
import { CopyText } from "@/components/CopyText";

import { nameOf, type Peer, remedyFor, turnedAway } from "./connection";

interface Props {
  peers: readonly Peer[];
  /** Our title. */
  ae: string;
  settings: Readonly<Record<string, string>> | undefined;
}

/** Who knocked and was not let in, why, and what to set. */
export function TurnedAway({ peers, ae, settings }: Props) {
  const { t } = useTranslation("welcome");
  const refused = turnedAway(peers);
  if (refused.length === 0) return null;
  return (
    <Alert
      color="orange"
      icon={<IconPlugConnectedX />}
      title={t("turnedAway.title", { count: refused.length })}
      role="status"
    >
      <Stack gap="md">
        {refused.map((peer) => (
          <Stack gap={4} key={`${peer.ae_title}@${peer.address}`}>
            <Text size="sm" fw={600}>
              {nameOf(peer)} · <Ago at={peer.last_rejection_at} />
            </Text>
            <Text size="sm">
              {t("turnedAway.because")} <span lang="en">{peer.last_rejection}</span>
            </Text>
            <Remedy peer={peer} ae={ae} settings={settings} />
          </Stack>
        ))}
      </Stack>
    </Alert>
  );
}

function Remedy({ peer, ae, settings }: Omit<Props, "peers"> & { peer: Peer }) {
  const { t } = useTranslation("welcome");
  const remedy = remedyFor(peer, settings ?? {});
  if (remedy.kind !== "setting")
    return <Text size="sm">{t(`turnedAway.${remedy.kind}`, { ae })}</Text>;
  const line = `${remedy.name}=${remedy.value}`;
  return (
    <>
      <Text size="sm">{t(settings ? "turnedAway.set" : "turnedAway.add")}</Text>
      <CopyText text={line} label={remedy.name} />
    </>
  );
}
