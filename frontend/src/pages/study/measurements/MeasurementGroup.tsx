import { ActionIcon, Modal, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconBook2, IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { useTerms } from "@/terms";

import { Markdown } from "../Markdown";
import { useCatalogue } from "../queries";
import { type Group, matrixOf } from "./grouping";
import { MatrixTable } from "./MatrixTable";
import { MeasurementRow } from "./MeasurementRow";
import classes from "./Measurements.module.css";
import { NoduleGrowth } from "./NoduleGrowth";

/** The measurements of one analysis, and the way to its documentation. */
export function MeasurementGroup({ group, opened }: { group: Group; opened: boolean }) {
  const { t } = useTranslation(["study", "terms"]);
  const terms = useTerms();
  const id = useId();
  const [toggled, setToggled] = useState(false);
  const open = opened !== toggled;
  const title = terms.analysis(group.analysis);
  const count = group.rows.filter(({ status }) => status === "measured").length;
  return (
    <div role="group" aria-label={title}>
      <div className={classes.head}>
        <h3 className={classes.groupTitle}>
          <UnstyledButton
            className={classes.groupHead}
            aria-expanded={open}
            aria-controls={open ? id : undefined}
            onClick={() => setToggled(!toggled)}
          >
            {open ? <IconChevronDown size={16} /> : <IconChevronRight size={16} />}
            {title}
            <Text span size="xs" c="dimmed" ml="auto" fw={400}>
              {group.absence
                ? t(`terms:status.${group.absence.status}`)
                : t("measured", { count, all: group.rows.length })}
            </Text>
          </UnstyledButton>
        </h3>
        <Method analysis={group.analysis} />
      </div>
      {open && (
        <div id={id}>
          {group.absence ? (
            <Text size="xs" c="dimmed" px={12} py={6}>
              {terms.statement(group.absence.reason_coded, group.absence.reason)}
            </Text>
          ) : (
            <Rows group={group} title={title} />
          )}
        </div>
      )}
    </div>
  );
}

function Rows({ group, title }: { group: Group; title: string }) {
  const { matrix, rest } = matrixOf(group);
  return (
    <>
      {rest.length > 0 && (
        <ul className={classes.rows}>
          {rest.map((one) => (
            <MeasurementRow key={one.name} measurement={one} />
          ))}
        </ul>
      )}
      {matrix && <MatrixTable matrix={matrix} title={title} />}
      {group.analysis === "lung_nodules" && <NoduleGrowth />}
    </>
  );
}

function Method({ analysis }: { analysis: string }) {
  const { t } = useTranslation("study");
  const terms = useTerms();
  const { data } = useCatalogue();
  const [opened, setOpened] = useState(false);
  const found = data?.analyses.find(({ name }) => name === analysis);
  if (!found) return null;
  const label = t("how.method", { what: terms.analysis(analysis) });
  return (
    <>
      <Tooltip label={label}>
        <ActionIcon
          variant="subtle"
          color="gray"
          h="auto"
          mr={8}
          aria-label={label}
          onClick={() => setOpened(true)}
        >
          <IconBook2 size={16} />
        </ActionIcon>
      </Tooltip>
      <Modal opened={opened} onClose={() => setOpened(false)} size="lg" title={found.title}>
        <div lang="en">
          <Markdown text={found.text} />
        </div>
      </Modal>
    </>
  );
}
