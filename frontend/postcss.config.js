// `light-dark()` follows Mantine's scheme, which the reader chooses, not the system's.
export default { plugins: { "postcss-preset-mantine": {} } };
