import { Button, Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";

import { DestinationForm } from "./DestinationForm";
import type { Destination } from "./peers";

interface Props {
  /** The one that is changed, or a new one; nothing while none is. */
  edited: Destination | "new" | null;
  kinds: readonly Schemas["PeerKind"][];
  onClose: () => void;
  onSaved: (name: string) => void;
}

/** Adds a destination, or changes one. */
export function DestinationDialog({ edited, kinds, onClose, onSaved }: Props) {
  const { t } = useTranslation(["destinations", "common"]);
  const known = edited === "new" || edited === null ? undefined : edited;
  return (
    <Modal
      opened={edited !== null}
      onClose={onClose}
      size="lg"
      closeOnClickOutside={false}
      title={
        known ? t("destinations.changeTitle", { name: known.name }) : t("destinations.addTitle")
      }
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <DestinationForm
        destination={known}
        kinds={kinds}
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
