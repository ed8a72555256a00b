/**
 * The JSON schema of the lines of `--json`, made from the types: `JsonLine` in src/main/cli/output/run-events.ts. Comments become
 * descriptions; the tags `@integer`, `@minimum` and `@pattern` add what a type cannot say.
 */
import { join } from 'node:path';
import {
  isPropertySignatureDeclaration,
  isTypeAliasDeclaration,
  isTypeReferenceNode,
  type Node,
  type TypeNode,
} from 'typescript/unstable/ast';
import {
  API,
  type Checker,
  type Project,
  SymbolFlags,
  type Type,
  TypeFlags,
  type Symbol as TypeSymbol,
} from 'typescript/unstable/sync';

export type Schema = { [keyword: string]: unknown };

const INTRO = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Events of unchoke --json',
  description:
    'One object per line on stdout; `type` names the event. `v` grows when an event changes its meaning. New fields and new events may appear at any time, so readers must ignore what they do not know.',
};

/** Throws if a type has no form in JSON. `root`: the folder of the project. */
export function eventSchema(root: string): Schema {
  const api = new API({ cwd: root });
  try {
    const config = join(root, 'tsconfig.build.json');
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    if (project === undefined) throw new Error(`${config}: no project`);
    return new EventSchema(project).whole(join(root, 'src/main/cli/output/run-events.ts'), 'JsonLine');
  } finally {
    api.close();
  }
}

/** The keyword of JSON Schema. Written as a plain key, it looks like a promise. */
const THEN = 'then';

/** The description of a type and its tags. */
interface Notes {
  readonly text: string;
  readonly keywords: Schema;
}

const NO_NOTES: Notes = { text: '', keywords: {} };

class EventSchema {
  readonly #project: Project;
  readonly #checker: Checker;

  constructor(project: Project) {
    this.#project = project;
    this.#checker = project.checker;
  }

  whole(file: string, name: string): Schema {
    const source = this.#project.program.getSourceFile(file);
    const alias = source?.statements.find((node) => isTypeAliasDeclaration(node) && node.name.text === name);
    if (alias === undefined || !isTypeAliasDeclaration(alias)) throw new Error(`${file}: no type ${name}`);
    const definitions: Record<string, Schema> = {};
    // The compiler's order of members and fields is not always the same.
    const events = partsOf(this.#typeOf(alias.type)).map((line) => this.#event(line));
    for (const { type, schema } of events.sort(byDescription)) {
      const before = definitions[type];
      definitions[type] = before === undefined ? schema : merged(before, schema);
    }
    const types = Object.keys(definitions).sort();
    return {
      ...INTRO,
      type: 'object',
      required: ['type', 'v'],
      properties: { type: { enum: types }, v: propertiesOf(definitions['error'])['v'] },
      allOf: types.map((type) => ({
        if: { properties: { type: { const: type } } },
        [THEN]: { $ref: `#/definitions/${type}` },
      })),
      definitions: Object.fromEntries(types.map((type) => [type, definitions[type]])),
    };
  }

  #event(line: Type): { readonly type: string; readonly schema: Schema } {
    const schema = this.#object(line);
    const discriminant = this.#checker.getPropertyOfType(line, 'type');
    const { const: type } = propertiesOf(schema)['type'] ?? {};
    if (discriminant === undefined || typeof type !== 'string') throw new Error('an event without a type');
    // With an intersection type, only the declaration of the field leads to the interface of the event.
    const owner = discriminant.getParent();
    return { type, schema: withDescription(schema, owner === undefined ? '' : this.#notesOf(owner).text) };
  }

  #object(type: Type): Schema {
    const properties = this.#checker.getPropertiesOfType(type);
    const sorted = [...properties].sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
    return {
      type: 'object',
      properties: Object.fromEntries(sorted.map((one) => [one.name, this.#property(one)])),
      required: sorted.filter((one) => (one.flags & SymbolFlags.Optional) === 0).map((one) => one.name),
      additionalProperties: false,
    };
  }

  /** The comment at the property wins over that of its type. */
  #property(property: TypeSymbol): Schema {
    const declaration = property.declarations[0]?.resolve(this.#project);
    if (
      declaration === undefined ||
      !isPropertySignatureDeclaration(declaration) ||
      declaration.type === undefined
    )
      throw new Error(`${property.name}: not a plain property`);
    const own = this.#notesOf(property);
    return withDescription({ ...this.#schemaOf(declaration.type), ...own.keywords }, own.text);
  }

  #schemaOf(node: TypeNode): Schema {
    return this.#schema(this.#typeOf(node), this.#aliasNotes(node));
  }

  #schema(type: Type, notes: Notes): Schema {
    const { flags } = type;
    if (type.isStringLiteralType() || type.isNumberLiteralType()) return { const: type.value };
    if ((flags & TypeFlags.Null) !== 0) return { type: 'null' };
    if ((flags & TypeFlags.Boolean) !== 0) return { type: 'boolean' };
    if (type.isUnionType()) return this.#union(type.getTypes(), notes);
    if ((flags & TypeFlags.String) !== 0) return noted({ type: 'string' }, notes);
    if ((flags & TypeFlags.Number) !== 0) return noted({ type: 'number' }, notes);
    if (this.#checker.isArrayType(type) && type.isTypeReference())
      return { type: 'array', items: this.#schema(this.#elementOf(type), notes) };
    const [index] = this.#checker.getIndexInfosOfType(type);
    if (index !== undefined)
      return { type: 'object', additionalProperties: this.#schema(index.valueType, notes) };
    if (type.isObjectType() || type.isIntersectionType())
      return withDescription(this.#object(type), this.#notesOf(type.getSymbol()).text);
    throw new Error(`no form in JSON: ${this.#checker.typeToString(type)}`);
  }

  #elementOf(type: Type & { getTarget(): Type }): Type {
    const [element] = this.#checker.getTypeArguments(type as Parameters<Checker['getTypeArguments']>[0]);
    if (element === undefined) throw new Error('an array of nothing');
    return element;
  }

  #union(types: readonly Type[], notes: Notes): Schema {
    const isNull = (one: Type): boolean => (one.flags & TypeFlags.Null) !== 0;
    const present = types.filter((one) => !isNull(one) && (one.flags & TypeFlags.Undefined) === 0);
    const schemas = present.map((one) => this.#schema(one, notes));
    const only = schemas.length === 1 ? schemas[0] : enumOf(schemas);
    if (only === undefined) throw new Error('a union of several kinds');
    if (!types.some(isNull)) return only;
    return typeof only['type'] === 'string' && only['type'] !== 'object'
      ? { ...only, type: [only['type'], 'null'] }
      : { oneOf: [{ type: 'null' }, only] };
  }

  /** The notes of our only alias that the node names, also as the element type of a list. */
  #aliasNotes(node: Node): Notes {
    const found: Notes[] = [];
    const visit = (one: Node): void => {
      if (isTypeReferenceNode(one)) {
        const symbol = this.#checker.getSymbolAtLocation(one.typeName);
        const target =
          symbol !== undefined && (symbol.flags & SymbolFlags.Alias) !== 0
            ? this.#checker.getAliasedSymbol(symbol)
            : symbol;
        const declaration = target?.declarations[0]?.resolve(this.#project);
        if (declaration !== undefined && isTypeAliasDeclaration(declaration) && this.#isOurs(declaration))
          found.push(this.#notesOf(target));
      }
      one.forEachChild((child) => visit(child));
    };
    visit(node);
    return found.find(({ text, keywords }) => text !== '' || Object.keys(keywords).length > 0) ?? NO_NOTES;
  }

  #isOurs(node: Node): boolean {
    return !this.#project.program.isSourceFileDefaultLibrary(node.getSourceFile());
  }

  #notesOf(symbol: TypeSymbol | undefined): Notes {
    if (symbol === undefined) return NO_NOTES;
    const keywords: Schema = {};
    for (const { name, text } of symbol.getJsDocTags(this.#checker)) {
      if (name === 'integer') keywords['type'] = 'integer';
      else if (name === 'minimum') keywords['minimum'] = Number(text);
      else if (name === 'pattern') keywords['pattern'] = text;
    }
    return { text: symbol.getDocumentationComment(this.#checker).replaceAll('\n', ' ').trim(), keywords };
  }

  #typeOf(node: TypeNode): Type {
    const type = this.#checker.getTypeFromTypeNode(node);
    if (type === undefined) throw new Error('a type that cannot be resolved');
    return type;
  }
}

function propertiesOf(schema: Schema | undefined): Record<string, Schema> {
  return (schema?.['properties'] ?? {}) as Record<string, Schema>;
}

/** The fields that every line has come first. */
function rank(name: string): number {
  const first = ['type', 'v', 'number'];
  return first.includes(name) ? first.indexOf(name) : first.length;
}

function byDescription(
  { schema: a }: { readonly schema: Schema },
  { schema: b }: { readonly schema: Schema },
): number {
  return String(a['description']) < String(b['description']) ? -1 : 1;
}

function partsOf(type: Type): readonly Type[] {
  return type.isUnionType() ? type.getTypes() : [type];
}

function noted(schema: Schema, { text, keywords }: Notes): Schema {
  return withDescription({ ...schema, ...keywords }, text);
}

function withDescription(schema: Schema, text: string): Schema {
  return text === '' ? schema : { ...schema, description: text };
}

/** Undefined if some of them are not constants. */
function enumOf(schemas: readonly Schema[]): Schema | undefined {
  const values = schemas.flatMap((one) =>
    'const' in one ? [one['const']] : ((one['enum'] ?? [null]) as unknown[]),
  );
  return values.includes(null) ? undefined : { enum: [...new Set(values)].sort() };
}

/** Merges two forms of one event: a field is required if both forms require it. */
function merged(a: Schema, b: Schema): Schema {
  const before = propertiesOf(a);
  const properties = { ...before };
  for (const [name, schema] of Object.entries(propertiesOf(b)))
    properties[name] = before[name] === undefined ? schema : mergedField(name, before[name], schema);
  const required = (a['required'] as string[]).filter((name) => (b['required'] as string[]).includes(name));
  const texts = new Set([a['description'], b['description']].filter((text) => text !== undefined));
  return { ...a, properties, required, description: [...texts].join(' ') };
}

/** The descriptions may differ: the first one is used. */
function mergedField(name: string, a: Schema, b: Schema): Schema {
  const bare = ({ description: _, ...rest }: Schema): string => JSON.stringify(rest);
  if (bare(a) === bare(b)) return a;
  const both = enumOf([a, b]);
  if (both === undefined) throw new Error(`${name}: two forms of one event differ in it`);
  return withDescription(both, String(a['description'] ?? ''));
}
