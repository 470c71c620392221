import { Anchor, Button, Group, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useMay } from "@/app/session";
import { actorName } from "@/components/actorName";
import { Ago } from "@/components/Ago";
import { Missing } from "@/components/Missing";
import { WideTable } from "@/components/WideTable";
import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import { canResend, causeOf, type Delivery, isOpen } from "./deliveries";
import { DeliveryBadge } from "./DeliveryBadge";
import { useDeliveryCommand } from "./useDeliveryCommand";

interface Props {
  label: string;
  deliveries: readonly Delivery[];
  /** Of many studies: each row leads to its own. */
  withStudy?: boolean;
}

/** Objects and how far they got, with the reason where they did not arrive. */
export function DeliveryTable({ label, deliveries, withStudy }: Props) {
  const { t } = useTranslation("delivery");
  const may = useMay("operate");
  const columns = [
    ...(withStudy ? (["study"] as const) : []),
    ...(["destination", "object", "state", "why", "tries", "when", "cause"] as const),
  ];
  return (
    <WideTable label={label} minWidth={1040} fz="sm">
      <Table.Thead>
        <Table.Tr>
          {columns.map((column) => (
            <Table.Th key={column}>{t(`columns.${column}`)}</Table.Th>
          ))}
          {may && <Table.Td />}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {deliveries.map((delivery) => (
          <Table.Tr key={delivery.id}>
            {withStudy && (
              <Table.Td>
                <Anchor component={Link} to={`/studies/${delivery.study_id}`} size="sm">
                  {delivery.study_id}
                </Anchor>
              </Table.Td>
            )}
            <Table.Td>{delivery.destination}</Table.Td>
            <Table.Td>
              <ObjectName delivery={delivery} />
            </Table.Td>
            <Table.Td>
              <DeliveryBadge state={delivery.state} />
            </Table.Td>
            <Table.Td miw={220} maw={420}>
              <Why delivery={delivery} />
            </Table.Td>
            <Table.Td className="tabular">{delivery.attempts}</Table.Td>
            <Table.Td>
              <Ago at={delivery.changed_at} />
            </Table.Td>
            <Table.Td>
              <Cause cause={delivery.cause} />
            </Table.Td>
            {may && (
              <Table.Td>
                <Commands delivery={delivery} />
              </Table.Td>
            )}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </WideTable>
  );
}

function useObjectName({ kind, part }: Delivery): string {
  const { t } = useTranslation("delivery");
  const object = t(`object.${kind}`);
  return part > 1 ? t("part", { object, part }) : object;
}

function ObjectName({ delivery }: { delivery: Delivery }) {
  const { t } = useTranslation("delivery");
  return (
    <>
      {useObjectName(delivery)}
      <Text size="xs" c="dimmed">
        {t("revision", { number: delivery.revision })}
      </Text>
    </>
  );
}

/** The reason in words, and when it is tried next. */
function Why({ delivery }: { delivery: Delivery }) {
  const { t } = useTranslation("delivery");
  const format = useFormat();
  const terms = useTerms();
  const { reason, reason_text, next_try_at, state } = delivery;
  if (!reason_text && !next_try_at)
    return <Missing why={t(state === "waiting" ? "unsent" : "noReason")} />;
  return (
    <>
      {reason_text && <span>{terms.statement(reason, reason_text)}</span>}
      {next_try_at && state === "waiting" && (
        <Text size="xs" c="dimmed">
          {t("nextTry", { when: format.dateTime(next_try_at) })}
        </Text>
      )}
    </>
  );
}

function Cause({ cause }: { cause: string }) {
  const { t } = useTranslation("delivery");
  const { by, name } = causeOf(cause);
  return t(`causedBy.${by}`, { name: by === "person" ? actorName(name) : name });
}

function Commands({ delivery }: { delivery: Delivery }) {
  const { t } = useTranslation("delivery");
  const { ask, busy } = useDeliveryCommand();
  const object = useObjectName(delivery);
  const what = { object, destination: delivery.destination };
  const again = delivery.state === "waiting" ? "tryNow" : "resend";
  return (
    <Group gap={6} wrap="nowrap" justify="flex-end">
      {canResend(delivery) && (
        <Button
          size="compact-xs"
          variant="light"
          loading={busy === delivery.id}
          aria-label={t(`${again}One`, what)}
          onClick={() => ask({ delivery, command: "resend" })}
        >
          {t(again)}
        </Button>
      )}
      {isOpen(delivery) && (
        <Button
          size="compact-xs"
          variant="default"
          disabled={busy === delivery.id}
          aria-label={t("cancelOne", what)}
          onClick={() => ask({ delivery, command: "cancel" })}
        >
          {t("cancel")}
        </Button>
      )}
    </Group>
  );
}
