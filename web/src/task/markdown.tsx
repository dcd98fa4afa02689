// What people and workers wrote: Markdown, of which nothing can act.

import Markdown from "react-markdown";
import rehypeSanitize, { defaultSchema } from "rehype-sanitize";
import remarkGfm from "remark-gfm";

// No picture from elsewhere is loaded: opening a task must not tell anybody that it was opened.
const SCHEMA = {
  ...defaultSchema,
  tagNames: (defaultSchema.tagNames ?? []).filter((name) => name !== "img" && name !== "picture" && name !== "source"),
  protocols: { ...defaultSchema.protocols, href: ["http", "https", "mailto"] },
};

export default function Prose({ text }: { text: string }) {
  return (
    <div dir="auto" className="prose-andon">
      <Markdown
        remarkPlugins={[remarkGfm]}
        rehypePlugins={[[rehypeSanitize, SCHEMA]]}
        components={{
          a: ({ children, href }) => (
            <a href={href} target="_blank" rel="noopener noreferrer nofollow">
              {children}
            </a>
          ),
          input: ({ checked }) => <input type="checkbox" checked={checked ?? false} readOnly disabled aria-label={checked ? "done" : "open"} />,
          pre: ({ children }) => (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard.
            <pre tabIndex={0}>{children}</pre>
          ),
        }}
      >
        {text}
      </Markdown>
    </div>
  );
}
