import { type OptionsFilter, Select } from "@mantine/core";
import { useMemo, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { useTerms } from "@/terms";

import type { LabelMap, Paintable, ViewerManifest } from "../manifest";
import { mapName } from "../names";
import { keyOf, type StructureKey } from "../state";
import { plain } from "../tree";
import classes from "./editing.module.css";
import type { EditSession, Target } from "./session";

interface Props {
  session: EditSession;
  manifest: ViewerManifest;
  begin: (target: Target) => void;
}

/** Which structure is edited: any of the label maps. */
export function StructureChoice({ session, manifest, begin }: Props) {
  const { t } = useTranslation("viewer");
  const { target } = useSyncExternalStore(session.subscribe, session.view);
  const groups = useStructures(manifest);
  const chosen = groups
    .flatMap(({ items }) => items)
    .find(({ value }) => target && value === keyOf(target.map, target.label));
  return (
    <Select
      size="xs"
      w={165}
      searchable
      selectFirstOptionOnChange
      data={groups}
      filter={byWords}
      value={chosen?.value ?? null}
      placeholder={t("edit.choose")}
      aria-label={t("edit.choose")}
      nothingFoundMessage={t("panel.none")}
      maxDropdownHeight={320}
      comboboxProps={{ withinPortal: false, width: 260, position: "bottom-start" }}
      leftSection={
        chosen && (
          <span
            className={classes.swatch}
            style={{ backgroundColor: `rgb(${chosen.colour.join(" ")})` }}
          />
        )
      }
      onChange={(value) => {
        const [map = "", label] = value?.split("/") ?? [];
        if (map) begin({ map, label: Number(label) });
      }}
    />
  );
}

interface Item {
  value: StructureKey;
  label: string;
  structure: string;
  colour: Paintable["colour"];
}
interface Group {
  group: string;
  items: Item[];
}

/** Items whose name holds every word; a group whose name does is kept whole. */
const byWords: OptionsFilter = ({ options, search }) => {
  const words = plain(search).split(/\s+/).filter(Boolean);
  const holds = (text: string) => words.every((word) => plain(text).includes(word));
  return (options as Group[]).map(({ group, items }) => ({
    group,
    items: holds(group)
      ? items
      : items.filter(({ label, structure }) => holds(label) || holds(structure)),
  }));
};

/**
 * Every structure that can be painted, by label map, in the alphabet's order: first what there is,
 * then what the networks have not found.
 */
export function useStructures({ labels }: ViewerManifest) {
  const { t } = useTranslation("viewer");
  const terms = useTerms();
  return useMemo((): Group[] => {
    const items = (map: LabelMap, structures: readonly Paintable[]): Item[] =>
      structures
        .map(({ label, structure, colour }) => ({
          value: keyOf(map.name, label),
          label: terms.Structure(structure),
          structure: structure.replaceAll("_", " "),
          colour,
        }))
        .sort((one, other) => one.label.localeCompare(other.label, undefined, { numeric: true }));
    const maps = labels ?? [];
    const found = maps.map((map) => ({
      group: mapName(t, map.name),
      items: items(map, map.structures),
    }));
    const absent = maps.map((map) => ({
      group: t("edit.absent", { map: mapName(t, map.name) }),
      items: items(map, map.absent),
    }));
    return [...found, ...absent].filter((one) => one.items.length > 0);
  }, [labels, t, terms]);
}
