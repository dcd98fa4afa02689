// A new task where it will stand: a title, Enter, and the next one; with everything else a task can have behind one button.

import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { refresh } from "../api/queries.ts";
import type { NewTask, Problem, Status } from "../api/types.ts";
import { Button, Field, Input } from "../design/controls.tsx";
import { t } from "../i18n/index.ts";
import { useKept } from "../shell/drafts.ts";
import { openDialog, refusal } from "../shell/store.ts";
import { MoreFields, ProfileOptions, blank, split, taskOf } from "../shell/task-fields.tsx";
import type { Draft } from "../shell/task-fields.tsx";

/** A task that the server did not take. */
interface Refusal {
  id: number;
  task: NewTask;
  problem: Problem;
}

let refusals = 0;

export function InlineCreate({ board, status, close }: { board: string; status: Status; close: () => void }) {
  const name = `inline ${board}/${status}`;
  const [text, setText] = useKept(name, "");
  const [refused, setRefused] = useKept<Refusal[] | null>(`${name} refused`, null);
  const [draft, setDraft] = useState<Draft>(() => blank(status));
  const [more, setMore] = useState(false);
  const there = useRef(true);
  useEffect(() => {
    there.current = true;
    return () => {
      there.current = false;
    };
  }, []);
  const change = (change: Partial<Draft>) => setDraft((old) => ({ ...old, ...change }));
  const create = useMutation({
    // One after the other, so that they stand in the order in which they were written.
    scope: { id: name },
    mutationFn: (task: NewTask) => api.create(board, task),
    onSuccess: (task) => void refresh(board, new Set([task.id])),
    // The next one may be half written by now: this one is kept as a whole, to be tried again.
    onError: (error, task) => {
      const problem = asProblem(error);
      setRefused((old) => [...(old ?? []), { id: refusals++, task, problem }]);
      if (!there.current) refusal({ ...problem, title: task.title });
    },
  });
  const without = (one: Refusal) =>
    setRefused((old) => {
      const rest = (old ?? []).filter((each) => each !== one);
      return rest.length > 0 ? rest : null;
    });
  return (
    <form
      className="mx-1.5 mb-1.5 flex max-h-[75%] shrink-0 flex-col gap-2 rounded-lg border border-accent-text bg-raised p-2 shadow-card"
      onSubmit={(event) => {
        event.preventDefault();
        if (!text.trim()) return;
        // What else was chosen stays: the next task is often of the same kind.
        create.mutate(taskOf({ ...draft, ...split(text) }));
        setText("");
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.stopPropagation();
        close();
      }}
    >
      <textarea
        // biome-ignore lint/a11y/noAutofocus: it appears because a person asked for it, to write into it.
        autoFocus
        rows={2}
        dir="auto"
        aria-label={t("task.newTitle")}
        placeholder={t("task.what")}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            event.currentTarget.form?.requestSubmit();
          }
        }}
        className="field-sizing-content max-h-40 min-h-10 w-full shrink-0 resize-none bg-transparent text-sm outline-none placeholder:text-text-3"
      />
      {more && (
        <div className="-mx-2 grid min-h-0 grid-cols-1 gap-2.5 overflow-y-auto border-y border-line px-2 py-2">
          <Field label={t("field.priority")}>{(id) => <Input id={id} type="number" value={draft.priority} onChange={(event) => change({ priority: event.target.value })} />}</Field>
          <MoreFields board={board} draft={draft} change={change} narrow />
        </div>
      )}
      {(refused ?? []).map((one) => (
        <div key={one.id} role="alert" className="grid gap-1 border-b border-line pb-2 text-xs">
          <p dir="auto" className="line-clamp-2 font-medium [overflow-wrap:anywhere]">
            {one.task.title}
          </p>
          <p className="text-red [overflow-wrap:anywhere]">{one.problem.detail ?? one.problem.title}</p>
          <div className="flex gap-1">
            <Button
              className="px-1.5!"
              onClick={() => {
                without(one);
                create.mutate(one.task);
              }}
            >
              {t("do.tryAgain")}
            </Button>
            <Button tone="quiet" className="px-1.5!" onClick={() => without(one)}>
              {t("do.dismiss")}
            </Button>
          </div>
        </div>
      ))}
      <select aria-label={t("task.newAssignee")} value={draft.assignee} onChange={(event) => change({ assignee: event.target.value })} className="h-7 w-full shrink-0 rounded-md border border-line-strong bg-raised px-1 text-xs">
        <ProfileOptions />
      </select>
      <div className="flex shrink-0 items-center gap-1">
        <Button tone="quiet" className="px-1.5!" aria-expanded={more} onClick={() => setMore(!more)}>
          {t("task.fields")}
        </Button>
        <Button
          tone="quiet"
          className="px-1.5!"
          onClick={() => {
            close();
            setText("");
            openDialog({ kind: "new-task", status, start: { ...draft, ...split(text) } });
          }}
        >
          {t("do.moreMore")}
        </Button>
        <Button tone="primary" className="ml-auto" type="submit" disabled={!text.trim()} busy={create.isPending}>
          {t("do.add")}
        </Button>
      </div>
    </form>
  );
}
