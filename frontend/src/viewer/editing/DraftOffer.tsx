import { Alert, Button, Group, Text } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";
import { useTerms } from "@/terms";

import classes from "./editing.module.css";
import type { Editing } from "./useEditing";

/** There are edits that were never saved: go on with them, or not. */
export function DraftOffer({ editing }: { editing: Editing }) {
  const { t } = useTranslation("viewer");
  const terms = useTerms();
  const format = useFormat();
  const { draft, canResume, session, resume } = editing;
  const { offered } = draft;
  if (!offered || session || !editing.isAllowed) return null;
  const names = offered.structures.map(terms.structure).join(", ");
  return (
    <Alert className={classes.offer} color="yellow" p="xs" icon={<IconHistory size={18} />}>
      <Group gap="xs" justify="space-between">
        <Text size="sm">
          {t(draft.isForeign ? "edit.draft.foreign" : "edit.draft.offer", {
            when: format.dateTime(offered.at.toISOString()),
            names,
          })}
        </Text>
        <Group gap="xs">
          <Button size="compact-sm" variant="default" onClick={() => void draft.discard()}>
            {t("edit.draft.discard")}
          </Button>
          {draft.isForeign ? (
            <Button size="compact-sm" onClick={draft.putAside}>
              {t("edit.draft.keep")}
            </Button>
          ) : (
            <Button size="compact-sm" disabled={!canResume} onClick={resume}>
              {t("edit.draft.resume")}
            </Button>
          )}
        </Group>
      </Group>
    </Alert>
  );
}
