import { ActionIcon, Modal, Text, Textarea, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconClipboardText } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useTerms } from "@/terms";

import type { Measurement, Results } from "../queries";
import { useStudyView } from "../view";
import { reportText } from "./report";

interface Props {
  results: Results;
  /** What the filter shows; without a filter everything but the inventory is copied. */
  measurements: readonly Measurement[] | undefined;
}

/** Results as text, for the dictated report. */
export function CopyReport({ results, measurements }: Props) {
  const { t } = useTranslation(["study", "terms"]);
  const terms = useTerms();
  const { study } = useStudyView();
  const [shown, setShown] = useState<string | null>(null);

  const copy = async () => {
    const software = results.provenance && `Heimdallr ${results.provenance.version}`;
    const text = reportText(
      measurements ?? results.measurements.filter(({ analysis }) => analysis !== "structures"),
      results.findings,
      [...(software ? [software] : []), ...terms.statements(study.notices_coded, study.notices)],
      {
        findings: t("findings"),
        severity: (severity) => t(`terms:severity.${severity}`),
        status: (status) => t(`terms:status.${status}`),
        flag: (flag) => t(`flag.${flag}`),
        reference: t("how.reference").toLowerCase(),
      },
      terms.language,
    );
    try {
      // Only there over HTTPS; elsewhere the text is shown, marked.
      await navigator.clipboard.writeText(text);
      notifications.show({ message: t("copy.done"), color: "teal" });
    } catch {
      setShown(text);
    }
  };

  return (
    <>
      <Tooltip label={t("copy.label")}>
        <ActionIcon
          variant="default"
          size={30}
          aria-label={t("copy.label")}
          onClick={() => void copy()}
        >
          <IconClipboardText size={17} />
        </ActionIcon>
      </Tooltip>
      <Modal
        opened={shown !== null}
        onClose={() => setShown(null)}
        title={t("copy.label")}
        size="lg"
      >
        <Text size="sm" mb="xs">
          {t("copy.select")}
        </Text>
        <Textarea
          aria-label={t("copy.label")}
          readOnly
          autosize
          maxRows={20}
          value={shown ?? ""}
          onFocus={(event) => event.currentTarget.select()}
          data-autofocus
        />
      </Modal>
    </>
  );
}
