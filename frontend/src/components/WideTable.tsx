import { Table, type TableProps } from "@mantine/core";

interface Props extends TableProps {
  /** What it lists, for those who do not see it. */
  label: string;
  /** Narrower than this it is scrolled, by keyboard too. */
  minWidth: number;
}

/** A table that may be wider than the screen. */
export function WideTable({ label, minWidth, ...table }: Props) {
  return (
    <Table.ScrollContainer
      type="native"
      minWidth={minWidth}
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      <Table {...table} />
    </Table.ScrollContainer>
  );
}
