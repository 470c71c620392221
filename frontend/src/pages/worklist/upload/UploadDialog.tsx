import { Button, Group, Modal, Switch, Text } from "@mantine/core";
import { IconFileZip, IconFolder } from "@tabler/icons-react";
import { type ChangeEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { parcelsOf } from "./parcels";
import { startUploads } from "./uploads";

/** All browsers have it; React's types do not. */
const FOLDER: object = { webkitdirectory: "" };

/** For who does not drag: files or a folder, and how urgent they are. */
export function UploadDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation("worklist");
  const [stat, setStat] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);

  const take = ({ currentTarget }: ChangeEvent<HTMLInputElement>) => {
    startUploads(parcelsOf([...(currentTarget.files ?? [])]), stat);
    currentTarget.value = "";
    onClose();
  };
  const input = { type: "file", multiple: true, hidden: true, onChange: take };

  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("upload.title")}
      closeButtonProps={{ "aria-label": t("actions.close") }}
    >
      <Text size="sm">{t("upload.text")}</Text>
      <Switch
        my="md"
        color="red.9"
        label={t("upload.stat")}
        checked={stat}
        onChange={(event) => setStat(event.currentTarget.checked)}
      />
      <Group>
        <Button
          leftSection={<IconFileZip size={16} />}
          onClick={() => files.current?.click()}
          data-autofocus
        >
          {t("upload.choose")}
        </Button>
        <Button
          variant="default"
          leftSection={<IconFolder size={16} />}
          onClick={() => folder.current?.click()}
        >
          {t("upload.folder")}
        </Button>
      </Group>
      <input ref={files} {...input} aria-label={t("upload.choose")} />
      <input ref={folder} {...input} {...FOLDER} aria-label={t("upload.folder")} />
    </Modal>
  );
}
