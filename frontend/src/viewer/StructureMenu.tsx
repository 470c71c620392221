import { Menu } from "@mantine/core";
import { IconBrush, IconTarget } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useTerms } from "@/terms";

import type { LabelMap, Structure } from "./manifest";
import type { StructureKey } from "./state";

/** A structure that something is to be done with, and where the menu opens (in the viewer). */
export interface Asked {
  key: StructureKey;
  map: LabelMap;
  structure: Structure;
  x: number;
  y: number;
  /** What has the focus again when the menu closes. */
  opener: HTMLElement | null;
}

/** More that can be done with a structure, as items of the menu: what a page adds to the viewer. */
export type MoreOfStructure = (told: { map: LabelMap; structure: Structure }) => ReactNode;

interface Props {
  asked: Asked | null;
  onClose: () => void;
  /** Null where nothing can be edited. */
  onEdit: ((key: StructureKey) => void) | null;
  onOnly: (key: StructureKey) => void;
  more: MoreOfStructure | undefined;
}

/** What can be done with a structure: from the list, or from the images with the right button. */
export function StructureMenu({ asked, onClose, onEdit, onOnly, more }: Props) {
  const { t } = useTranslation("viewer");
  const terms = useTerms();
  if (!asked) return null;
  const { key, map, structure, x, y, opener } = asked;
  const name = terms.Structure(structure.structure);
  const close = () => {
    onClose();
    opener?.focus({ preventScroll: true });
  };
  return (
    <Menu
      opened
      withinPortal={false}
      position="bottom-start"
      trapFocus
      onClose={close}
      aria-label={t("edit.menu.label", { name })}
    >
      <Menu.Target>
        <span style={{ position: "absolute", left: x, top: y, width: 1, height: 1 }} />
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{name}</Menu.Label>
        {onEdit && (
          <Menu.Item leftSection={<IconBrush size={14} />} onClick={() => onEdit(key)}>
            {t("edit.menu.edit")}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconTarget size={14} />} onClick={() => onOnly(key)}>
          {t("edit.menu.only")}
        </Menu.Item>
        {more?.({ map, structure })}
      </Menu.Dropdown>
    </Menu>
  );
}
