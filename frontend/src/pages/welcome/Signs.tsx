import { Loader, ThemeIcon } from "@mantine/core";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Schemas } from "@/api/client";
import { Ago } from "@/components/Ago";
import { Section } from "@/components/Section";

import { latest, type Peer, type Sign } from "./connection";
import classes from "./Signs.module.css";

type Light = "good" | "waiting" | "bad";

/** Lights that turn green one after the other, while somebody tries at the other end. */
export function Signs({
  intake,
  peers,
}: {
  intake: Schemas["Intake"] | undefined;
  peers: readonly Peer[];
}) {
  const { t } = useTranslation("welcome");
  const echo = latest(peers, "last_echo_at");
  const image = latest(peers, "last_store_at");
  return (
    <Section title={t("signs.title")}>
      <ol className={classes.signs} aria-live="polite">
        <OneSign
          light={intake ? (intake.alive ? "good" : "bad") : "waiting"}
          text={t(`signs.listener.${intake ? (intake.alive ? "alive" : "dead") : "asking"}`)}
        />
        <OneSign
          light={echo ? "good" : "waiting"}
          text={t(echo ? "signs.echo.seen" : "signs.echo.none")}
          sign={echo}
        />
        <OneSign
          light={image ? "good" : "waiting"}
          text={t(image ? "signs.image.seen" : "signs.image.none")}
          sign={image}
        >
          {image && <Link to="/">{t("signs.worklist")}</Link>}
        </OneSign>
      </ol>
    </Section>
  );
}

interface OneProps {
  light: Light;
  text: string;
  sign?: Sign | null;
  children?: ReactNode;
}

function OneSign({ light, text, sign, children }: OneProps) {
  return (
    <li className={classes.sign} data-light={light}>
      {light === "waiting" ? (
        <Loader size={22} type="dots" aria-hidden />
      ) : (
        <ThemeIcon radius="xl" size={24} color={light === "good" ? "teal" : "red"} aria-hidden>
          {light === "good" ? <IconCheck size={16} /> : <IconAlertTriangle size={15} />}
        </ThemeIcon>
      )}
      <div>
        {text}
        {sign && (
          <div className={classes.detail}>
            {sign.by} · <Ago at={sign.at} />
          </div>
        )}
        {children}
      </div>
    </li>
  );
}
