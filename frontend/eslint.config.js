import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules", "src/api/schema.d.ts"] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  hooks.configs.flat.recommended,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ["*.js"] } } },
    rules: {
      // Numbers and booleans in a template say what they say.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // Handlers of React take what they are given.
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // Markup comes from React only; plain HTTP is enough.
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({ property })),
        {
          object: "crypto",
          property: "randomUUID",
          message: "Browsers have it over HTTPS only; a dashboard may be reached without.",
        },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: "Text stays text.",
        },
      ],
    },
  },
  { files: ["*.js"], extends: [tseslint.configs.disableTypeChecked] },
  prettier,
);
