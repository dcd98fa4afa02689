// What the branch of a worktree task changes.

import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api } from "../api/actions.ts";
import { Refused, asProblem } from "../api/client.ts";
import type { Diff, Task } from "../api/types.ts";
import { Badge, Button, Empty, ProblemNote, Words } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { ChevronIcon, GraphIcon, RefreshIcon } from "../design/icons.tsx";
import { count } from "../design/time.ts";
import { t } from "../i18n/index.ts";
import { readPatch } from "./patch.ts";
import type { PatchFile, PatchLine } from "./patch.ts";

/** Lines above which a file is shown folded. */
const LONG = 400;

export default function Changes({ board, task }: { board: string; task: Task }) {
  const diff = useQuery({ queryKey: ["diff", board, task.id], queryFn: () => api.diff(board, task.id), staleTime: 0, retry: false });
  if (diff.error && !diff.data) {
    if (diff.error instanceof Refused && diff.error.problem.status !== 0) {
      return (
        <Empty icon={<GraphIcon size={20} />} title={t("diff.none")}>
          {diff.error.problem.detail ?? diff.error.problem.title}
        </Empty>
      );
    }
    return <ProblemNote problem={asProblem(diff.error)} retry={() => void diff.refetch()} />;
  }
  if (!diff.data) return <div role="status" aria-label={t("any.loading")} className="skeleton h-64" />;
  return <Shown diff={diff.data} again={() => void diff.refetch()} busy={diff.isFetching} />;
}

function Shown({ diff, again, busy }: { diff: Diff; again: () => void; busy: boolean }) {
  const files = useMemo(() => readPatch(diff.patch), [diff.patch]);
  const untracked = diff.files.filter((file) => file.untracked && !files.some((each) => each.path === file.path));
  const sum = (of: "added" | "removed") => diff.files.reduce((total, file) => total + (file[of] ?? 0), 0);
  return (
    <div className="grid grid-cols-1 gap-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-text-2">
        <span>
          {t("diff.files", { n: diff.files.length })}{" "}
          <span className="font-medium text-green">+{count(sum("added"))}</span> <span className="font-medium text-red">−{count(sum("removed"))}</span>
        </span>
        {diff.branch && (
          <span className="min-w-0 truncate">
            <Words text={t("diff.against", { branch: diff.branch, base: diff.base.slice(0, 10) })} />
          </span>
        )}
        {diff.live && <Badge tone="green">{t("diff.live")}</Badge>}
        <Button className="ml-auto" busy={busy} onClick={again}>
          <RefreshIcon size={12} /> {t("diff.again")}
        </Button>
      </div>
      {diff.truncated && (
        <p className="rounded-md bg-amber-soft px-3 py-1.5 text-xs text-amber" role="status">
          {t("diff.truncated")}
        </p>
      )}
      {diff.files.length === 0 && (
        <Empty icon={<GraphIcon size={20} />} title={t("diff.empty")}>
          {t("diff.emptyAbout")}
        </Empty>
      )}
      {files.map((file) => (
        <File key={file.path} file={file} />
      ))}
      {untracked.map((file) => (
        <p key={file.path} className="flex items-center gap-2 rounded-lg border border-line bg-raised px-3 py-2 font-mono text-xs">
          <span className="min-w-0 flex-1 truncate">{file.path}</span> <Badge tone="amber">{t("diff.untracked")}</Badge>
        </p>
      ))}
    </div>
  );
}

function File({ file }: { file: PatchFile }) {
  const [open, setOpen] = useState(file.lines.length <= LONG);
  const of = (kind: PatchLine["kind"]) => file.lines.filter((line) => line.kind === kind).length;
  const state = file.state === "changed" ? null : t(`diff.${file.state}`);
  return (
    <section aria-label={file.path} className="overflow-hidden rounded-lg border border-line bg-raised">
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="flex w-full items-center gap-2 px-3 py-2 text-left text-xs hover:bg-hover">
        <ChevronIcon size={12} className={cx("shrink-0 text-text-3", !open && "-rotate-90")} />
        <span className="min-w-0 flex-1 truncate font-mono font-medium" title={file.path}>
          {file.from ? `${file.from} → ${file.path}` : file.path}
        </span>
        {state && <Badge tone={file.state === "deleted" ? "red" : file.state === "added" ? "green" : "grey"}>{state}</Badge>}
        <span className="text-green">+{count(of("added"))}</span>
        <span className="text-red">−{count(of("removed"))}</span>
      </button>
      {open && file.lines.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard.
        <div tabIndex={0} role="group" aria-label={t("diff.label", { path: file.path })} className="overflow-x-auto border-t border-line font-mono text-xs leading-5 [content-visibility:auto]">
          <table className="w-full border-collapse">
            <tbody>
              {file.lines.map((line, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a patch never change places.
                <Line key={index} line={line} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const SIGN: Record<PatchLine["kind"], string> = { same: " ", added: "+", removed: "−", hunk: "", note: "" };

function Line({ line }: { line: PatchLine }) {
  if (line.kind === "hunk" || line.kind === "note") {
    return (
      <tr className="bg-canvas text-text-3">
        <td colSpan={3} className="px-3">
          {line.kind === "hunk" ? `${t("diff.line", { n: line.new ?? 0 })} ${line.text}` : line.text}
        </td>
      </tr>
    );
  }
  return (
    <tr className={line.kind === "added" ? "bg-green-soft" : line.kind === "removed" ? "bg-red-soft" : ""}>
      <td className="w-10 px-2 text-right text-text-3 select-none">{line.old}</td>
      <td className="w-10 px-2 text-right text-text-3 select-none">{line.new}</td>
      <td className="pr-3 whitespace-pre">
        <span className={cx("inline-block w-4 select-none", line.kind === "added" ? "text-green" : line.kind === "removed" ? "text-red" : "")}>{SIGN[line.kind]}</span>
        {line.text}
      </td>
    </tr>
  );
}
