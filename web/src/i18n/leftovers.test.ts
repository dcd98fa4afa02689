import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const SOURCES = join(import.meta.dirname, "..");
/** Attributes and members whose texts people read. */
const READ = new Set(["label", "title", "text", "hint", "placeholder", "description", "alt", "aria-label", "ariaLabel", "none", "name", "suffix", "heading"]);
/** Names, examples and signs that are the same in every language. */
const SAME = new Set(["Andon", "PostgreSQL", "SQLite", "review, rust", "/absolute/path", "🚀", "Esc"]);
const words = (text: string) => /\p{L}{2,}/u.test(text) && !SAME.has(text.trim());

/** Texts of a source that people would read as they stand there. */
export function leftovers(name: string, source: string): string[] {
  const found: string[] = [];
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const literals = (node: ts.Node): string[] => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
    if (ts.isTemplateExpression(node)) return [node.head.text, ...node.templateSpans.map((span) => span.literal.text)];
    if (ts.isConditionalExpression(node)) return [...literals(node.whenTrue), ...literals(node.whenFalse)];
    if (ts.isBinaryExpression(node)) return [...literals(node.left), ...literals(node.right)].filter(() => !/[=<>]/.test(node.operatorToken.getText()));
    if (ts.isParenthesizedExpression(node) || (ts.isJsxExpression(node) && node.expression)) return literals((node as ts.ParenthesizedExpression).expression);
    return [];
  };
  const note = (node: ts.Node, texts: string[]) => {
    const at = file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    for (const text of texts) if (words(text)) found.push(`${name}:${at}: ${text.trim()}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node)) note(node, [node.text]);
    else if (ts.isJsxExpression(node) && (ts.isJsxElement(node.parent) || ts.isJsxFragment(node.parent))) note(node, literals(node));
    else if (ts.isJsxAttribute(node) && READ.has(node.name.getText()) && node.initializer) note(node, literals(node.initializer));
    else if (ts.isPropertyAssignment(node) && READ.has(node.name.getText())) {
      const texts = literals(node.initializer);
      // A key of the catalogue is looked up where it is shown.
      note(node, texts.filter((text) => !/^\w+\.\w+$/.test(text)));
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

it("finds what is not in the catalogue", () => {
  const bad = '<><b>Two words</b><i title="Hint">{on ? "Yes" : ""}</i>{toast({ text: `Did ${x}` })}</>;';
  expect(leftovers("x.tsx", bad).map((each) => each.split(": ")[1])).toEqual(["Two words", "Hint", "Yes", "Did"]);
  expect(leftovers("x.tsx", '<b className="text" title={t("do.add")}>{t("do.add")} 12 ·</b>;')).toEqual([]);
});

it("finds nothing of that kind in the dashboard", () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name) && !/\.test\.|\.d\.ts$|^i18n\//.test(name));
  expect(files.length).toBeGreaterThan(40);
  expect(files.flatMap((name) => leftovers(name, readFileSync(join(SOURCES, name), "utf8")))).toEqual([]);
});
