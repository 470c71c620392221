import { Table } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useFormat } from "@/i18n/format";

import type { ViewerManifest } from "../manifest";
import { useStructureNames } from "../useStructureNames";
import classes from "./comparing.module.css";
import type { Change, Comparison, StructureChange } from "./comparison";
import type { Comparing } from "./useComparing";

interface Props {
  comparing: Comparing;
  comparison: Comparison;
  manifest: ViewerManifest;
}

const COLUMNS: readonly Change[] = ["removed", "added", "other"];

/** What the colours mean, and how much of each there is of every structure. */
export function Legend({ comparing, comparison, manifest }: Props) {
  const { t } = useTranslation("viewer");
  const nameOf = useStructureNames(manifest);
  return (
    <div className={classes.legend} tabIndex={0} role="region" aria-label={t("compare.legend")}>
      <Table w="auto" fz="xs" verticalSpacing={1} horizontalSpacing={8} withRowBorders={false}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("compare.structure")}</Table.Th>
            {COLUMNS.map((one) => (
              <Table.Th key={one} ta="end">
                <span className={classes.swatch} data-change={one} /> {t(`compare.${one}`)}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {comparison.structures.map((change) => (
            <Table.Tr key={change.key} data-structure={change.key}>
              <Table.Td>
                <button
                  type="button"
                  className={classes.name}
                  title={t("compare.goTo", { name: nameOf(change.key) })}
                  onClick={() => comparing.goTo(change.key)}
                >
                  {nameOf(change.key)}
                </button>
              </Table.Td>
              <Amounts change={change} manifest={manifest} />
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

/** "1,234 · 1.2 cm³" in each column; where other structures are concerned, to them and from them. */
function Amounts({ change, manifest }: { change: StructureChange; manifest: ViewerManifest }) {
  const { t } = useTranslation("viewer");
  const format = useFormat();
  const [x, y, z] = manifest.volume?.spacing_mm ?? [0, 0, 0];
  const amount = (voxels: number) => {
    const cm3 = (voxels * x * y * z) / 1000;
    return t("compare.amount", {
      voxels: format.number(voxels),
      cm3: format.number(cm3, cm3 < 10 ? 2 : 1),
    });
  };
  const { removed, added, given, taken } = change;
  const others = [
    given && t("compare.given", { amount: amount(given) }),
    taken && t("compare.taken", { amount: amount(taken) }),
  ].filter(Boolean);
  return (
    <>
      <Table.Td ta="end">{removed ? `−${amount(removed)}` : "–"}</Table.Td>
      <Table.Td ta="end">{added ? `+${amount(added)}` : "–"}</Table.Td>
      <Table.Td ta="end">{others.length > 0 ? others.join(", ") : "–"}</Table.Td>
    </>
  );
}
