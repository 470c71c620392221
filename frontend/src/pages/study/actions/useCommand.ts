import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { messageOf } from "@/api/errors";

import { ofStudy } from "../queries";
import type { Command } from "./commands";

/** One command to the server; deletion has a dialog of its own. */
async function send(studyId: number, command: Exclude<Command, "delete">): Promise<void> {
  const init = ofStudy(studyId);
  switch (command) {
    case "start":
      await http.POST("/api/v1/studies/{study_id}/start", init);
      break;
    case "cancel":
      await http.POST("/api/v1/studies/{study_id}/cancel", init);
      break;
    case "retry":
      await http.POST("/api/v1/studies/{study_id}/retry", init);
      break;
    case "reprocess":
      await http.POST("/api/v1/studies/{study_id}/reprocess", init);
      break;
    case "stat":
    case "routine":
      await http.PUT("/api/v1/studies/{study_id}/priority", {
        ...init,
        body: { priority: command === "stat" ? 1 : 10 },
      });
      break;
    case "flag":
    case "unflag":
      await http.PUT("/api/v1/studies/{study_id}/flag", {
        ...init,
        body: { on: command === "flag" },
      });
      break;
    case "read":
    case "unread":
      await http.PUT("/api/v1/studies/{study_id}/read", {
        ...init,
        body: { on: command === "read" },
      });
  }
}

interface Order {
  command: Exclude<Command, "delete">;
  /** Nobody asked for it by hand: nobody is told. */
  quietly?: boolean;
}

/** Asks for something, says what came of it, and shows the study as it is then. */
export function useCommand(studyId: number) {
  const { t } = useTranslation("study");
  const queries = useQueryClient();
  const { mutate, isPending, variables } = useMutation({
    mutationFn: ({ command }: Order) => send(studyId, command),
    onSuccess: (_, { command, quietly }) => {
      if (!quietly) notifications.show({ message: t(`command.${command}.done`), color: "teal" });
    },
    onError: (refused, { quietly }) => {
      const message = messageOf(refused);
      if (!quietly) notifications.show({ title: t("command.refused"), message, color: "red" });
    },
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ["get", "/api/v1/studies"] });
      return queries.invalidateQueries({ queryKey: ["get", "/api/v1/studies/{study_id}"] });
    },
  });
  return { ask: mutate, busy: isPending ? variables.command : null };
}
