// Markdown, whose reader is loaded when there is something to read; as it was written, where the home is configured so.

import { Suspense, lazy } from "react";
import { useDefaults } from "../shell/defaults.ts";

const Markdown = lazy(() => import("./markdown.tsx"));

export function Prose({ text }: { text: string }) {
  const { render_markdown } = useDefaults();
  const plain = (
    <p dir="auto" className="whitespace-pre-wrap [overflow-wrap:anywhere]">
      {text}
    </p>
  );
  return render_markdown ? (
    <Suspense fallback={plain}>
      <Markdown text={text} />
    </Suspense>
  ) : (
    plain
  );
}
