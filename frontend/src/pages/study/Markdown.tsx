import { Code, List, Table, Text } from "@mantine/core";
import { Fragment, type ReactNode } from "react";

import { blocksOf, spansOf } from "./markdownBlocks";

/** The analyses' own documentation: paragraphs, lists, tables; everything else stays text. */
export function Markdown({ text }: { text: string }) {
  return blocksOf(text).map((block, n) => {
    if (block.kind === "list")
      return (
        <List key={n} type={block.ordered ? "ordered" : "unordered"} size="sm" my="xs">
          {block.items.map((item) => (
            <List.Item key={item}>{inline(item)}</List.Item>
          ))}
        </List>
      );
    if (block.kind === "table")
      return (
        <Table key={n} my="xs" withTableBorder fz="xs">
          <Table.Thead>
            <Table.Tr>
              {block.head.map((cell) => (
                <Table.Th key={cell}>{inline(cell)}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {block.rows.map((row) => (
              <Table.Tr key={row.join("|")}>
                {row.map((cell, column) => (
                  <Table.Td key={column}>{inline(cell)}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      );
    return (
      <Text key={n} size="sm" my="xs">
        {inline(block.text)}
      </Text>
    );
  });
}

function inline(text: string): ReactNode {
  return spansOf(text).map(({ kind, text: words }, n) => {
    if (kind === "code") return <Code key={n}>{words}</Code>;
    if (kind === "strong") return <strong key={n}>{words}</strong>;
    if (kind === "em") return <em key={n}>{words}</em>;
    return <Fragment key={n}>{words}</Fragment>;
  });
}
