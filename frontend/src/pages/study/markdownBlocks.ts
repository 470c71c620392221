/** The little of Markdown that the analyses' documentation uses, taken apart. */

export type Block =
  | { kind: "paragraph"; text: string }
  | { kind: "list"; ordered: boolean; items: string[] }
  | { kind: "table"; head: string[]; rows: string[][] };

export interface Span {
  kind: "text" | "code" | "strong" | "em";
  text: string;
}

const BULLET = /^\s*(?:[*-]|(\d+)\.)\s+/;

export function blocksOf(text: string): Block[] {
  return text
    .split(/\n\s*\n/)
    .map((block) => block.trim())
    .filter(Boolean)
    .map(blockOf);
}

function blockOf(text: string): Block {
  const lines = text.split("\n");
  if (lines.every((line) => line.trim().startsWith("|")) && lines.length > 2) {
    const [head = [], , ...rows] = lines.map(cellsOf);
    return { kind: "table", head, rows };
  }
  const first = BULLET.exec(lines[0] ?? "");
  if (!first) return { kind: "paragraph", text: joined(lines) };
  const items: string[][] = [];
  for (const line of lines) {
    if (BULLET.test(line)) items.push([line.replace(BULLET, "")]);
    else items.at(-1)?.push(line);
  }
  return { kind: "list", ordered: first[1] !== undefined, items: items.map(joined) };
}

function cellsOf(line: string): string[] {
  return line
    .trim()
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((cell) => cell.trim());
}

function joined(lines: string[]): string {
  return lines.map((line) => line.trim()).join(" ");
}

/** `code`, **strong** and *em*; a lone asterisk stays one. */
export function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  let from = 0;
  for (const found of text.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*|\*(\S(?:[^*]*\S)?)\*/g)) {
    if (found.index > from) spans.push({ kind: "text", text: text.slice(from, found.index) });
    const [whole, code, strong, em] = found;
    if (code !== undefined) spans.push({ kind: "code", text: code });
    else if (strong !== undefined) spans.push({ kind: "strong", text: strong });
    else spans.push({ kind: "em", text: em ?? "" });
    from = found.index + whole.length;
  }
  if (from < text.length) spans.push({ kind: "text", text: text.slice(from) });
  return spans;
}
