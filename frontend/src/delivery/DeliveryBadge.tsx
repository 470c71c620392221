import { Badge, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { DeliveryState } from "./deliveries";

const COLOURS: Record<DeliveryState, string> = {
  waiting: "blue",
  sending: "bifrost",
  sent: "teal",
  committed: "teal",
  refused: "red",
  given_up: "red",
  superseded: "gray",
  cancelled: "gray",
};

/** How far an object got, and what that means. */
export function DeliveryBadge({ state }: { state: DeliveryState }) {
  const { t } = useTranslation("delivery");
  return (
    <Tooltip label={t(`stateText.${state}`)} multiline maw={320}>
      <Badge variant="light" miw="max-content" color={COLOURS[state]} data-delivery={state}>
        {t(`state.${state}`)}
      </Badge>
    </Tooltip>
  );
}
