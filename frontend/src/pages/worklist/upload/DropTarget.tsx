import { Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconBolt, IconLock, IconUpload } from "@tabler/icons-react";
import { useEffect, useEffectEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import { useMay } from "@/app/session";

import classes from "./DropTarget.module.css";
import { droppedFiles, parcelsOf } from "./parcels";
import { startUploads } from "./uploads";

type Zone = "usual" | "stat";

const zoneOf = (event: DragEvent): Zone =>
  event.target instanceof Element && event.target.closest("[data-stat]") ? "stat" : "usual";

/** Takes what is dropped anywhere on the page; while something is held over it, says so. */
export function DropTarget() {
  const { t } = useTranslation("worklist");
  const mayUpload = useMay("upload");
  const [over, setOver] = useState<Zone | null>(null);

  const take = useEffectEvent(async (transfer: DataTransfer, zone: Zone) => {
    if (!mayUpload) return;
    const parcels = parcelsOf(await droppedFiles(transfer));
    if (parcels.length > 0) startUploads(parcels, zone === "stat");
    else notifications.show({ color: "yellow", message: t("upload.nothing") });
  });

  useEffect(() => {
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files");
    const move = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      // A file that is dropped where nobody takes it would replace the page.
      event.preventDefault();
      setOver(zoneOf(event));
    };
    const leave = (event: DragEvent) => event.relatedTarget === null && setOver(null);
    const drop = (event: DragEvent) => {
      if (!event.dataTransfer || !holdsFiles(event)) return;
      event.preventDefault();
      setOver(null);
      void take(event.dataTransfer, zoneOf(event));
    };
    window.addEventListener("dragover", move);
    window.addEventListener("dragleave", leave);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragover", move);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
    };
  }, []);

  if (!over) return null;
  if (!mayUpload)
    return (
      <div className={classes.cover}>
        <div className={classes.zone}>
          <IconLock size={40} />
          <Text fw={600}>{t("upload.mayNot")}</Text>
          <Text size="sm">{t("upload.mayNotHint")}</Text>
        </div>
      </div>
    );
  return (
    <div className={classes.cover}>
      <div className={classes.zone} data-over={over === "usual" || undefined}>
        <IconUpload size={40} />
        <Text fw={600}>{t("upload.drop")}</Text>
        <Text size="sm">{t("upload.dropHint")}</Text>
      </div>
      <div className={classes.zone} data-stat data-over={over === "stat" || undefined}>
        <IconBolt size={40} />
        <Text fw={600}>{t("upload.dropStat")}</Text>
      </div>
    </div>
  );
}
