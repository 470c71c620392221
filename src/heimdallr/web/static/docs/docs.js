"use strict";
// Shows openapi.json as a page. Text goes in as text, never as markup.

const METHODS = ["get", "post", "put", "patch", "delete"];
let api;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function resolved(schema) {
  if (!schema || !schema.$ref) return schema || {};
  return schema.$ref.split("/").slice(1).reduce((node, key) => node[key], api);
}

function typeOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const choices = schema.anyOf || schema.oneOf;
  if (choices) return choices.map(typeOf).join(" | ");
  if (schema.type === "array") { const one = typeOf(schema.items); return one.includes(" | ") ? `(${one})[]` : `${one}[]`; }
  return (schema.type || "any") + (schema.format ? ` (${schema.format})` : "");
}

function bounds(schema) {
  const words = { minimum: "≥", maximum: "≤", exclusiveMinimum: ">", exclusiveMaximum: "<",
    minLength: "length ≥", maxLength: "length ≤", pattern: "matches", default: "default" };
  const choices = [schema, ...(schema.anyOf || [])];
  return Object.entries(words).flatMap(([key, word]) =>
    choices.filter((one) => one[key] !== undefined && one[key] !== null)
      .map((one) => `${word} ${one[key]}`)).join(", ");
}

// An example value: the schema's own, else one made of its parts.
function example(schema, depth = 0) {
  const node = resolved(schema);
  if (node.examples && node.examples.length) return node.examples[0];
  if (node.example !== undefined) return node.example;
  if (node.default !== undefined) return node.default;
  if (node.enum) return node.enum[0];
  if (node.const !== undefined) return node.const;
  if (depth > 6) return null;
  const choices = node.anyOf || node.oneOf || node.allOf;
  if (choices) return example(choices[0], depth + 1);
  if (node.type === "array") return [example(node.items, depth + 1)];
  if (node.type === "object" || node.properties) {
    return Object.fromEntries(Object.entries(node.properties || {})
      .map(([key, part]) => [key, example(part, depth + 1)]));
  }
  return { integer: 0, number: 0, boolean: false, null: null }[node.type] ?? node.format ?? "text";
}

function rows(entries) {
  const head = element("tr", {}, ...["name", "where", "type", "meaning"].map((word) => element("th", {}, word)));
  const body = entries.map(([name, where, schema, text, required]) => element("tr", {},
    element("td", {}, element("code", {}, name), required ? " *" : ""),
    element("td", {}, where),
    element("td", {}, element("code", {}, typeOf(schema))),
    element("td", {}, [text || schema.description || "", bounds(schema)].filter(Boolean).join("; "))));
  return element("table", {}, head, ...body);
}

function fields(schema, where) {
  const node = resolved(schema);
  return Object.entries(node.properties || {}).map(([name, part]) =>
    [name, where, part, part.description, (node.required || []).includes(name)]);
}

function bodies(content, where) {
  return Object.entries(content || {}).flatMap(([type, { schema, examples }]) => {
    if (!schema) return [element("p", {}, type)];
    const shown = examples ? Object.values(examples)[0].value : example(schema);
    const parts = fields(schema, where);
    return [
      element("p", {}, type, " ", element("code", {}, typeOf(schema))),
      parts.length ? rows(parts) : null,
      type.includes("json") ? element("pre", {}, JSON.stringify(shown, null, 2)) : null,
    ];
  });
}

function operation(method, path, about, shared) {
  const parameters = [...(shared || []), ...(about.parameters || [])].map(resolved);
  const anchor = about.operationId || `${method}-${path}`;
  const section = element("details", { id: anchor, class: "operation" },
    element("summary", {},
      element("code", {}, element("b", { class: `method ${method}` }, method.toUpperCase()), path),
      element("span", {}, about.summary || "")));
  if (about.description) section.append(element("p", {}, about.description));
  section.append(element("p", {}, (about.security || []).length
    ? `Needs: ${about.security.map((one) => Object.keys(one).join(" + ")).join(" or ")}`
    : "Open to everybody"));
  if (parameters.length) {
    section.append(element("h4", {}, "Parameters"), rows(parameters.map((one) =>
      [one.name, one.in, one.schema || {}, one.description, one.required])));
  }
  if (about.requestBody) {
    section.append(element("h4", {}, "Body"),
      ...bodies(resolved(about.requestBody).content, "body").filter(Boolean));
  }
  for (const [status, answer] of Object.entries(about.responses || {})) {
    const one = resolved(answer);
    section.append(element("h4", {}, `${status} ${one.description || ""}`),
      ...(Number(status) < 300 ? bodies(one.content, "answer").filter(Boolean) : []));
  }
  section.dataset.words = [method, path, about.summary, about.description].join(" ").toLowerCase();
  return section;
}

function show() {
  document.getElementById("about").textContent = `${api.info.title} ${api.info.version}. ${api.info.description || ""}`;
  const groups = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((one) => item[one])) {
      const tag = (item[method].tags || ["other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(method, path, item[method], item.parameters));
    }
  }
  const main = document.getElementById("operations");
  main.replaceChildren();
  for (const [tag, operations] of groups) {
    document.getElementById("contents").append(element("a", { href: `#tag-${tag}` }, tag));
    main.append(element("section", {}, element("h2", { id: `tag-${tag}` }, tag), ...operations));
  }
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target) { target.open = true; target.scrollIntoView(); }
}

function find(event) {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const section of document.querySelectorAll(".operation")) {
    section.hidden = !words.every((word) => section.dataset.words.includes(word));
  }
}

document.getElementById("find").addEventListener("input", find);
fetch("/openapi.json").then((answer) => answer.json()).then((described) => { api = described; show(); })
  .catch((error) => { document.getElementById("operations").textContent = `openapi.json could not be read: ${error}`; });
