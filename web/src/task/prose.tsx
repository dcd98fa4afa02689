// Markdown, whose reader is loaded when there is something to read.

import { Suspense, lazy } from "react";

const Markdown = lazy(() => import("./markdown.tsx"));

export function Prose({ text }: { text: string }) {
  return (
    <Suspense fallback={<p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{text}</p>}>
      <Markdown text={text} />
    </Suspense>
  );
}
