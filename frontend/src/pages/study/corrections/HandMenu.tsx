import { ActionIcon, Menu, Text } from "@mantine/core";
import { IconArrowBackUp, IconBone, IconDotsVertical, IconThumbDown } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useTerms } from "@/terms";

import classes from "./Corrections.module.css";
import { type Subject, useHand } from "./hand";
import { levelOf } from "./levels";

const ICON = 15;

interface Props {
  /** What can be not believed, the number or finding itself first. */
  subjects: readonly Subject[];
  /** The level it was read at, where it is of one. */
  level: string | null;
}

/** What a person can say against a result; nothing for who may only read. */
export function HandMenu({ subjects, level }: Props) {
  const { t } = useTranslation("corrections");
  const { isAllowed, overview } = useHand();
  const [first] = subjects;
  if (!isAllowed || !overview || !first) return null;
  return (
    <Menu position="bottom-end" width={280} withinPortal>
      <Menu.Target>
        <ActionIcon
          className={classes.menu}
          size="sm"
          variant="subtle"
          color="gray"
          aria-label={t("menu", { what: first.label })}
        >
          <IconDotsVertical size={ICON} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Items subjects={subjects} level={level} levelText={t("level.wrong")} />
      </Menu.Dropdown>
    </Menu>
  );
}

/** The same in the viewer's menu of a structure: which vertebra it is, that it is not believed. */
export function HandOnStructure({ structure }: { structure: string }) {
  const { t } = useTranslation("corrections");
  const terms = useTerms();
  const { isAllowed, overview } = useHand();
  if (!isAllowed || !overview) return null;
  const subject = {
    kind: "structure",
    name: structure,
    label: terms.Structure(structure),
  } as const;
  return <Items subjects={[subject]} level={levelOf(structure)} levelText={t("level.open")} />;
}

function Items({ subjects, level, levelText }: Props & { levelText: string }) {
  const { overview, whyNot, askLevel } = useHand();
  const isClosed = !overview?.can_correct;
  return (
    <>
      {level && (
        <Menu.Item
          leftSection={<IconBone size={ICON} />}
          disabled={isClosed}
          onClick={() => askLevel(level)}
        >
          {levelText}
        </Menu.Item>
      )}
      {subjects.map((subject) => (
        <Belief key={subject.kind} subject={subject} isClosed={isClosed} />
      ))}
      {isClosed && (
        <Text size="xs" c="dimmed" px="sm" py={4}>
          {whyNot}
        </Text>
      )}
    </>
  );
}

/** Not believed, or believed again. */
function Belief({ subject, isClosed }: { subject: Subject; isClosed: boolean }) {
  const { t } = useTranslation("corrections");
  const { askWhy, takeBack, rejectionOf } = useHand();
  const isRejected = rejectionOf(subject.kind, subject.name) !== undefined;
  const Icon = isRejected ? IconArrowBackUp : IconThumbDown;
  return (
    <Menu.Item
      leftSection={<Icon size={ICON} />}
      disabled={isClosed}
      onClick={() => (isRejected ? takeBack(subject) : askWhy(subject))}
    >
      {t(isRejected ? `reject.back.${subject.kind}` : `reject.open.${subject.kind}`, {
        what: subject.label,
      })}
    </Menu.Item>
  );
}
