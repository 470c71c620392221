import { Badge, Button, Group, Table } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { Ago } from "@/components/Ago";
import { WideTable } from "@/components/WideTable";
import { useFormat } from "@/i18n/format";

import { type Token, workingFirst } from "./tokens";

const COLORS: Record<Token["state"], string> = {
  valid: "teal",
  revoked: "gray",
  expired: "gray",
  future: "orange",
};

interface Props {
  tokens: readonly Token[];
  onRevoke: (name: string) => void;
}

export function TokensTable({ tokens, onRevoke }: Props) {
  const { t } = useTranslation("access");
  const format = useFormat();
  return (
    <WideTable label={t("tabs.tokens")} minWidth={760}>
      <Table.Thead>
        <Table.Tr>
          {["name", "scopes", "state", "used", "expires", "created"].map((column) => (
            <Table.Th key={column}>{t(`tokens.${column}`)}</Table.Th>
          ))}
          <Table.Td />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {workingFirst(tokens).map((token) => {
          const { state } = token;
          return (
            <Table.Tr key={token.name}>
              <Table.Th scope="row">{token.name}</Table.Th>
              <Table.Td>
                <Group gap={4}>
                  {token.scopes.map((scope) => (
                    <Badge
                      key={scope}
                      variant="light"
                      color={scope === "admin" ? "red" : undefined}
                    >
                      {scope}
                    </Badge>
                  ))}
                </Group>
              </Table.Td>
              <Table.Td>
                <Badge variant="light" color={COLORS[state]}>
                  {t(`tokens.is.${state}`)}
                </Badge>
              </Table.Td>
              <Table.Td>
                {token.last_used_at ? <Ago at={token.last_used_at} /> : t("never")}
              </Table.Td>
              <Table.Td>
                {token.expires_at ? format.dateTime(token.expires_at) : t("tokens.forEver")}
              </Table.Td>
              <Table.Td>
                {format.dateTime(token.created_at)} · {token.created_by}
              </Table.Td>
              <Table.Td>
                {(state === "valid" || state === "future") && (
                  <Button
                    size="compact-xs"
                    variant="light"
                    color="red"
                    onClick={() => onRevoke(token.name)}
                    aria-label={t("tokens.revokeOne", { name: token.name })}
                  >
                    {t("tokens.revoke")}
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </WideTable>
  );
}
