import { ActionIcon, Menu, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import {
  IconApi,
  IconKey,
  IconLanguage,
  IconLogout,
  IconMoon,
  IconPlugConnected,
  IconSun,
  IconUserCircle,
} from "@tabler/icons-react";
import { lazy, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { http } from "@/api/client";
import { Later } from "@/components/Later";
import { LANGUAGES, type Language, switchLanguage } from "@/i18n";

import { useSession } from "./session";

const PasswordDialog = lazy(async () => ({
  default: (await import("@/pages/sign-in/PasswordDialog")).PasswordDialog,
}));

/** Who is signed in, how the pages look, and the way out. */
export function AccountMenu() {
  const { t, i18n } = useTranslation();
  const who = useSession();
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("dark");
  const [changing, setChanging] = useState(false);

  const signOut = async () => {
    await http.DELETE("/api/v1/session");
    // Nothing of a patient stays in the page's memory.
    window.location.assign("/");
  };

  return (
    <>
      <Menu position="bottom-end" width={230}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("account.menu")}>
            <IconUserCircle size={22} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {who.kind === "user"
              ? `${who.name} · ${t(`role.${who.role ?? "viewer"}`)}`
              : t("account.off")}
          </Menu.Label>
          <Menu.Item
            leftSection={scheme === "dark" ? <IconSun size={16} /> : <IconMoon size={16} />}
            onClick={() => setColorScheme(scheme === "dark" ? "light" : "dark")}
          >
            {t(scheme === "dark" ? "account.light" : "account.dark")}
          </Menu.Item>
          {(Object.entries(LANGUAGES) as [Language, string][])
            .filter(([code]) => code !== i18n.language)
            .map(([code, name]) => (
              <Menu.Item
                key={code}
                lang={code}
                leftSection={<IconLanguage size={16} />}
                onClick={() => void switchLanguage(code)}
              >
                {name}
              </Menu.Item>
            ))}
          <Menu.Item
            leftSection={<IconPlugConnected size={16} />}
            onClick={() => void navigate("/welcome")}
          >
            {t("account.connect")}
          </Menu.Item>
          <Menu.Item leftSection={<IconApi size={16} />} component="a" href="/docs">
            {t("account.api")}
          </Menu.Item>
          {who.kind === "user" && (
            <>
              <Menu.Divider />
              <Menu.Item leftSection={<IconKey size={16} />} onClick={() => setChanging(true)}>
                {t("account.password")}
              </Menu.Item>
              <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
                {t("account.signOut")}
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <Later when={changing}>
        <PasswordDialog opened={changing} onClose={() => setChanging(false)} />
      </Later>
    </>
  );
}
