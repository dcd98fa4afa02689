// What a task waits for, and what waits for it.

import { useMutation } from "@tanstack/react-query";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, refresh } from "../api/queries.ts";
import type { Shown, TaskRef } from "../api/types.ts";
import { IconButton, Section } from "../design/controls.tsx";
import { CloseIcon, StatusIcon } from "../design/icons.tsx";
import { statusName } from "../design/words.ts";
import { t } from "../i18n/index.ts";
import { useOpenTask } from "../shell/places.ts";
import { refusal } from "../shell/store.ts";
import { PickTask } from "./pick.tsx";

export function Links({ board, shown }: { board: string; shown: Shown }) {
  const id = shown.task.id;
  const settle = () => {
    void client.invalidateQueries({ queryKey: keys.task(board, id) });
    void client.invalidateQueries({ queryKey: ["graph", board] });
    void refresh(board, new Set([id]));
  };
  const link = useMutation({
    mutationFn: ({ parent, child }: { parent: string; child: string }) => api.link(board, parent, child),
    onError: (error) => refusal(asProblem(error)),
    onSettled: settle,
  });
  const unlink = useMutation({
    mutationFn: ({ parent, child }: { parent: string; child: string }) => api.unlink(board, parent, child),
    onError: (error) => refusal(asProblem(error)),
    onSettled: settle,
  });
  const taken = new Set([id, ...shown.parents.map((each) => each.id), ...shown.children.map((each) => each.id)]);
  const done = shown.children.filter((each) => each.status === "done" || each.status === "archived").length;
  return (
    <div className="grid gap-6 sm:grid-cols-2">
      <Section
        title={t("links.waitsFor")}
        aside={<PickTask board={board} label={t("links.addParent")} taken={taken} onPick={(parent) => link.mutate({ parent: parent.id, child: id })} />}
      >
        <List refs={shown.parents} none={t("any.nothing")} onRemove={(parent) => unlink.mutate({ parent, child: id })} />
      </Section>
      <Section
        title={
          <>
            {t("links.children")} {shown.children.length > 0 && <span className="font-normal text-text-3">{t("links.done", { done, all: shown.children.length })}</span>}
          </>
        }
        aside={<PickTask board={board} label={t("links.addChild")} taken={taken} onPick={(child) => link.mutate({ parent: id, child: child.id })} />}
      >
        <List refs={shown.children} none={t("any.nothing")} onRemove={(child) => unlink.mutate({ parent: id, child })} />
      </Section>
    </div>
  );
}

function List({ refs, none, onRemove }: { refs: TaskRef[]; none: string; onRemove: (id: string) => void }) {
  const openTask = useOpenTask();
  if (refs.length === 0) return <p className="text-sm text-text-3">{none}</p>;
  return (
    <ul className="grid gap-0.5">
      {refs.map((each) => (
        <li key={each.id} className="group -mx-1.5 flex h-8 items-center gap-2 rounded-md px-1.5 text-sm hover:bg-hover">
          <span title={statusName(each.status)}>
            <StatusIcon status={each.status} />
            <span className="sr-only">{statusName(each.status)}</span>
          </span>
          <button type="button" dir="auto" className="min-w-0 flex-1 truncate text-start" onClick={() => openTask(each.id)}>
            {each.title}
          </button>
          <IconButton label={t("links.unlink", { title: each.title })} className="size-6 opacity-0 group-hover:opacity-100 focus:opacity-100 pointer-coarse:opacity-100" onClick={() => onRemove(each.id)}>
            <CloseIcon size={12} />
          </IconButton>
        </li>
      ))}
    </ul>
  );
}
