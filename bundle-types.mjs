/**
 * Writes dist/main/index.d.ts: the declarations that src/main/index.ts exports and those that they name, in one file. The compiler
 * writes one file for each source, and a program would see the names of all our files. Only what is in src/main/index.ts is exported.
 */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  isIdentifier,
  isImportDeclaration,
  isImportTypeNode,
  isSourceFile,
  isVariableDeclaration,
} from 'typescript/unstable/ast';
import { API, SymbolFlags } from 'typescript/unstable/sync';

const CONFIG = join(import.meta.dirname, 'tsconfig.types.json');
const EMITTED = join(import.meta.dirname, 'node_modules', '.cache', 'unchoke', 'types');

rmSync(EMITTED, { recursive: true, force: true });
execFileSync(process.execPath, [join(import.meta.dirname, 'node_modules/typescript/bin/tsc'), '-p', CONFIG], {
  stdio: 'inherit',
});
writeFileSync(
  join(EMITTED, 'tsconfig.json'),
  JSON.stringify({
    extends: CONFIG,
    compilerOptions: { noEmit: true, emitDeclarationOnly: false, declaration: false, rootDir: '.' },
    files: ['main/index.d.ts'],
  }),
);

const api = new API({ cwd: import.meta.dirname });
try {
  const config = join(EMITTED, 'tsconfig.json');
  const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
  writeFileSync(join(import.meta.dirname, 'dist', 'main', 'index.d.ts'), bundled(project));
} finally {
  api.close();
}

function bundled(project) {
  const { checker, program } = project;
  const entry = program.getSourceFile(join(EMITTED, 'main', 'index.d.ts'));
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(entry)).map(resolved);
  /** Statement to its text, in the order in which they were found. */
  const statements = new Map();
  const owners = new Map();
  const imports = new Map();
  const queue = [...exported];
  for (const symbol of queue) {
    const before = owners.get(symbol.name);
    if (before?.id === symbol.id) continue;
    if (before !== undefined) throw new Error(`two declarations have the name ${symbol.name}`);
    owners.set(symbol.name, symbol);
    for (const handle of symbol.declarations) add(statementOf(handle.resolve(project)));
  }
  const lines = [...imports].map(
    ([from, names]) => `import type { ${[...names].sort().join(', ')} } from '${from}';`,
  );
  const names = exported.map(({ name, flags }) => (isValue(flags) ? name : `type ${name}`)).sort(byName);
  return `${[...lines, ...statements.values(), `export { ${names.join(', ')} };`].join('\n')}\n`;

  function add(statement) {
    if (statements.has(statement)) return;
    statements.set(statement, textOf(statement));
    visit(statement);
  }

  function visit(node) {
    if (isImportTypeNode(node)) throw new Error(`a type without a name: ${node.getText()}`);
    if (isIdentifier(node)) follow(node);
    node.forEachChild(visit);
  }

  function follow(identifier) {
    const symbol = checker.getSymbolAtLocation(identifier);
    if (symbol === undefined) return;
    const target = resolved(symbol);
    const [declaration] = target.declarations;
    if (declaration === undefined) return;
    if (isTopLevelOfOurs(declaration.resolve(project))) queue.push(target);
    else if ((symbol.flags & SymbolFlags.Alias) !== 0) importFrom(symbol);
  }

  function importFrom(symbol) {
    let node = symbol.declarations[0].resolve(project);
    while (!isImportDeclaration(node)) node = node.parent;
    const from = node.moduleSpecifier.text;
    if (from.startsWith('.')) return;
    imports.set(from, (imports.get(from) ?? new Set()).add(symbol.name));
  }

  function isTopLevelOfOurs(node) {
    const file = node.getSourceFile().fileName;
    // A member leads to its class or interface, which comes by its own name.
    const isTopLevel = node === statementOf(node) || isVariableDeclaration(node);
    return file.startsWith(EMITTED) && isTopLevel;
  }

  function resolved(symbol) {
    return (symbol.flags & SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
  }
}

function statementOf(node) {
  let statement = node;
  while (!isSourceFile(statement.parent)) statement = statement.parent;
  return statement;
}

/** With its own comment, and without that of its file. */
function textOf(statement) {
  const whole = statement.getFullText();
  const own = statement.getText();
  const comments = whole.slice(0, whole.length - own.length).match(/\/\*\*(?:(?!\*\/)[\s\S])*\*\//g) ?? [];
  const text = own.replace(/^export (?:declare )?/, (found) =>
    /^export declare/.test(found) ? 'declare ' : '',
  );
  return [...comments.slice(-1), text].join('\n');
}

function isValue(flags) {
  return (flags & SymbolFlags.Value) !== 0;
}

function byName(a, b) {
  const bare = (name) => name.replace(/^type /, '');
  return bare(a) < bare(b) ? -1 : 1;
}
