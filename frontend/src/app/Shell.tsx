import {
  AppShell,
  Badge,
  Box,
  Burger,
  Group,
  NavLink as MenuLink,
  Text,
  Tooltip,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconLockOpen } from "@tabler/icons-react";
import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, Outlet } from "react-router";

import { Waiting } from "@/components/Waiting";

import { AccountMenu } from "./AccountMenu";
import { AlertBadge } from "./AlertBadge";
import icon from "./icon.svg";
import { LiveContext } from "./live";
import { SessionGate, useMay, useSession } from "./session";
import classes from "./Shell.module.css";
import { useArrival } from "./useArrival";
import { useGoKeys } from "./useGoKeys";
import { type Live, useLiveChanges } from "./useLiveChanges";

/** What surrounds every page: who is signed in, where to go, whether what one sees is live. */
export function Shell() {
  return (
    <SessionGate>
      <Frame />
    </SessionGate>
  );
}

function Frame() {
  const { t } = useTranslation();
  const live = useLiveChanges();
  useArrival();
  const [menu, { toggle, close }] = useDisclosure();
  useGoKeys();
  return (
    <LiveContext value={live}>
      <AppShell
        header={{ height: 48 }}
        navbar={{ width: 220, breakpoint: "md", collapsed: { desktop: true, mobile: !menu } }}
        padding={0}
      >
        <AppShell.Header className={classes.header}>
          <a href="#main" className="skip-link">
            {t("nav.skip")}
          </a>
          <Group h="100%" px="md" gap="lg" wrap="nowrap">
            <Burger
              opened={menu}
              onClick={toggle}
              hiddenFrom="md"
              size="sm"
              aria-label={t("nav.menu")}
            />
            <NavLink to="/" className={classes.brand}>
              <img src={icon} alt="" width={26} height={26} />
              <Text fw={650}>Heimdallr</Text>
            </NavLink>
            <Group component="nav" gap={4} visibleFrom="md" aria-label={t("nav.pages")}>
              <Pages className={classes.link} />
            </Group>
            <Box flex={1} />
            <OpenToAnybody />
            <LiveDot live={live} />
            <AccountMenu />
          </Group>
        </AppShell.Header>
        <AppShell.Navbar p="xs" onClick={close} hiddenFrom="md" aria-label={t("nav.pages")}>
          {/* What slid out of sight is out of the keyboard's way too. */}
          {menu && <Pages menu />}
        </AppShell.Navbar>
        <AppShell.Main id="main" tabIndex={-1} className={classes.main}>
          <Suspense fallback={<Waiting />}>
            <Outlet />
          </Suspense>
        </AppShell.Main>
      </AppShell>
    </LiveContext>
  );
}

function Pages({ menu, className }: { menu?: boolean; className?: string }) {
  const { t } = useTranslation();
  const administrator = useMay("admin");
  const pages = [
    ["/", "nav.worklist"],
    ["/explorer", "nav.explorer"],
    ["/system", "nav.system"],
    ...(administrator
      ? ([
          ["/destinations", "nav.destinations"],
          ["/access", "nav.access"],
        ] as const)
      : []),
    ["/help", "nav.help"],
  ] as const;
  return pages.map(([to, label]) =>
    menu ? (
      <MenuLink
        key={to}
        component={NavLink}
        to={to}
        label={t(label)}
        rightSection={to === "/system" && <AlertBadge />}
      />
    ) : (
      <NavLink key={to} to={to} end={to === "/"} className={className}>
        {t(label)}
        {to === "/system" && <AlertBadge />}
      </NavLink>
    ),
  );
}

/** Said on every page while nobody has to sign in. */
function OpenToAnybody() {
  const { t } = useTranslation();
  const who = useSession();
  if (who.kind !== "anonymous-off") return null;
  return (
    <Tooltip label={t("open.text")} multiline maw={280}>
      <Badge color="yellow.4" autoContrast radius="sm" flex="none">
        <IconLockOpen size={13} aria-hidden style={{ verticalAlign: "-2px" }} />
        <span className={classes.open}>{t("open.title")}</span>
      </Badge>
    </Tooltip>
  );
}

function LiveDot({ live }: { live: Live }) {
  const { t } = useTranslation();
  return (
    <Tooltip label={t(live === "live" ? "live.on" : "live.off")}>
      <Group gap={6} role="status" wrap="nowrap">
        <span className={classes.dot} data-live={live === "live"} />
        <Text size="xs" c="dimmed" visibleFrom="xs">
          {t(live === "live" ? "live.live" : "live.polling")}
        </Text>
      </Group>
    </Tooltip>
  );
}
