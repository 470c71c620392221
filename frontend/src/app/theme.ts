/** Colours and sizes of every page; the reading room is dark, so is the default. */
import {
  createTheme,
  type CSSVariablesResolver,
  DEFAULT_THEME,
  defaultVariantColorsResolver,
  isLightColor,
  type MantineColorsTuple,
  parseThemeColor,
  type VariantColorsResolver,
} from "@mantine/core";

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
  "#006e80",
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

/** Mantine's colour with a last shade that is readable on white and on its own second shade. */
function deeper(name: "orange" | "teal" | "yellow", last: string): MantineColorsTuple {
  return [...DEFAULT_THEME.colors[name].slice(0, 9), last] as unknown as MantineColorsTuple;
}

const SHADES = { light: 9, dark: 5 } as const;

/** Mantine looks at one scheme's shade only; this leaves it to a variable of the scheme in use. */
const variantColorResolver: VariantColorsResolver = (input) => {
  const resolved = defaultVariantColorsResolver(input);
  const { isThemeColor, shade, color } = parseThemeColor(input);
  return input.variant === "filled" && isThemeColor && shade === undefined
    ? { ...resolved, color: `var(--mantine-color-${color}-contrast)` }
    : resolved;
};

export const theme = createTheme({
  primaryColor: "bifrost",
  primaryShade: SHADES,
  colors: {
    bifrost,
    dark,
    orange: deeper("orange", "#ab3706"),
    teal: deeper("teal", "#066b4c"),
    yellow: deeper("yellow", "#8a4a00"),
  },
  variantColorResolver,
  autoContrast: true,
  // Where black and white text are equally readable: either way the contrast is at least 4.5.
  luminanceThreshold: 0.179,
  fontFamily:
    "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif",
  fontFamilyMonospace:
    "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Badge: { defaultProps: { tt: "none" } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 250 } },
    Table: { defaultProps: { verticalSpacing: 6 } },
    // Theirs is a <header>, which would be heard as the page's.
    DrawerHeader: { defaultProps: { role: "none" } },
    ModalHeader: { defaultProps: { role: "none" } },
  },
});

/** Text on a filled colour, and secondary text, readable in both schemes (WCAG 1.4.3). */
export const cssVariables: CSSVariablesResolver = (it) => {
  const contrasts = (shade: number) =>
    Object.fromEntries(
      Object.entries(it.colors).map(([name, shades]) => [
        `--mantine-color-${name}-contrast`,
        isLightColor(shades[shade] ?? "", it.luminanceThreshold) ? it.black : it.white,
      ]),
    );
  return {
    variables: {},
    light: { "--mantine-color-dimmed": it.colors.gray[7], ...contrasts(SHADES.light) },
    dark: contrasts(SHADES.dark),
  };
};
