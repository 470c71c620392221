import { ActionIcon, NumberInput, Popover, Select, Stack, Switch } from "@mantine/core";
import { IconAdjustments } from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import type { ViewerManifest } from "../manifest";
import { keyOf } from "../state";
import type { EditSession } from "./session";
import { type Settings, USUAL_RANGE_HU } from "./settings";
import { useStructures } from "./StructureChoice";

interface Props {
  settings: Settings;
  set: (part: Partial<Settings>) => void;
  session: EditSession;
  manifest: ViewerManifest;
}

/** What may be painted over, in which values, and what goes where. */
export function PaintOptions({ settings, set, session, manifest }: Props) {
  const { t } = useTranslation("viewer");
  const { over, range, into } = settings;
  const isUsual = over === "all" && range === null && into === 0;
  return (
    <Popover position="bottom-start" trapFocus returnFocus width={280}>
      <Popover.Target>
        <ActionIcon
          size="md"
          variant={isUsual ? "default" : "light"}
          aria-label={t("edit.options.label")}
          title={t("edit.options.label")}
        >
          <IconAdjustments size={18} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown p="sm">
        <Stack gap="xs">
          <Labels
            label={t("edit.options.over")}
            session={session}
            manifest={manifest}
            first={[
              { value: "all", label: t("edit.options.everything") },
              { value: "unlabelled", label: t("edit.options.unlabelled") },
            ]}
            value={over}
            onChange={(value) =>
              set({ over: value === "all" || value === "unlabelled" ? value : Number(value) })
            }
          />
          <Labels
            label={t("edit.options.into")}
            session={session}
            manifest={manifest}
            first={[{ value: "0", label: t("edit.options.nothing") }]}
            value={into}
            onChange={(value) => set({ into: Number(value) })}
          />
          <Range settings={settings} set={set} isHounsfield={manifest.windows.length > 0} />
          <NumberInput
            size="xs"
            label={t("edit.options.grow")}
            suffix=" mm"
            min={1}
            max={30}
            value={settings.growMm}
            onChange={(value) => typeof value === "number" && set({ growMm: value })}
          />
          <NumberInput
            size="xs"
            label={t("edit.options.smooth")}
            suffix=" mm"
            min={1}
            max={20}
            value={settings.smoothMm}
            onChange={(value) => typeof value === "number" && set({ smoothMm: value })}
          />
          <Switch
            size="xs"
            label={t("edit.options.finger")}
            checked={settings.fingerDraws}
            onChange={(event) => set({ fingerDraws: event.currentTarget.checked })}
          />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

interface LabelsProps extends Pick<Props, "session" | "manifest"> {
  label: string;
  first: { value: string; label: string }[];
  value: string | number;
  onChange: (value: string) => void;
}

/** A choice among the structures of the label map that is edited, and what stands before them. */
function Labels({ label, session, manifest, first, value, onChange }: LabelsProps) {
  const { target } = useSyncExternalStore(session.subscribe, session.view);
  const structures = useStructures(manifest).flatMap(({ items }) => items);
  const own = target ? `${target.map}/` : "-";
  const others = structures
    .filter(
      (one) =>
        one.value.startsWith(own) && one.value !== keyOf(own.slice(0, -1), target?.label ?? 0),
    )
    .map((one) => ({ value: one.value.slice(own.length), label: one.label }));
  return (
    <Select
      size="xs"
      searchable
      allowDeselect={false}
      label={label}
      data={[...first, ...others]}
      value={String(value)}
      comboboxProps={{ withinPortal: false }}
      onChange={(chosen) => chosen !== null && onChange(chosen)}
    />
  );
}

function Range({
  settings: { range },
  set,
  isHounsfield,
}: Pick<Props, "settings" | "set"> & { isHounsfield: boolean }) {
  const { t } = useTranslation("viewer");
  const [lowest, highest] = range ?? USUAL_RANGE_HU;
  const unit = isHounsfield ? " HU" : "";
  return (
    <>
      <Switch
        size="xs"
        label={t("edit.options.range")}
        checked={range !== null}
        onChange={(event) => set({ range: event.currentTarget.checked ? [lowest, highest] : null })}
      />
      {range && (
        <div style={{ display: "flex", gap: 8 }}>
          <NumberInput
            size="xs"
            suffix={unit}
            aria-label={t("edit.options.lowest")}
            value={lowest}
            onChange={(value) => typeof value === "number" && set({ range: [value, highest] })}
          />
          <NumberInput
            size="xs"
            suffix={unit}
            aria-label={t("edit.options.highest")}
            value={highest}
            onChange={(value) => typeof value === "number" && set({ range: [lowest, value] })}
          />
        </div>
      )}
    </>
  );
}
