// What was said about a task, and what happened to it.

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, refresh } from "../api/queries.ts";
import type { BoardEvent, Comment } from "../api/types.ts";
import { Avatar } from "../board/card.tsx";
import { Badge, Button, ProblemNote, Section } from "../design/controls.tsx";
import { ago, count, full, useNow } from "../design/time.ts";
import { eventName } from "../design/words.ts";
import { t } from "../i18n/index.ts";
import { sent, useKept } from "../shell/drafts.ts";
import { Prose } from "./prose.tsx";
import { Write } from "./write.tsx";

export function Comments({ board, id, comments }: { board: string; id: string; comments: Comment[] }) {
  const name = `comment ${board}/${id}`;
  const [text, setText] = useKept(name, "");
  const now = useNow(15_000);
  const say = useMutation({
    mutationFn: (text: string) => api.comment(board, id, text.trim()),
    onSuccess: (_, text) => sent(name, text),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.task(board, id) });
      void refresh(board, new Set([id]));
    },
  });
  const send = () => {
    if (text.trim() && !say.isPending) say.mutate(text);
  };
  return (
    <Section title={`${t("comments.name")}${comments.length > 0 ? ` ${count(comments.length)}` : ""}`}>
      <ol className="grid gap-3">
        {comments.map((comment) => (
          <li key={comment.id} id={`comment-${comment.id}`} className="flex scroll-mt-4 gap-2.5">
            <Avatar name={comment.author} size={22} />
            <div className="min-w-0 flex-1 rounded-lg border border-line bg-raised px-3 py-2 text-sm">
              <p className="mb-1 flex items-center gap-2 text-xs text-text-3">
                <span className="font-medium text-text">{comment.author}</span>
                {comment.author_kind !== "person" && <Badge>{comment.author_kind}</Badge>}
                <time dateTime={comment.created_at} title={full(comment.created_at)}>
                  {ago(comment.created_at, now)}
                </time>
              </p>
              <Prose text={comment.body} />
            </div>
          </li>
        ))}
      </ol>
      <div className="grid gap-2">
        <Write
          board={board}
          id={id}
          field="new-comment"
          aria-label={t("comments.new")}
          placeholder={t("comments.hint")}
          value={text}
          change={setText}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) send();
          }}
        />
        {say.error && <ProblemNote problem={asProblem(say.error)} />}
        <div>
          <Button disabled={!text.trim()} busy={say.isPending} onClick={send}>
            {t("do.comment")}
          </Button>
        </div>
      </div>
    </Section>
  );
}

/** The latest events that are shown at first. */
const SHOWN = 20;

/** Tasks that a worker named though there are none. */
function phantoms(event: BoardEvent): string[] {
  const payload = event.payload as { phantom?: unknown; phantom_refs?: unknown; phantom_cards?: unknown } | null;
  const named = payload && typeof payload === "object" ? (payload.phantom ?? payload.phantom_cards ?? payload.phantom_refs) : null;
  return Array.isArray(named) ? named.filter((id) => typeof id === "string").slice(0, 8) : [];
}

export function Events({ events }: { events: BoardEvent[] }) {
  const [all, setAll] = useState(false);
  const now = useNow(15_000);
  const newest = [...events].sort((a, b) => b.number - a.number);
  const list = all ? newest : newest.slice(0, SHOWN);
  if (events.length === 0) return null;
  return (
    <Section title={t("events.name")}>
      <ol className="grid gap-1 border-l border-line pl-3.5">
        {list.map((event) => (
          <li key={event.number} className="relative flex items-baseline gap-2 text-xs text-text-2">
            <span aria-hidden="true" className="absolute top-1.5 -left-[17px] size-[5px] rounded-full bg-line-strong" />
            <span className="font-medium text-text">{eventName(event.kind)}</span>
            <span className="truncate">{t("events.by", { who: event.actor })}</span>
            {phantoms(event).map((id) => (
              <code key={id} title={t("events.phantom")} className="shrink-0 rounded bg-red-soft px-1 font-mono text-2xs text-red line-through">
                {id}
              </code>
            ))}
            <time dateTime={event.created_at} title={full(event.created_at)} className="ml-auto shrink-0 text-text-3">
              {ago(event.created_at, now)}
            </time>
          </li>
        ))}
      </ol>
      {newest.length > SHOWN && (
        <div>
          <Button tone="quiet" onClick={() => setAll(!all)}>
            {all ? t("events.fewer") : t("events.all", { n: newest.length })}
          </Button>
        </div>
      )}
    </Section>
  );
}
