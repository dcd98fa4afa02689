// An idea split into tasks: the plan is written here, and made in one piece or not at all.

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, refresh, useProfiles } from "../api/queries.ts";
import type { Decompose as Plan } from "../api/types.ts";
import { Button, Check, Dialog, Field, IconButton, Input, ProblemNote, Select, TextArea } from "../design/controls.tsx";
import { CloseIcon, PlusIcon } from "../design/icons.tsx";
import { cx } from "../design/cx.ts";
import { t } from "../i18n/index.ts";
import { useKept } from "../shell/drafts.ts";
import { closeDialog, toast } from "../shell/store.ts";

interface Part {
  key: number;
  title: string;
  body: string;
  assignee: string;
  /** Keys of the parts that it waits for. */
  after: number[];
}

let nextKey = 1;
const part = (): Part => ({ key: nextKey++, title: "", body: "", assignee: "", after: [] });

export default function Decompose({ board, id, title }: { board: string; id: string; title: string }) {
  // A plan that was begun is there again, until it is made or given up.
  const [kept, keep] = useKept<Part[] | null>(`split ${board}/${id}`, null);
  const [fresh] = useState<Part[]>(() => [part(), part()]);
  const parts = kept ?? fresh;
  const setParts = (next: (all: Part[]) => Part[]) => keep(next(parts));
  const [hold, setHold] = useState(false);
  const [closer, setCloser] = useState("");
  const profiles = useProfiles();
  const names = profiles.data?.profiles.map((profile) => profile.name) ?? [];
  const written = parts.filter((each) => each.title.trim());
  const change = (key: number, change: Partial<Part>) => setParts((all) => all.map((each) => (each.key === key ? { ...each, ...change } : each)));
  const remove = (key: number) =>
    setParts((all) => all.filter((each) => each.key !== key).map((each) => ({ ...each, after: each.after.filter((other) => other !== key) })));
  const make = useMutation({
    mutationFn: () => {
      const place = new Map(written.map((each, index) => [each.key, index]));
      const plan: Plan = {
        children: written.map((each) => ({
          title: each.title.trim(),
          ...(each.body.trim() ? { body: each.body.trim() } : {}),
          ...(each.assignee ? { assignee: each.assignee } : {}),
          parents: each.after.flatMap((key) => place.get(key) ?? []),
        })),
        hold,
        ...(closer ? { assignee: closer } : {}),
      };
      return api.decompose(board, id, plan);
    },
    onSuccess: ({ child_ids }) => {
      keep(null);
      toast({ tone: "ok", text: t("split.created", { id, n: child_ids.length }) });
      closeDialog();
      void client.invalidateQueries({ queryKey: keys.task(board, id) });
      void refresh(board, new Set([id, ...child_ids]));
    },
  });
  return (
    <Dialog open wide onClose={closeDialog} title={t("do.split")} description={t("split.about", { title })}>
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (written.length > 0) make.mutate();
        }}
      >
        <ol className="grid gap-3">
          {parts.map((each, index) => (
            <li key={each.key} className="grid gap-2 rounded-lg border border-line bg-raised p-2.5">
              <div className="flex items-center gap-2">
                <span className="w-5 shrink-0 text-center text-xs font-semibold text-text-3">{index + 1}</span>
                <Input aria-label={t("split.title", { n: index + 1 })} autoFocus={index === 0} value={each.title} placeholder={t("task.what")} onChange={(event) => change(each.key, { title: event.target.value })} />
                <span className="w-32 shrink-0">
                  <Select aria-label={t("split.assignee", { n: index + 1 })} value={each.assignee} onChange={(event) => change(each.key, { assignee: event.target.value })}>
                    <option value="">{t("any.nobody")}</option>
                    {names.map((name) => (
                      <option key={name}>{name}</option>
                    ))}
                  </Select>
                </span>
                <IconButton label={t("split.remove", { n: index + 1 })} disabled={parts.length === 1} onClick={() => remove(each.key)}>
                  <CloseIcon size={14} />
                </IconButton>
              </div>
              <div className="grid gap-2 pl-7">
                <TextArea aria-label={t("split.description", { n: index + 1 })} rows={2} className="min-h-12! text-xs" placeholder={t("split.descriptionHint")} value={each.body} onChange={(event) => change(each.key, { body: event.target.value })} />
                {index > 0 && (
                  <fieldset className="flex flex-wrap items-center gap-1.5 text-xs text-text-2">
                    <legend className="sr-only">{t("split.waits", { n: index + 1 })}</legend>
                    {t("split.after")}
                    {parts.slice(0, index).map((other, at) => {
                      const on = each.after.includes(other.key);
                      return (
                        <button
                          key={other.key}
                          type="button"
                          aria-pressed={on}
                          aria-label={t("split.waitsFor", { n: index + 1, other: at + 1 })}
                          onClick={() => change(each.key, { after: on ? each.after.filter((key) => key !== other.key) : [...each.after, other.key] })}
                          className={cx("size-6 rounded-md border font-medium", on ? "border-accent-text bg-accent-soft text-accent-text" : "border-line-strong hover:bg-hover")}
                        >
                          {at + 1}
                        </button>
                      );
                    })}
                    {each.after.length === 0 && <span className="text-text-3">{t("split.atOnce")}</span>}
                  </fieldset>
                )}
              </div>
            </li>
          ))}
        </ol>
        <div>
          <Button onClick={() => setParts((all) => [...all, { ...part(), after: all.at(-1)?.title.trim() ? [all.at(-1)?.key ?? 0] : [] }])}>
            <PlusIcon size={13} /> {t("split.another")}
          </Button>
        </div>
        <Field label={t("split.closer")} hint={t("split.closerHint")}>
          {(field) => (
            <Select id={field} value={closer} onChange={(event) => setCloser(event.target.value)}>
              <option value="">{t("split.asNow")}</option>
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          )}
        </Field>
        <Check label={t("split.hold")} checked={hold} onChange={(event) => setHold(event.target.checked)} />
        {make.error && <ProblemNote problem={asProblem(make.error)} />}
        <div className="flex justify-end gap-2">
          <Button
            size="md"
            onClick={() => {
              keep(null);
              closeDialog();
            }}
          >
            {t("do.cancel")}
          </Button>
          <Button size="md" tone="primary" type="submit" disabled={written.length === 0} busy={make.isPending}>
            {t("split.create", { n: Math.max(1, written.length) })}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
