// What people and workers wrote: Markdown, of which nothing can act.
//
// Only what is named here becomes an element. Raw HTML is shown as the text that it is, and pictures are shown as links:
// opening a task must not tell anybody that it was opened.

import type { Node, Nodes, Parents, Table } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { useMemo } from "react";
import type { ReactNode } from "react";
import { t } from "../i18n/index.ts";

/** The addresses that a link may lead to. */
const SAFE = /^(https?:|mailto:)/i;

type Places = ReadonlyMap<string, string>;

/** Where the named links of a text lead. */
function places(node: Node, found = new Map<string, string>()): Map<string, string> {
  const known = node as Nodes;
  if (known.type === "definition") found.set(known.identifier, known.url);
  else if ("children" in known) for (const child of known.children) places(child, found);
  return found;
}

function Link({ to, children }: { to: string | undefined; children: ReactNode }) {
  if (!to || !SAFE.test(to)) return <>{children}</>;
  return (
    <a href={to} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

function Rows({ table, names }: { table: Table; names: Places }) {
  const row = (at: number, Cell: "th" | "td") => (
    <tr key={at}>
      {table.children[at]?.children.map((cell, column) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: what was written never changes places.
        <Cell key={column} style={{ textAlign: table.align?.[column] ?? undefined }}>
          {inside(cell, names)}
        </Cell>
      ))}
    </tr>
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard.
    <table tabIndex={0}>
      <thead>{row(0, "th")}</thead>
      <tbody>{table.children.slice(1).map((_, at) => row(at + 1, "td"))}</tbody>
    </table>
  );
}

const inside = (node: Parents, names: Places): ReactNode => node.children.map((child, index) => <One key={index} node={child} names={names} />);

function One({ node, names }: { node: Nodes; names: Places }): ReactNode {
  switch (node.type) {
    case "text":
    case "html":
      return node.value;
    case "root":
      return inside(node, names);
    case "paragraph":
      return <p>{inside(node, names)}</p>;
    case "heading": {
      const Level = `h${node.depth}` as const;
      return <Level>{inside(node, names)}</Level>;
    }
    case "emphasis":
      return <em>{inside(node, names)}</em>;
    case "strong":
      return <strong>{inside(node, names)}</strong>;
    case "delete":
      return <del>{inside(node, names)}</del>;
    case "inlineCode":
      return <code>{node.value}</code>;
    case "code":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard.
        <pre tabIndex={0}>
          <code>{`${node.value}\n`}</code>
        </pre>
      );
    case "blockquote":
      return <blockquote>{inside(node, names)}</blockquote>;
    case "break":
      return <br />;
    case "thematicBreak":
      return <hr />;
    case "link":
      return <Link to={node.url}>{inside(node, names)}</Link>;
    case "linkReference":
      return <Link to={names.get(node.identifier)}>{inside(node, names)}</Link>;
    case "image":
      return <Link to={node.url}>{node.alt || node.url}</Link>;
    case "imageReference":
      return <Link to={names.get(node.identifier)}>{node.alt || node.identifier}</Link>;
    case "list": {
      const items = node.children.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: what was written never changes places.
        <li key={index} className={typeof item.checked === "boolean" ? "task-list-item" : undefined}>
          {typeof item.checked === "boolean" && <input type="checkbox" checked={item.checked} readOnly disabled aria-label={item.checked ? t("prose.done") : t("prose.open")} />}
          {item.children.map((child, at) =>
            // A tight list has its words without paragraphs around them.
            // biome-ignore lint/suspicious/noArrayIndexKey: as above.
            child.type === "paragraph" && !item.spread && !node.spread ? <span key={at}> {inside(child, names)}</span> : <One key={at} node={child} names={names} />,
          )}
        </li>
      ));
      return node.ordered ? <ol start={node.start ?? 1}>{items}</ol> : <ul>{items}</ul>;
    }
    case "table":
      return <Rows table={node} names={names} />;
    case "footnoteReference":
      return <sup>{node.label ?? node.identifier}</sup>;
    case "footnoteDefinition":
      return (
        <div className="footnote">
          <sup>{node.label ?? node.identifier}</sup> {inside(node, names)}
        </div>
      );
    case "definition":
    case "yaml":
    case "listItem":
    case "tableRow":
    case "tableCell":
      // The first two say nothing; the others are drawn by what holds them.
      return null;
  }
}

export default function Prose({ text }: { text: string }) {
  const tree = useMemo(() => fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }), [text]);
  const names = useMemo(() => places(tree), [tree]);
  return (
    <div dir="auto" className="prose-andon">
      <One node={tree} names={names} />
    </div>
  );
}
