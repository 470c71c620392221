import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { http } from "@/api/client";
import { messageOf } from "@/api/errors";

import type { Delivery } from "./deliveries";

interface Order {
  delivery: Delivery;
  command: "resend" | "cancel";
}

const SHOWING = [
  "/api/v1/studies/{study_id}/deliveries",
  "/api/v1/deliveries",
  "/api/v1/deliveries/summary",
];

/** Everything that shows deliveries is asked for anew. */
export function useRenewDeliveries(): () => Promise<unknown> {
  const queries = useQueryClient();
  return () =>
    Promise.all(SHOWING.map((path) => queries.invalidateQueries({ queryKey: ["get", path] })));
}

/** Sends an object once more, or calls it off; says what came of it. */
export function useDeliveryCommand() {
  const { t } = useTranslation("delivery");
  const renew = useRenewDeliveries();
  const { mutate, isPending, variables } = useMutation({
    mutationFn: async ({ delivery, command }: Order) => {
      const init = { params: { path: { delivery_id: delivery.id } } };
      await (command === "resend"
        ? http.POST("/api/v1/deliveries/{delivery_id}/resend", init)
        : http.POST("/api/v1/deliveries/{delivery_id}/cancel", init));
    },
    onSuccess: (_, { command }) =>
      notifications.show({ message: t(`done.${command}`), color: "teal" }),
    onError: (refused) =>
      notifications.show({ title: t("refused"), message: messageOf(refused), color: "red" }),
    onSettled: renew,
  });
  return { ask: mutate, busy: isPending ? variables.delivery.id : null };
}
