/** What a source file imports and contains, found with a real parser. */

import { parse } from "@babel/parser";

export interface Import {
  readonly specifier: string;
  /** `import("...")`, which is resolved when it runs. */
  readonly dynamic: boolean;
  /** Where the specifier begins and ends in the source, including its quotes. */
  readonly start: number;
  readonly end: number;
}

interface SyntaxNode {
  readonly type: string;
  readonly [property: string]: unknown;
}

/** Imports and re-exports, including those of types: they end up in the published types. */
export function findImports(source: string): Import[] {
  const imports: Import[] = [];
  visit(source, (node) => {
    const literal = node.source ?? node.expression;
    const specifier = literalValue(literal);
    if (specifier === undefined) return;
    const { start, end } = literal as { start: number; end: number };
    switch (node.type) {
      case "ImportDeclaration":
      case "ExportNamedDeclaration":
      case "ExportAllDeclaration":
      case "TSImportType":
      case "TSExternalModuleReference":
        imports.push({ specifier, dynamic: false, start, end });
        break;
      case "ImportExpression":
        imports.push({ specifier, dynamic: true, start, end });
    }
  });
  return imports;
}

/** The source with each specifier that `findImports` finds replaced. */
export function renameImports(source: string, rename: (specifier: string) => string): string {
  const pieces: string[] = [];
  let copied = 0;
  for (const { specifier, start, end } of findImports(source).sort((a, b) => a.start - b.start)) {
    pieces.push(source.slice(copied, start), JSON.stringify(rename(specifier)));
    copied = end;
  }
  return pieces.join("") + source.slice(copied);
}

/** String literals and the fixed parts of templates, except import specifiers. */
export function findStrings(source: string): string[] {
  const strings: string[] = [];
  visit(source, (node) => {
    if (node.type === "StringLiteral") strings.push(node.value as string);
    if (node.type === "TemplateElement") strings.push((node.value as { raw: string }).raw);
  });
  return strings;
}

/** Names that the code refers to: variables and globals, and `object.property` pairs. */
export function findNames(source: string): Set<string> {
  const names = new Set<string>();
  const propertyNames = new Set<unknown>();
  visit(source, (node) => {
    if (!node.computed) propertyNames.add(node.property).add(node.key);
    if (node.type === "Identifier" && !propertyNames.has(node)) names.add(node.name as string);
    if (node.type === "MemberExpression" && !node.computed) {
      const { object, property } = node as unknown as Record<string, SyntaxNode>;
      names.add(`${object.name}.${property.name}`);
    }
  });
  return names;
}

function visit(source: string, visitor: (node: SyntaxNode) => void): void {
  // Semantic errors, such as an unknown private name, are left to the type checkers.
  const { program } = parse(source, {
    sourceType: "module",
    plugins: ["typescript"],
    errorRecovery: true,
  });
  const pending: unknown[] = [program];
  while (pending.length > 0) {
    const value = pending.pop();
    if (Array.isArray(value)) pending.push(...value.toReversed());
    else if (isNode(value)) {
      visitor(value);
      pending.push(...Object.values(value).reverse());
    }
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null &&
    typeof (value as { type?: unknown }).type === "string";
}

/** The value of "..." and of a template without parts; undefined for anything else. */
function literalValue(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "StringLiteral") return node.value as string;
  if (node.type === "TemplateLiteral") {
    const quasis = node.quasis as { value: { cooked: string } }[];
    return quasis.length === 1 ? quasis[0].value.cooked : undefined;
  }
  return undefined;
}
