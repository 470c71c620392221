import { ActionIcon, Tooltip, VisuallyHidden } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import classes from "./CopyText.module.css";

const SHOWN_MS = 2000;

/** Text to take elsewhere: a command, a title, a secret. `label` says what it is. */
export function CopyText({ text, label }: { text: string; label: string }) {
  const { t } = useTranslation();
  const box = useRef<HTMLElement>(null);
  const [copied, setCopied] = useState<"yes" | "select">();

  const copy = async () => {
    setCopied((await copyText(text, box.current)) ? "yes" : "select");
    setTimeout(() => setCopied(undefined), SHOWN_MS);
  };
  const said = copied ? t(copied === "yes" ? "copy.copied" : "copy.select") : t("copy.copy");

  return (
    <div className={classes.box}>
      <code ref={box} className={classes.text}>
        {text}
      </code>
      <Tooltip label={said} opened={copied ? true : undefined}>
        <ActionIcon
          variant="subtle"
          color={copied === "yes" ? "teal" : "gray"}
          aria-label={`${t("copy.copy")}: ${label}`}
          onClick={() => void copy()}
        >
          {copied === "yes" ? <IconCheck size={16} /> : <IconCopy size={16} />}
        </ActionIcon>
      </Tooltip>
      <VisuallyHidden role="status">{copied && said}</VisuallyHidden>
    </div>
  );
}

/** Browsers hand out the clipboard over HTTPS only; elsewhere the text is marked, ready to copy. */
async function copyText(text: string, box: HTMLElement | null): Promise<boolean> {
  if (window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Not allowed: as where it does not exist.
    }
  }
  if (box) window.getSelection()?.selectAllChildren(box);
  return false;
}
