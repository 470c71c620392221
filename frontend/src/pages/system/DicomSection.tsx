import { Anchor, Badge, Group, Stack, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Schemas } from "@/api/client";
import { Ago } from "@/components/Ago";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Facts } from "@/components/Facts";
import { Missing } from "@/components/Missing";
import { Section } from "@/components/Section";
import { Waiting } from "@/components/Waiting";
import { WideTable } from "@/components/WideTable";

import { usePeers } from "./queries";

/** How images get in: the listener, and who has called it. */
export function DicomSection({ intake }: { intake: Schemas["Intake"] }) {
  const { t } = useTranslation("system");
  const { data, error } = usePeers();
  const when = (at: string | null) => (at ? <Ago at={at} /> : t("dicom.never"));
  return (
    <Section
      title={t("dicom.title")}
      aside={
        <Anchor component={Link} to="/welcome" size="sm">
          {t("dicom.connect")}
        </Anchor>
      }
    >
      {error && <ErrorPanel error={error} />}
      {data ? (
        <Stack gap="md">
          <Facts
            facts={[
              [
                t("dicom.intake"),
                <Group key="intake" gap="xs">
                  <Badge variant="light" color={intake.alive ? "teal" : "red"}>
                    {t(intake.alive ? "dicom.alive" : "dicom.dead")}
                  </Badge>
                  {!intake.alive && intake.last_seen_at && <Ago at={intake.last_seen_at} />}
                </Group>,
              ],
              [t("dicom.ae"), <code key="ae">{data.ae_title}</code>],
              [t("dicom.port"), <code key="port">{data.port}</code>],
              [t("dicom.lastCall"), when(intake.last_peer_at)],
              [t("dicom.lastImage"), when(intake.last_store_at)],
              [t("dicom.lastStudy"), when(intake.last_study_at)],
            ]}
          />
          {data.peers.length === 0 ? (
            <Text size="sm">{t("dicom.noPeers")}</Text>
          ) : (
            <PeersTable peers={data.peers} />
          )}
        </Stack>
      ) : (
        !error && <Waiting />
      )}
    </Section>
  );
}

function PeersTable({ peers }: { peers: readonly Schemas["PeerOut"][] }) {
  const { t } = useTranslation("system");
  const when = (at: string | null, why: string) => (at ? <Ago at={at} /> : <Missing why={why} />);
  return (
    <WideTable label={t("dicom.peers")} minWidth={560}>
      <Table.Thead>
        <Table.Tr>
          {["peer", "address", "echo", "image", "turnedAway"].map((column) => (
            <Table.Th key={column}>{t(`dicom.${column}`)}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {peers.map((peer) => (
          <Table.Tr key={`${peer.ae_title}@${peer.address}`}>
            <Table.Td>
              {peer.ae_title ? <code>{peer.ae_title}</code> : <Missing why={t("dicom.noTitle")} />}
            </Table.Td>
            <Table.Td className="tabular">{peer.address}</Table.Td>
            <Table.Td>{when(peer.last_echo_at, t("dicom.noEcho"))}</Table.Td>
            <Table.Td>{when(peer.last_store_at, t("dicom.noImage"))}</Table.Td>
            <Table.Td>
              {peer.last_rejection_at ? (
                <>
                  <Ago at={peer.last_rejection_at} />
                  <Text size="xs" lang="en">
                    {peer.last_rejection}
                  </Text>
                </>
              ) : (
                <Missing why={t("dicom.noRejection")} />
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </WideTable>
  );
}
