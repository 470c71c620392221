import { ActionIcon, Checkbox } from "@mantine/core";
import {
  IconChevronDown,
  IconChevronRight,
  IconDots,
  IconFocusCentered,
  IconTarget,
} from "@tabler/icons-react";
import { memo, useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { useTerms } from "@/terms";

import type { StructureKey } from "./state";
import { type Branch, checkedOf, type Leaf } from "./tree";
import classes from "./StructurePanel.module.css";

interface Actions {
  show: (keys: readonly StructureKey[], on: boolean) => void;
  only: (key: StructureKey) => void;
  goTo: (key: StructureKey) => void;
  openMenu: (key: StructureKey, opener: HTMLElement) => void;
}

interface Props extends Actions {
  branch: Branch;
  shown: ReadonlySet<StructureKey>;
  isSearch: boolean;
}

/** Few enough to be seen at once. */
const SHORT = 8;

export function StructureGroup({ branch, shown, isSearch, ...actions }: Props) {
  const { t } = useTranslation("viewer");
  const id = useId();
  const [isOpen, setOpen] = useState(branch.leaves.length <= SHORT);
  const name = t(`panel.group.${branch.group}`);
  const keys = branch.leaves.map(({ key }) => key);
  const checked = checkedOf(keys, shown);
  const isUnfolded = isOpen || isSearch;
  const Chevron = isUnfolded ? IconChevronDown : IconChevronRight;
  return (
    <div role="group" aria-labelledby={id}>
      <div className={classes.group}>
        <ActionIcon
          size="xs"
          variant="subtle"
          color="gray"
          aria-expanded={isUnfolded}
          aria-label={t(isUnfolded ? "panel.close" : "panel.open", { name })}
          onClick={() => setOpen(!isOpen)}
        >
          <Chevron size={14} />
        </ActionIcon>
        <Checkbox
          size="xs"
          label={<span id={id}>{name}</span>}
          checked={checked === "all"}
          indeterminate={checked === "some"}
          onChange={() => actions.show(keys, checked !== "all")}
        />
      </div>
      {isUnfolded &&
        branch.leaves.map((leaf) => (
          <StructureRow key={leaf.key} leaf={leaf} isShown={shown.has(leaf.key)} {...actions} />
        ))}
    </div>
  );
}

const StructureRow = memo(function StructureRow(props: Actions & { leaf: Leaf; isShown: boolean }) {
  const { t } = useTranslation("viewer");
  const terms = useTerms();
  const { leaf, isShown, show, only, goTo, openMenu } = props;
  const { name, key, structure } = leaf;
  const doubts = structure.doubts.map((text, n) =>
    terms.statement(structure.doubts_coded[n], text),
  );
  return (
    <div className={classes.row} data-structure={structure.structure}>
      <Checkbox
        size="xs"
        checked={isShown}
        onChange={(event) => show([key], event.currentTarget.checked)}
        label={
          <span className={classes.name}>
            <span
              className={classes.swatch}
              style={{ backgroundColor: `rgb(${structure.colour.join(" ")})` }}
            />
            {name}
          </span>
        }
        description={doubts.join("; ") || undefined}
      />
      <ActionIcon
        className={classes.action}
        size="xs"
        variant="subtle"
        color="gray"
        aria-label={t("panel.only", { name })}
        title={t("panel.only", { name })}
        onClick={() => only(key)}
      >
        <IconTarget size={14} />
      </ActionIcon>
      <ActionIcon
        className={classes.action}
        size="xs"
        variant="subtle"
        color="gray"
        aria-label={t("panel.goTo", { name })}
        title={t("panel.goTo", { name })}
        onClick={() => goTo(key)}
      >
        <IconFocusCentered size={14} />
      </ActionIcon>
      <ActionIcon
        className={classes.action}
        size="xs"
        variant="subtle"
        color="gray"
        aria-haspopup="menu"
        aria-label={t("panel.menu", { name })}
        title={t("panel.menu", { name })}
        onClick={(event) => openMenu(key, event.currentTarget)}
      >
        <IconDots size={14} />
      </ActionIcon>
    </div>
  );
});
