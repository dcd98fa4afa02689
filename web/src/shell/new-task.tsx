// A new task.

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { refresh, useFileLimit, useHead } from "../api/queries.ts";
import type { Status } from "../api/types.ts";
import { Button, Check, Dialog, Field, IconButton, Input, ProblemNote, Select, TextArea } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { ClipIcon, CloseIcon, UploadIcon } from "../design/icons.tsx";
import { bytes } from "../design/time.ts";
import { t } from "../i18n/index.ts";
import { carriesFiles, filesOf, pasted } from "../task/upload.ts";
import { useKept } from "./drafts.ts";
import { useOpenTask } from "./places.ts";
import { closeDialog, toast } from "./store.ts";
import { MoreFields, ProfileOptions, blank, taskOf } from "./task-fields.tsx";
import type { Draft } from "./task-fields.tsx";

export function NewTask({ board, status, parent, start }: { board: string; status?: Status; parent?: string; start?: Partial<Draft> }) {
  const head = useHead(board);
  const openTask = useOpenTask();
  // What was written and not sent is there again, unless another beginning is asked for.
  const [kept, keep] = useKept<Draft | null>(`new-task ${board}`, null);
  const [draft, setDraft] = useState<Draft>(() => ({ ...((status || parent || start ? null : kept) ?? blank(status)), ...(parent ? { parents: [{ id: parent, title: "" }] } : {}), ...start }));
  const [files, setFiles] = useState<File[]>([]);
  const [over, setOver] = useState(false);
  const [another, setAnother] = useState(false);
  const limit = useFileLimit();
  const change = (change: Partial<Draft>) => {
    const next = { ...draft, ...change };
    setDraft(next);
    keep(next.title.trim() || next.body.trim() ? next : null);
  };
  const add = (more: File[]) => setFiles((old) => [...old, ...more.filter((file) => !old.some((each) => each.name === file.name && each.size === file.size))]);
  const discard = () => {
    keep(null);
    closeDialog();
  };
  const create = useMutation({
    mutationFn: async () => {
      const task = await api.create(board, taskOf(draft));
      for (const file of files) {
        // The task is there, whatever becomes of its files.
        await api.attach(board, task.id, file).catch((error) => {
          const { title, detail } = asProblem(error);
          toast({ tone: "problem", text: t("files.notAttached", { name: file.name, id: task.id, reason: detail ?? title }) });
        });
      }
      return task;
    },
    onSuccess: (task) => {
      keep(null);
      setFiles([]);
      toast({
        tone: "ok",
        text: t("task.created", { id: task.id }),
        offer: {
          label: t("do.open"),
          act: () => openTask(task.id),
        },
      });
      void refresh(board, new Set([task.id]));
      if (another) change({ title: "", body: "" });
      else closeDialog();
    },
  });
  return (
    <Dialog open onClose={closeDialog} title={t("task.new")} wide>
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (draft.title.trim()) create.mutate();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) event.currentTarget.requestSubmit();
        }}
        onPaste={(event) => {
          const files = pasted(event.clipboardData);
          if (files.length === 0) return;
          event.preventDefault();
          add(files);
        }}
        onDragOver={(event) => {
          if (!carriesFiles(event.dataTransfer)) return;
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={(event) => {
          if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
        }}
        onDrop={(event) => {
          setOver(false);
          if (!carriesFiles(event.dataTransfer)) return;
          event.preventDefault();
          add(filesOf(event.dataTransfer));
        }}
      >
        <Field label={t("field.title")}>
          {(id) => <Input id={id} autoFocus dir="auto" value={draft.title} placeholder={t("task.what")} onChange={(event) => change({ title: event.target.value })} />}
        </Field>
        <Field label={t("field.description")} hint={t("task.markdown")}>
          {(id) => <TextArea id={id} dir="auto" rows={5} value={draft.body} onChange={(event) => change({ body: event.target.value })} />}
        </Field>
        <div className="grid gap-3 sm:grid-cols-3">
          <Field label={t("field.assignee")}>
            {(id) => (
              <Select id={id} value={draft.assignee} onChange={(event) => change({ assignee: event.target.value })}>
                <ProfileOptions />
              </Select>
            )}
          </Field>
          <Field label={t("field.priority")}>{(id) => <Input id={id} type="number" value={draft.priority} onChange={(event) => change({ priority: event.target.value })} />}</Field>
          <Field label={t("field.tenant")}>
            {(id) => (
              <>
                <Input id={id} value={draft.tenant} list={`${id}-list`} onChange={(event) => change({ tenant: event.target.value })} />
                <datalist id={`${id}-list`}>
                  {head.data?.tenants.map((name) => (
                    <option key={name} value={name} />
                  ))}
                </datalist>
              </>
            )}
          </Field>
        </div>
        <details className="group rounded-lg border border-line" open={draft.parents.length > 0 || undefined}>
          <summary className="px-3 py-2 text-sm text-text-2">{t("task.more")}</summary>
          <div className="grid gap-3 border-t border-line p-3">
            <MoreFields board={board} draft={draft} change={change} />
          </div>
        </details>
        {files.length > 0 && (
          <ul aria-label={t("files.name")} className="flex flex-wrap gap-1.5">
            {files.map((file) => (
              <li key={`${file.name} ${file.size}`} className="flex max-w-full items-center gap-1.5 rounded-md border border-line-strong bg-raised py-0.5 pr-0.5 pl-2 text-xs">
                <ClipIcon size={11} className="shrink-0 text-text-3" />
                <span className="truncate">{file.name}</span>
                <span className={cx("shrink-0", file.size > limit ? "text-red" : "text-text-3")}>{bytes(file.size)}</span>
                <IconButton label={t("files.remove", { name: file.name })} className="size-5" onClick={() => setFiles(files.filter((each) => each !== file))}>
                  <CloseIcon size={11} />
                </IconButton>
              </li>
            ))}
          </ul>
        )}
        <label className={cx("flex cursor-pointer items-center justify-center gap-2 rounded-lg border border-dashed px-3 py-2 text-xs focus-within:ring-2 focus-within:ring-accent-text", over ? "border-accent-text bg-accent-soft text-accent-text" : "border-line-strong text-text-2 hover:bg-hover")}>
          <UploadIcon size={14} /> {t("files.drop", { limit: bytes(limit) })}
          <input
            type="file"
            multiple
            className="sr-only"
            onChange={(event) => {
              const chosen = [...(event.target.files ?? [])];
              event.target.value = "";
              add(chosen);
            }}
          />
        </label>
        <div className="flex flex-wrap gap-x-4 gap-y-2">
          <Check label={t("task.idea")} checked={draft.triage} onChange={(event) => change({ triage: event.target.checked })} />
          <Check label={t("task.hold")} checked={draft.held && !draft.triage} disabled={draft.triage} onChange={(event) => change({ held: event.target.checked })} />
          <Check label={t("task.another")} checked={another} onChange={(event) => setAnother(event.target.checked)} />
        </div>
        {create.error && <ProblemNote problem={asProblem(create.error)} />}
        <div className="flex justify-end gap-2">
          <Button size="md" onClick={discard}>
            {t("do.cancel")}
          </Button>
          <Button size="md" tone="primary" type="submit" disabled={!draft.title.trim()} busy={create.isPending}>
            {t("task.create")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
