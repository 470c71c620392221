import { Button, Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Destination } from "./peers";
import { RuleForm } from "./RuleForm";
import { nextPosition, type Rule } from "./rules";

interface Props {
  /** The one that is changed, or a new one; nothing while none is. */
  edited: Rule | "new" | null;
  rules: readonly Rule[];
  destinations: readonly Destination[];
  onClose: () => void;
  onSaved: () => void;
}

/** Adds a rule, or changes one. */
export function RuleDialog({ edited, rules, destinations, onClose, onSaved }: Props) {
  const { t } = useTranslation(["destinations", "common"]);
  const known = edited === "new" || edited === null ? undefined : edited;
  return (
    <Modal
      opened={edited !== null}
      onClose={onClose}
      size="lg"
      closeOnClickOutside={false}
      title={known ? t("rules.changeTitle", { name: known.name }) : t("rules.addTitle")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <RuleForm
        rule={known}
        position={known?.position ?? nextPosition(rules)}
        destinations={destinations}
        onSaved={onSaved}
        cancel={
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
        }
      />
    </Modal>
  );
}
