import { Text, Tooltip, VisuallyHidden } from "@mantine/core";

/** A dash where there is no value, with the reason why. */
export function Missing({ why }: { why: string }) {
  return (
    <Tooltip label={why} multiline maw={320}>
      <Text span c="dimmed" inherit pos="relative">
        <span aria-hidden>—</span>
        <VisuallyHidden>{why}</VisuallyHidden>
      </Text>
    </Tooltip>
  );
}
