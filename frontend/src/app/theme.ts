/** Colours and sizes of every page; the reading room is dark, so is the default. */
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

/** Bifröst's water: the one accent. */
const bifrost: MantineColorsTuple = [
  "#e2fafd",
  "#cff0f5",
  "#a2dfe9",
  "#71cedd",
  "#4abfd2",
  "#30b6cc",
  "#1fb1c9",
  "#089bb2",
  "#008aa0",
  "#00788c",
];

/** Neutral, slightly blue: greys that do not tint a radiograph beside them. */
const dark: MantineColorsTuple = [
  "#d3d9de",
  "#b4bdc5",
  "#95a1ab",
  "#6c7a86",
  "#46525d",
  "#333d47",
  "#242c34",
  "#191f26",
  "#12171c",
  "#0c1014",
];

export const theme = createTheme({
  primaryColor: "bifrost",
  primaryShade: { light: 8, dark: 5 },
  colors: { bifrost, dark },
  autoContrast: true,
  luminanceThreshold: 0.38,
  fontFamily:
    "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif",
  fontFamilyMonospace:
    "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  defaultRadius: "sm",
  cursorType: "pointer",
  components: {
    Badge: { defaultProps: { tt: "none" } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 250 } },
    Table: { defaultProps: { verticalSpacing: 6 } },
  },
});

/** Mantine's own choice is too pale to be read on white (WCAG 1.4.3). */
export const cssVariables: CSSVariablesResolver = (it) => ({
  variables: {},
  light: { "--mantine-color-dimmed": it.colors.gray[7] },
  dark: {},
});
