// A new task.

import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { refresh, useHead } from "../api/queries.ts";
import type { Status } from "../api/types.ts";
import { Button, Check, Dialog, Field, Input, ProblemNote, Select, TextArea } from "../design/controls.tsx";
import { t } from "../i18n/index.ts";
import { closeDialog, toast } from "./store.ts";
import { MoreFields, ProfileOptions, blank, taskOf } from "./task-fields.tsx";
import type { Draft } from "./task-fields.tsx";

export function NewTask({ board, status, parent, start }: { board: string; status?: Status; parent?: string; start?: Partial<Draft> }) {
  const head = useHead(board);
  const navigate = useNavigate();
  const [draft, setDraft] = useState<Draft>(() => ({ ...blank(status), ...(parent ? { parents: [{ id: parent, title: "" }] } : {}), ...start }));
  const [another, setAnother] = useState(false);
  const change = (change: Partial<Draft>) => setDraft((old) => ({ ...old, ...change }));
  const create = useMutation({
    mutationFn: () => api.create(board, taskOf(draft)),
    onSuccess: (task) => {
      toast({
        tone: "ok",
        text: t("task.created", { id: task.id }),
        offer: {
          label: t("do.open"),
          act: () => void navigate({ to: ".", search: (old) => ({ ...old, task: task.id }) }),
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
        <div className="flex flex-wrap gap-x-4 gap-y-2">
          <Check label={t("task.idea")} checked={draft.triage} onChange={(event) => change({ triage: event.target.checked })} />
          <Check label={t("task.hold")} checked={draft.held && !draft.triage} disabled={draft.triage} onChange={(event) => change({ held: event.target.checked })} />
          <Check label={t("task.another")} checked={another} onChange={(event) => setAnother(event.target.checked)} />
        </div>
        {create.error && <ProblemNote problem={asProblem(create.error)} />}
        <div className="flex justify-end gap-2">
          <Button size="md" onClick={closeDialog}>
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
