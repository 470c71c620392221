import { ActionIcon, Badge, Group, Menu, Select, Table } from "@mantine/core";
import { IconDots, IconKey, IconUserCheck, IconUserOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import type { Schemas } from "@/api/client";
import { useSession } from "@/app/session";
import { Ago } from "@/components/Ago";
import { WideTable } from "@/components/WideTable";
import { useFormat } from "@/i18n/format";

export type User = Schemas["UserView"];
export type Role = User["role"];
export const ROLES: readonly Role[] = ["viewer", "operator", "admin"];

interface Props {
  users: readonly User[];
  onRole: (user: User, role: Role) => void;
  onDisabled: (user: User) => void;
  onPassword: (user: User) => void;
}

export function UsersTable({ users, onRole, onDisabled, onPassword }: Props) {
  const { t } = useTranslation("access");
  const format = useFormat();
  const roles = ROLES.map((role) => ({ value: role, label: t(`common:role.${role}`) }));
  return (
    <WideTable label={t("tabs.users")} minWidth={680}>
      <Table.Thead>
        <Table.Tr>
          {["name", "role", "state", "signedIn", "created"].map((column) => (
            <Table.Th key={column}>{t(`users.${column}`)}</Table.Th>
          ))}
          <Table.Td />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {users.map((user) => (
          <Table.Tr key={user.name}>
            <Table.Th scope="row">
              <UserName name={user.name} />
            </Table.Th>
            <Table.Td>
              <Select
                size="xs"
                w={160}
                aria-label={t("users.roleOf", { name: user.name })}
                data={roles}
                value={user.role}
                allowDeselect={false}
                onChange={(role) => role && role !== user.role && onRole(user, role)}
              />
            </Table.Td>
            <Table.Td>
              <Group gap={4}>
                <Badge variant="light" color={user.disabled ? "red" : "teal"}>
                  {t(user.disabled ? "users.shutOut" : "users.active")}
                </Badge>
                {user.one_time_until && (
                  <Badge variant="light" color="yellow">
                    {t("users.oneTime", { until: format.dateTime(user.one_time_until) })}
                  </Badge>
                )}
              </Group>
            </Table.Td>
            <Table.Td>{user.last_login_at ? <Ago at={user.last_login_at} /> : t("never")}</Table.Td>
            <Table.Td>{format.dateTime(user.created_at)}</Table.Td>
            <Table.Td>
              <Menu position="bottom-end">
                <Menu.Target>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={t("users.actions", { name: user.name })}
                  >
                    <IconDots size={18} />
                  </ActionIcon>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item leftSection={<IconKey size={16} />} onClick={() => onPassword(user)}>
                    {t("users.reset")}
                  </Menu.Item>
                  <Menu.Item
                    leftSection={
                      user.disabled ? <IconUserCheck size={16} /> : <IconUserOff size={16} />
                    }
                    color={user.disabled ? undefined : "red"}
                    onClick={() => onDisabled(user)}
                  >
                    {t(user.disabled ? "users.enable" : "users.disable")}
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </WideTable>
  );
}

function UserName({ name }: { name: string }) {
  const { t } = useTranslation("access");
  const who = useSession();
  return (
    <>
      {name}
      {who.kind === "user" && who.name === name && ` (${t("users.you")})`}
    </>
  );
}
