import { Button, Checkbox, Group, Slider, Switch, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type Dispatch, type RefObject, useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { useTerms } from "@/terms";

import type { ViewerManifest } from "./manifest";
import { mapName } from "./names";
import { type Action, keysOf, type StructureKey, type ViewerState } from "./state";
import { StructureGroup } from "./StructureGroup";
import { checkedOf, filtered, treeOf } from "./tree";
import classes from "./StructurePanel.module.css";

interface Props {
  manifest: ViewerManifest;
  state: ViewerState;
  searchRef: RefObject<HTMLInputElement | null>;
  dispatch: Dispatch<Action>;
  goTo: (key: StructureKey) => void;
  openMenu: (key: StructureKey, opener: HTMLElement) => void;
}

/** Which structures are shown, and how. */
export function StructurePanel(props: Props) {
  const { manifest, state, searchRef, dispatch, goTo, openMenu } = props;
  const { t } = useTranslation("viewer");
  const terms = useTerms();
  const [search, setSearch] = useState("");
  const maps = useMemo(
    () => (manifest.labels ?? []).filter(({ structures }) => structures.length > 0),
    [manifest],
  );
  const tree = useMemo(
    () => treeOf(maps, manifest.groups, ({ structure }) => terms.Structure(structure)),
    [maps, manifest, terms],
  );
  const branches = useMemo(
    () => filtered(tree, search, (group) => t(`panel.group.${group}`)),
    [tree, search, t],
  );
  const all = useMemo(() => maps.flatMap(keysOf), [maps]);
  const show = useCallback(
    (keys: readonly StructureKey[], on: boolean) => dispatch({ do: "show", keys, on }),
    [dispatch],
  );
  const only = useCallback(
    (key: StructureKey) => dispatch({ do: "only", keys: [key] }),
    [dispatch],
  );
  const why = terms.statement(manifest.labels_reason_coded, manifest.labels_reason);
  const is3d = state.layout === "render" || state.layout === "grid";
  return (
    <section className={classes.panel} aria-label={t("panel.title")} data-off={state.masksOff}>
      {manifest.labels === null ? (
        <Text size="sm" p="xs">
          {`${t("error.noLabels")}: ${why}.`}
        </Text>
      ) : (
        <>
          <div className={classes.head}>
            <TextInput
              ref={searchRef}
              size="xs"
              type="search"
              placeholder={t("panel.search")}
              aria-label={t("panel.search")}
              leftSection={<IconSearch size={14} />}
              value={search}
              onChange={(event) => setSearch(event.currentTarget.value)}
              onKeyDown={(event) => event.key === "Escape" && setSearch("")}
            />
            <Group gap={4} wrap="nowrap" justify="space-between">
              <Group gap={2} wrap="nowrap">
                <Button
                  size="compact-xs"
                  variant="subtle"
                  onClick={() => dispatch({ do: "only", keys: all })}
                >
                  {t("panel.all")}
                </Button>
                <Button
                  size="compact-xs"
                  variant="subtle"
                  onClick={() => dispatch({ do: "only", keys: [] })}
                >
                  {t("panel.nothing")}
                </Button>
              </Group>
              <Text size="xs" c="dimmed" role="status">
                {t("panel.shown", {
                  shown: all.filter((key) => state.shown.has(key)).length,
                  all: all.length,
                })}
              </Text>
            </Group>
            {maps.length > 1 && (
              <Group gap="sm" role="group" aria-label={t("panel.maps")}>
                {maps.map((map) => {
                  const keys = keysOf(map);
                  const checked = checkedOf(keys, state.shown);
                  return (
                    <Checkbox
                      key={map.name}
                      size="xs"
                      label={mapName(t, map.name)}
                      checked={checked === "all"}
                      indeterminate={checked === "some"}
                      onChange={() => show(keys, checked !== "all")}
                    />
                  );
                })}
              </Group>
            )}
          </div>
          <div className={classes.list}>
            {branches.map((branch) => (
              <StructureGroup
                key={branch.group}
                branch={branch}
                shown={state.shown}
                isSearch={search.trim() !== ""}
                show={show}
                only={only}
                goTo={goTo}
                openMenu={openMenu}
              />
            ))}
            {branches.length === 0 && (
              <Text size="xs" c="dimmed" p="xs">
                {t("panel.none")}
              </Text>
            )}
          </div>
          <div className={classes.foot}>
            <Share
              label={t("panel.opacity")}
              value={state.opacity}
              onChange={(opacity) => dispatch({ do: "opacity", opacity })}
            />
            {is3d && (
              <Share
                label={t("panel.body")}
                value={state.body}
                onChange={(body) => dispatch({ do: "body", body })}
              />
            )}
            <Switch
              size="xs"
              label={t("panel.outline")}
              checked={state.outline}
              onChange={(event) =>
                dispatch({ do: "outline", outline: event.currentTarget.checked })
              }
            />
          </div>
        </>
      )}
    </section>
  );
}

function Share(props: { label: string; value: number; onChange: (value: number) => void }) {
  const { label, value, onChange } = props;
  return (
    <Group gap="xs" wrap="nowrap">
      <Text size="xs" w={92}>
        {label}
      </Text>
      <Slider
        flex={1}
        size="sm"
        label={(percent) => `${percent} %`}
        value={Math.round(value * 100)}
        thumbLabel={label}
        onChange={(percent) => onChange(percent / 100)}
      />
    </Group>
  );
}
