// What needs a person now, the most pressing first, each with what ends it.

import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import type { ReactNode } from "react";
import { asProblem } from "../api/client.ts";
import { useAttention } from "../api/queries.ts";
import type { BlockKind, Card, TaskDiagnostics } from "../api/types.ts";
import { Avatar } from "../board/card.tsx";
import { Badge, Button, Empty, ProblemNote, TextArea } from "../design/controls.tsx";
import { CheckIcon, InboxIcon, StatusIcon } from "../design/icons.tsx";
import { ago, dollars, full, useNow } from "../design/time.ts";
import { STATUS_NAME } from "../design/words.ts";
import { TopBar } from "../shell/layout.tsx";
import { act } from "../shell/moves.ts";
import { Prose } from "../task/prose.tsx";
import { Diagnostics } from "../task/way-out.tsx";
import { Answer } from "./answer.tsx";

/** What presses more: a question stops a worker, a stop by a person was that person's will. */
const PRESSING: Record<BlockKind, number> = { needs_input: 0, capability: 1, recurring: 2, gave_up: 3, transient: 4, operator: 5 };

function order(a: Card, b: Card): number {
  const by = PRESSING[a.block_kind ?? "operator"] - PRESSING[b.block_kind ?? "operator"];
  if (by !== 0) return by;
  if (a.priority !== b.priority) return b.priority - a.priority;
  return (a.blocked_at ?? "") < (b.blocked_at ?? "") ? -1 : 1;
}

export default function Attention() {
  const { board } = useParams({ from: "/b/$board" });
  const attention = useAttention(board);
  const data = attention.data;
  const questions = [...(data?.blocked ?? [])].sort(order);
  const total = questions.length + (data?.reviews.length ?? 0) + (data?.diagnostics.length ?? 0);
  return (
    <>
      <TopBar board={board} title="Attention" />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard. */}
      <section aria-label="What needs a person" tabIndex={0} className="min-h-0 flex-1 overflow-y-auto px-4 py-5 outline-none">
        <div className="mx-auto grid max-w-3xl grid-cols-1 gap-8">
          {attention.error && !data && <ProblemNote problem={asProblem(attention.error)} retry={() => void attention.refetch()} />}
          {attention.isPending && (
            <div role="status" aria-label="Loading" className="grid gap-3">
              <div className="skeleton h-36" />
              <div className="skeleton h-36" />
            </div>
          )}
          {data && total === 0 && (
            <Empty icon={<InboxIcon size={20} />} title="Nothing needs you">
              Questions of workers, reviews that wait for a person, and what goes wrong appear here.
            </Empty>
          )}
          {questions.length > 0 && (
            <Group title="Blocked" count={questions.length}>
              {questions.map((card) => (
                <Item key={card.id} card={card} since={card.blocked_at}>
                  <Answer board={board} id={card.id} kind={card.block_kind} reason={card.block_reason ?? ""} />
                </Item>
              ))}
            </Group>
          )}
          {data && data.reviews.length > 0 && (
            <Group title="Waits for your review" count={data.reviews.length}>
              {data.reviews.map((card) => (
                <Item key={card.id} card={card} since={card.updated_at}>
                  <Review board={board} card={card} />
                </Item>
              ))}
            </Group>
          )}
          {data && data.diagnostics.length > 0 && (
            <Group title="Goes wrong" count={data.diagnostics.length}>
              {data.diagnostics.map((found) => (
                <Wrong key={found.task_id} board={board} found={found} />
              ))}
            </Group>
          )}
        </div>
      </section>
    </>
  );
}

function Group({ title, count, children }: { title: string; count: number; children: ReactNode }) {
  return (
    <section aria-label={title} className="grid grid-cols-1 gap-3">
      <h2 className="flex items-center gap-2 text-sm font-semibold">
        {title} <span className="text-xs font-normal text-text-3">{count}</span>
      </h2>
      <ol className="grid grid-cols-1 gap-3">{children}</ol>
    </section>
  );
}

function useOpen(): (id: string) => void {
  const navigate = useNavigate({ from: "/b/$board" });
  return (id) => void navigate({ to: ".", search: (old) => ({ ...old, task: id }) });
}

function Item({ card, since, children }: { card: Card; since: string | null; children: ReactNode }) {
  const now = useNow(15_000);
  const open = useOpen();
  return (
    <li className="grid grid-cols-1 gap-2.5 rounded-xl border border-line bg-raised p-3.5 shadow-card" data-attention={card.id}>
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <StatusIcon status={card.status} />
        <button type="button" onClick={() => open(card.id)} className="min-w-0 text-left text-sm font-medium [overflow-wrap:anywhere] hover:underline">
          {card.title}
        </button>
        {card.priority !== 0 && <Badge tone={card.priority > 0 ? "amber" : "grey"}>P{card.priority}</Badge>}
        <span className="ml-auto flex items-center gap-2 text-xs text-text-3">
          {card.cost_usd !== null && card.cost_usd > 0 && <span title="Cost of all runs">{dollars(card.cost_usd)}</span>}
          {card.assignee && (
            <span className="flex items-center gap-1.5">
              <Avatar name={card.assignee} /> {card.assignee}
            </span>
          )}
          <time dateTime={since ?? ""} title={full(since)}>
            {ago(since, now)}
          </time>
        </span>
      </div>
      {children}
    </li>
  );
}

function Review({ board, card }: { board: string; card: Card }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState<"approve" | "changes" | null>(null);
  const words = text.trim();
  const go = async (which: "approve" | "changes") => {
    setBusy(which);
    const done =
      which === "approve"
        ? await act(board, [card.id], words ? { verb: "approve", summary: words } : { verb: "approve" }, `Approved ${card.id}`)
        : await act(board, [card.id], { verb: "request-changes", reason: words }, `Asked for changes: ${card.id}`);
    setBusy(null);
    if (done) setText("");
  };
  return (
    <>
      {card.latest_summary && (
        <div className="rounded-lg bg-canvas px-3 py-2 text-sm">
          <Prose text={card.latest_summary} />
        </div>
      )}
      <TextArea aria-label={`Words on ${card.id}`} value={text} placeholder="What to change, or a word with the approval" onChange={(event) => setText(event.target.value)} />
      <div className="flex flex-wrap gap-2">
        <Button tone="go" busy={busy === "approve"} disabled={busy !== null} onClick={() => void go("approve")}>
          <CheckIcon size={13} /> Approve
        </Button>
        <Button busy={busy === "changes"} disabled={!words || busy !== null} onClick={() => void go("changes")}>
          Request changes
        </Button>
      </div>
    </>
  );
}

function Wrong({ board, found }: { board: string; found: TaskDiagnostics }) {
  const open = useOpen();
  return (
    <li className="grid grid-cols-1 gap-2.5 rounded-xl border border-line bg-raised p-3.5 shadow-card">
      <div className="flex items-center gap-2">
        <StatusIcon status={found.status} />
        <span className="sr-only">{STATUS_NAME[found.status]}</span>
        <button type="button" onClick={() => open(found.task_id)} className="min-w-0 flex-1 text-left text-sm font-medium [overflow-wrap:anywhere] hover:underline">
          {found.title}
        </button>
        {found.assignee && (
          <span className="flex items-center gap-1.5 text-xs text-text-3">
            <Avatar name={found.assignee} /> {found.assignee}
          </span>
        )}
      </div>
      <Diagnostics board={board} id={found.task_id} found={found.diagnostics} />
    </li>
  );
}
