import { Button, Group, Modal, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { nameOf } from "./commands";
import type { Refused } from "./useCommands";

interface DeleteProps {
  /** How many; 0 when nothing is to be deleted. */
  count: number;
  /** How many of them are not on the screen. */
  elsewhere: number;
  onDelete: () => void;
  onClose: () => void;
}

/** Asks before studies are gone for good. */
export function DeleteDialog({ count, elsewhere, onDelete, onClose }: DeleteProps) {
  const { t } = useTranslation("worklist");
  return (
    <Modal
      opened={count > 0}
      onClose={onClose}
      title={t("actions.deleteTitle", { count })}
      closeButtonProps={{ "aria-label": t("actions.keep") }}
    >
      <Text size="sm">{t("actions.deleteText")}</Text>
      {elsewhere > 0 && (
        <Text size="sm" fw={550} mt="sm">
          {t("actions.deleteElsewhere", { count: elsewhere })}
        </Text>
      )}
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t("actions.keep")}
        </Button>
        <Button color="red.9" onClick={onDelete}>
          {t("actions.deleteNow", { count })}
        </Button>
      </Group>
    </Modal>
  );
}

interface RefusedProps {
  refused: Refused | null;
  /** What to call a study. */
  nameOfStudy: (studyId: number) => string;
  onClose: () => void;
}

/** What was not done, to which study, and why. */
export function RefusedDialog({ refused, nameOfStudy, onClose }: RefusedProps) {
  const { t } = useTranslation("worklist");
  if (!refused) return null;
  const action = t(`actions.${nameOf(refused.doing)}`).replace(" …", "");
  const title = t("actions.refusedTitle", { action, count: refused.refusals.length });
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size="lg"
      closeButtonProps={{ "aria-label": t("actions.close") }}
    >
      <Table>
        <Table.Tbody>
          {refused.refusals.map(({ study_id, reason }) => (
            <Table.Tr key={study_id}>
              <Table.Th scope="row" fw={500}>
                {nameOfStudy(study_id)}
              </Table.Th>
              <Table.Td>{reason}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {refused.done > 0 && (
        <Text size="sm" mt="sm">
          {t("actions.someDone", { count: refused.done })}
        </Text>
      )}
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t("actions.close")}
        </Button>
      </Group>
    </Modal>
  );
}
