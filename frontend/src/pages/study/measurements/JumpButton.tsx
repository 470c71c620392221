import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useStudyView } from "../view";
import classes from "./Measurements.module.css";

/** A number's or a name's way to its place in the viewer; plain text where there is none. */
export function JumpButton({
  name,
  label,
  children,
}: {
  name: string;
  label: string;
  children: ReactNode;
}) {
  const { t } = useTranslation("study");
  const { targets, jump } = useStudyView();
  const target = targets?.measurements[name];
  if (!target) return children;
  return (
    <button
      type="button"
      className={classes.jump}
      onClick={() => jump(target)}
      title={t("jump.to", { what: label })}
      data-jump={name}
    >
      {children}
    </button>
  );
}
