import { Anchor, Collapse } from "@mantine/core";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Run } from "../queries";
import classes from "./Details.module.css";

/** What the worker noted, for whoever looks at a failure. */
export function Log({ run, opened = false }: { run: Run; opened?: boolean }) {
  const { t } = useTranslation("study");
  const [open, setOpen] = useState(opened);
  const id = useId();
  if (!run.log) return null;
  return (
    <div>
      <Anchor
        component="button"
        type="button"
        size="xs"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {t(open ? "log.hide" : "log.show")}
      </Anchor>
      <Collapse expanded={open} id={id}>
        <pre className={classes.log} tabIndex={0} aria-label={t("log.title")}>
          {run.log}
        </pre>
      </Collapse>
    </div>
  );
}
