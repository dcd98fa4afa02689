// What needs a person now, the most pressing first, each with what ends it.

import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import type { ReactNode } from "react";
import { asProblem } from "../api/client.ts";
import { useAttention, useAttentionEverywhere, useBoards } from "../api/queries.ts";
import type { AttentionItem, Card } from "../api/types.ts";
import { Avatar } from "../board/card.tsx";
import { Badge, Button, Check, Empty, ProblemNote } from "../design/controls.tsx";
import { CheckIcon, InboxIcon, StatusIcon } from "../design/icons.tsx";
import { ago, dollars, full, useNow } from "../design/time.ts";
import { statusName } from "../design/words.ts";
import { t, useLanguage } from "../i18n/index.ts";
import { useKept } from "../shell/drafts.ts";
import { TopBar } from "../shell/layout.tsx";
import { act } from "../shell/moves.ts";
import { useOpenTask } from "../shell/places.ts";
import { Prose } from "../task/prose.tsx";
import { Diagnostics } from "../task/way-out.tsx";
import { Write } from "../task/write.tsx";
import { Answer } from "./answer.tsx";

type Need = AttentionItem["need"];

/** In the order in which they press. */
const GROUPS: Need[] = ["answer", "review", "rescue", "look"];

/** Tasks of each group that are shown at first, and with each further step. */
const MORE = 30;

export default function Attention() {
  useLanguage();
  const { board } = useParams({ from: "/b/$board" });
  const [everywhere, setEverywhere] = useState(false);
  const [shown, setShown] = useState(MORE);
  const boards = useBoards();
  const here = useAttention(board);
  const all = useAttentionEverywhere(everywhere);
  const attention = everywhere ? all : here;
  const items = attention.data?.items ?? [];
  return (
    <>
      <TopBar board={board} title={t("nav.attention")}>
        {(boards.data?.boards.length ?? 0) > 1 && <Check label={t("attention.all")} checked={everywhere} onChange={(event) => setEverywhere(event.target.checked)} />}
      </TopBar>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard. */}
      <section aria-label={t("attention.label")} tabIndex={0} className="min-h-0 flex-1 overflow-y-auto px-4 py-5 outline-none">
        <div className="mx-auto grid max-w-3xl grid-cols-1 gap-8">
          {attention.error && !attention.data && <ProblemNote problem={asProblem(attention.error)} retry={() => void attention.refetch()} />}
          {attention.isPending && (
            <div role="status" aria-label={t("any.loading")} className="grid gap-3">
              <div className="skeleton h-36" />
              <div className="skeleton h-36" />
            </div>
          )}
          {attention.data && items.length === 0 && (
            <Empty icon={<InboxIcon size={20} />} title={t("attention.none")}>
              {t("attention.noneAbout")}
            </Empty>
          )}
          {GROUPS.map((need) => {
            const group = items.filter((item) => item.need === need);
            return group.length === 0 ? null : (
              <Group key={need} title={t(`attention.${need}`)} count={group.length}>
                {group.slice(0, shown).map((item) => (
                  <Item key={`${item.board}/${item.task.id}`} item={item} here={board}>
                    {item.need === "review" && <Review board={item.board} card={item.task} />}
                    {item.task.status === "blocked" && <Answer board={item.board} id={item.task.id} kind={item.task.block_kind} reason={item.reason ?? item.task.block_reason ?? ""} />}
                    {item.diagnostics.length > 0 && <Diagnostics board={item.board} id={item.task.id} found={item.diagnostics} />}
                  </Item>
                ))}
              </Group>
            );
          })}
          {GROUPS.some((need) => items.filter((item) => item.need === need).length > shown) && (
            <Button size="md" className="mx-auto" onClick={() => setShown(shown + MORE)}>
              {t("do.showMore")}
            </Button>
          )}
          {attention.data?.truncated && <p className="text-center text-sm text-text-2">{t("attention.truncated")}</p>}
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

function Item({ item, here, children }: { item: AttentionItem; here: string; children: ReactNode }) {
  const now = useNow(15_000);
  const navigate = useNavigate();
  const openTask = useOpenTask();
  const card = item.task;
  const open = () =>
    item.board === here ? openTask(card.id) : void navigate({ to: "/b/$board/attention", params: { board: item.board }, search: { task: card.id } });
  return (
    <li className="grid grid-cols-1 gap-2.5 rounded-xl border border-line bg-raised p-3.5 shadow-card" data-attention={card.id}>
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <StatusIcon status={card.status} />
        <span className="sr-only">{statusName(card.status)}</span>
        <button type="button" dir="auto" onClick={open} className="min-w-0 text-start text-sm font-medium [overflow-wrap:anywhere] hover:underline">
          {card.title}
        </button>
        {item.board !== here && <Badge>{item.board}</Badge>}
        {card.priority !== 0 && <Badge tone={card.priority > 0 ? "amber" : "grey"}>P{card.priority}</Badge>}
        <span className="ml-auto flex items-center gap-2 text-xs text-text-3">
          {card.cost_usd !== null && card.cost_usd > 0 && <span title={t("any.cost")}>{dollars(card.cost_usd)}</span>}
          {card.assignee && (
            <span className="flex items-center gap-1.5">
              <Avatar name={card.assignee} /> {card.assignee}
            </span>
          )}
          <time dateTime={item.since} title={full(item.since)}>
            {ago(item.since, now)}
          </time>
        </span>
      </div>
      {children}
    </li>
  );
}

function Review({ board, card }: { board: string; card: Card }) {
  const [text, setText] = useKept(`review ${board}/${card.id}`, "");
  const [busy, setBusy] = useState<"approve" | "changes" | null>(null);
  const words = text.trim();
  const go = async (which: "approve" | "changes") => {
    setBusy(which);
    const done =
      which === "approve"
        ? await act(board, [card.id], words ? { verb: "approve", summary: words } : { verb: "approve" }, t("done.approved", { what: card.id }))
        : await act(board, [card.id], { verb: "request-changes", reason: words }, t("done.asked", { what: card.id }));
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
      <Write board={board} id={card.id} aria-label={t("attention.words", { id: card.id })} value={text} placeholder={t("attention.wordsHint")} change={setText} />
      <div className="flex flex-wrap gap-2">
        <Button tone="go" busy={busy === "approve"} disabled={busy !== null} onClick={() => void go("approve")}>
          <CheckIcon size={13} /> {t("do.approve")}
        </Button>
        <Button busy={busy === "changes"} disabled={!words || busy !== null} onClick={() => void go("changes")}>
          {t("do.requestChanges")}
        </Button>
      </div>
    </>
  );
}
