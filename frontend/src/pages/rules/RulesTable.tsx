import { Badge, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Missing } from "@/components/Missing";
import { WideTable } from "@/components/WideTable";
import { SeverityBadge } from "@/pages/study/findings/SeverityBadge";
import { useAppliesTo } from "@/pages/study/measurements/appliesTo";
import { useTerms } from "@/terms";

import { alike, conditionOf, type Limit, nameOf, type Rule } from "./rules";
import classes from "./RulesTable.module.css";

const ADULT = 18;
const ORIGINS = { package: "gray", changed: "orange", department: "blue" } as const;

/** A row for each severity and source; the least severe of a rule comes first. */
export function RulesTable({ rules }: { rules: readonly Rule[] }) {
  const { t } = useTranslation("rules");
  return (
    <WideTable label={t("title")} minWidth={860} className={classes.table}>
      <Table.Thead>
        <Table.Tr>
          {(["rule", "when", "severity", "source"] as const).map((column) => (
            <Table.Th key={column}>{t(`column.${column}`)}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      {rules.map((rule) => (
        <Table.Tbody key={rule.code} data-rule={rule.code} data-enabled={rule.enabled}>
          {alike(rule.limits).map(
            ([limit, ...others], at, rows) =>
              limit && (
                <Table.Tr key={at}>
                  {at === 0 && (
                    <Table.Th scope="rowgroup" rowSpan={rows.length}>
                      <Whose rule={rule} />
                    </Table.Th>
                  )}
                  <Table.Td>
                    <When limits={[limit, ...others]} whom={limit} />
                  </Table.Td>
                  <Table.Td className={classes.severity}>
                    <SeverityBadge severity={limit.severity} />
                  </Table.Td>
                  <Table.Td>
                    {limit.source ? (
                      <Text size="xs" lang="en">
                        {limit.source}
                      </Text>
                    ) : (
                      <Missing why={t("noSource")} />
                    )}
                  </Table.Td>
                </Table.Tr>
              ),
          )}
        </Table.Tbody>
      ))}
    </WideTable>
  );
}

function Whose({ rule }: { rule: Rule }) {
  const { t } = useTranslation("rules");
  const terms = useTerms();
  return (
    <>
      <div>{nameOf(rule, terms.language)}</div>
      <code className={classes.code}>{rule.code}</code>
      <div className={classes.badges}>
        <Badge size="sm" variant="light" tt="none" color={ORIGINS[rule.origin]}>
          {t(`origin.${rule.origin}`)}
        </Badge>
        {!rule.enabled && (
          <Badge size="sm" variant="outline" tt="none" color="gray">
            {t("off")}
          </Badge>
        )}
      </div>
    </>
  );
}

function When({ limits, whom: limit }: { limits: readonly Limit[]; whom: Limit }) {
  const { t } = useTranslation("rules");
  const terms = useTerms();
  const appliesTo = useAppliesTo();
  const whom = [
    // Adults are meant unless another age is given.
    ...appliesTo({ ...limit.applies_to, age_from: 0 }),
    ...(limit.applies_to.age_from === ADULT
      ? []
      : [t("ages", { count: limit.applies_to.age_from })]),
    ...(limit.usual_attenuation ? [t("usualAttenuation")] : []),
    ...(limit.unless ? [t("unless", { measurement: terms.measurement(limit.unless) })] : []),
    ...(limit.only_with.length > 0
      ? [
          t("onlyWith", {
            measurements: limit.only_with.map((one) => terms.measurement(one)).join(` ${t("or")} `),
          }),
        ]
      : []),
  ];
  return (
    <>
      {limits.map((one) => (
        <div key={conditionOf(one, "", "en")}>{conditionOf(one, t("or"), terms.language)}</div>
      ))}
      {whom.length > 0 && (
        <Text size="xs" c="dimmed">
          {whom.join(" · ")}
        </Text>
      )}
    </>
  );
}
