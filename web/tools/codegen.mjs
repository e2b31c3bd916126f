/**
 * Types for what the browser asks. Reads `schema.graphql` and `src/operations/*.graphql`, refuses operations that
 * the schema does not have, and writes `src/generated/operations.ts`: per operation its minified text with the types of its
 * variables and its answer. `--check` fails when the written file is stale. `SCHEMA=path` reads another schema.
 */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  buildSchema, concatAST, getNamedType, isEnumType, isInputObjectType, isListType, isNonNullType, isAbstractType,
  isScalarType, Kind, parse, print, stripIgnoredCharacters, typeFromAST, validate, NoUnusedFragmentsRule, specifiedRules,
} from "graphql";

const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const schema = buildSchema(readFileSync(process.env.SCHEMA ?? join(web, "../schema.graphql"), "utf8"));
const folder = join(web, "src/operations");
const files = readdirSync(folder).filter((name) => name.endsWith(".graphql")).sort();
const document = concatAST(files.map((name) => parse(readFileSync(join(folder, name), "utf8"))));

const problems = validate(schema, document, specifiedRules.filter((rule) => rule !== NoUnusedFragmentsRule));
if (problems.length > 0) {
  for (const problem of problems) console.error(problem.toString());
  process.exit(1);
}

const fragments = new Map();
for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
const enums = new Set();
const inputs = new Set();
const SCALARS = { Int: "number", Float: "number", Boolean: "boolean", String: "string", ID: "string" };

function named(type) {
  if (isScalarType(type)) return SCALARS[type.name] ?? "string";
  if (isEnumType(type)) enums.add(type);
  if (isInputObjectType(type)) inputs.add(type);
  return type.name;
}

/** Wraps `inner` (the TypeScript of the named type) in the lists and nulls of `type`. */
function wrap(type, inner) {
  if (isNonNullType(type)) return bare(type.ofType, inner);
  return `${bare(type, inner)} | null`;
}
function bare(type, inner) {
  if (!isListType(type)) return inner;
  const item = wrap(type.ofType, inner);
  return item.includes(" ") ? `ReadonlyArray<${item}>` : `readonly ${item}[]`;
}

function fieldsOf(parent, selections, indent) {
  const pad = "  ".repeat(indent);
  const lines = [];
  const also = [];
  for (const selection of selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const name = `${selection.name.value}Fragment`;
      also.push(selection.directives?.some((d) => ["include", "skip"].includes(d.name.value)) ? `Partial<${name}>` : name);
    } else if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value;
      const optional = selection.directives?.some((d) => ["include", "skip"].includes(d.name.value)) ? "?" : "";
      if (selection.name.value === "__typename") {
        const value = isAbstractType(parent) ? schema.getPossibleTypes(parent).map((t) => `"${t.name}"`).join(" | ") : `"${parent.name}"`;
        lines.push(`${pad}  readonly ${key}: ${value};`);
        continue;
      }
      const type = parent.getFields()[selection.name.value].type;
      const leaf = getNamedType(type);
      const inner = selection.selectionSet ? shape(leaf, selection.selectionSet, indent + 1) : named(leaf);
      lines.push(`${pad}  readonly ${key}${optional}: ${wrap(type, inner)};`);
    }
  }
  return [...also, lines.length > 0 || also.length === 0 ? `{\n${lines.join("\n")}\n${pad}}` : null].filter(Boolean).join(" & ");
}

/** The type of a selection: an object, or for a union or interface one object per possible type, told apart by `__typename`. */
function shape(type, set, indent) {
  if (!isAbstractType(type) || !set.selections.some((s) => s.kind === Kind.INLINE_FRAGMENT)) return fieldsOf(type, set.selections, indent);
  const members = schema.getPossibleTypes(type).map((member) => {
    const flat = set.selections.flatMap((s) => {
      if (s.kind !== Kind.INLINE_FRAGMENT) return [s];
      const on = s.typeCondition ? typeFromAST(schema, s.typeCondition) : type;
      return on === member || (isAbstractType(on) && schema.isSubType(on, member)) ? s.selectionSet.selections : [];
    });
    return fieldsOf(member, flat, indent);
  });
  return `(\n${"  ".repeat(indent + 1)}| ${members.join(`\n${"  ".repeat(indent + 1)}| `)}\n${"  ".repeat(indent)})`;
}

function spreadsIn(node, found = new Set()) {
  for (const selection of node.selectionSet?.selections ?? []) {
    if (selection.kind === Kind.FRAGMENT_SPREAD && !found.has(selection.name.value)) {
      found.add(selection.name.value);
      spreadsIn(fragments.get(selection.name.value), found);
    } else if (selection.kind !== Kind.FRAGMENT_SPREAD) spreadsIn(selection, found);
  }
  return found;
}

const out = [];
for (const [name, fragment] of fragments) {
  out.push(`export type ${name}Fragment = ${shape(typeFromAST(schema, fragment.typeCondition), fragment.selectionSet, 0)};`);
}
for (const node of document.definitions) {
  if (node.kind !== Kind.OPERATION_DEFINITION) continue;
  const name = node.name.value;
  const root = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() }[node.operation];
  const variables = (node.variableDefinitions ?? []).map((variable) => {
    const type = typeFromAST(schema, variable.type);
    const optional = isNonNullType(type) && !variable.defaultValue ? "" : "?";
    return `readonly ${variable.variable.name.value}${optional}: ${wrap(type, named(getNamedType(type)))}`;
  });
  const text = stripIgnoredCharacters([node, ...[...spreadsIn(node)].map((f) => fragments.get(f))].map(print).join("\n"));
  out.push(`export type ${name}Data = ${shape(root, node.selectionSet, 0)};`);
  out.push(`export type ${name}Variables = { ${variables.join("; ")} };`);
  out.push(`export const ${name} = ${JSON.stringify(text)} as Operation<${name}Data, ${name}Variables>;`);
}

const inputTypes = [];
const done = new Set();
for (let again = true; again; ) {
  again = false;
  for (const input of [...inputs]) {
    if (done.has(input)) continue;
    done.add(input);
    again = true;
    const fields = Object.values(input.getFields()).map((field) => {
      const optional = isNonNullType(field.type) && field.defaultValue === undefined ? "" : "?";
      return `  readonly ${field.name}${optional}: ${wrap(field.type, named(getNamedType(field.type)))};`;
    });
    inputTypes.push(`export type ${input.name} = {\n${fields.join("\n")}\n};`);
  }
}
const enumTypes = [...enums].map((type) => `export type ${type.name} = ${type.getValues().map((v) => `"${v.name}"`).join(" | ")};`);
const text = [
  "// Generated by tools/codegen.mjs from schema.graphql and src/operations. Do not edit: run `npm run codegen`.",
  "",
  "/** The text of an operation, carrying the types of its answer and its variables. */",
  "export type Operation<Data, Variables> = string & { readonly __types?: (variables: Variables) => Data };",
  "",
  [...enumTypes.sort(), ...inputTypes.sort(), ...out].join("\n\n"),
  "",
].join("\n");

const target = join(web, "src/generated/operations.ts");
if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== text) {
    console.error("src/generated/operations.ts is stale: run `npm run codegen` in web/");
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
