import { Tooltip } from "@mantine/core";

import { useFormat } from "@/i18n/format";

import { useNow } from "./now";

/** How long ago, and when exactly. */
export function Ago({ at }: { at: string }) {
  const format = useFormat();
  // A clock that runs behind the server's makes nothing happen in the future.
  const now = Math.max(useNow(), new Date(at).getTime());
  return (
    <Tooltip label={format.dateTime(at)}>
      <time dateTime={at} style={{ whiteSpace: "nowrap" }}>
        {format.ago(at, now)}
      </time>
    </Tooltip>
  );
}
