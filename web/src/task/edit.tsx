// The fields of a task, each changed where it stands.

import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { ReactNode } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, refresh, useProfiles } from "../api/queries.ts";
import type { Task } from "../api/types.ts";
import { Avatar } from "../board/card.tsx";
import { Button, ProblemNote, Section } from "../design/controls.tsx";
import { ago, full, span, useNow } from "../design/time.ts";
import { t } from "../i18n/index.ts";
import { act } from "../shell/moves.ts";
import { useKept } from "../shell/drafts.ts";
import { refusal } from "../shell/store.ts";
import { Prose } from "./prose.tsx";
import { Write } from "./write.tsx";

interface Of {
  board: string;
  task: Task;
  etag: string | null;
}

/** Changes a task, unless somebody else has changed it since it was read. */
export function useEdit({ board, task, etag }: Of) {
  return useMutation({
    mutationFn: (body: Record<string, unknown>) => api.edit(board, task.id, body, etag),
    onError: (error) => {
      const problem = asProblem(error);
      const changed = problem.status === 412;
      refusal(changed ? { ...problem, detail: t("edit.changed"), hint: t("edit.changedHint") } : problem);
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.task(board, task.id) });
      void refresh(board, new Set([task.id]));
    },
  });
}

export function Title(of: Of) {
  const edit = useEdit(of);
  const [text, setText] = useState<string | null>(null);
  const left = useRef(false);
  const save = () => {
    const title = (text ?? "").trim();
    if (!left.current && text !== null && title && title !== of.task.title) edit.mutate({ title });
    setText(null);
  };
  return (
    <textarea
      aria-label={t("field.title")}
      dir="auto"
      rows={1}
      value={text ?? of.task.title}
      onFocus={() => {
        left.current = false;
      }}
      onChange={(event) => setText(event.target.value.replaceAll("\n", " "))}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key === "Enter") {
          event.preventDefault();
          event.currentTarget.blur();
        } else if (event.key === "Escape") {
          left.current = true;
          event.currentTarget.blur();
        }
      }}
      className="field-sizing-content -mx-1.5 max-h-48 w-[calc(100%+0.75rem)] max-w-[calc(100%+0.75rem)] resize-none [overflow-wrap:anywhere] [word-break:break-word] rounded-md bg-transparent px-1.5 py-0.5 text-lg leading-snug font-semibold tracking-tight outline-none hover:bg-hover focus:bg-raised focus:ring-2 focus:ring-accent/40"
    />
  );
}

export function Body(of: Of) {
  const edit = useEdit(of);
  // What is being written, and what stood there when that began.
  const [draft, setDraft] = useKept<{ text: string; base: string } | null>(`description ${of.board}/${of.task.id}`, null);
  const body = of.task.body ?? "";
  const theirs = draft !== null && draft.base !== body;
  const save = () => {
    const next = (draft?.text ?? "").trim();
    if (next === body) return setDraft(null);
    return edit.mutate({ body: next || null }, { onSuccess: () => setDraft(null) });
  };
  return (
    <Section
      title={t("field.description")}
      aside={
        draft === null ? (
          <Button tone="quiet" onClick={() => setDraft({ text: body, base: body })}>
            {body ? t("do.edit") : t("do.write")}
          </Button>
        ) : null
      }
    >
      {draft === null ? (
        body ? (
          <div className="text-sm">
            <Prose text={body} />
          </div>
        ) : (
          <p className="text-sm text-text-3">{t("edit.empty")}</p>
        )
      ) : (
        <div className="grid gap-2">
          <Write
            board={of.board}
            id={of.task.id}
            aria-label={t("field.description")}
            autoFocus
            rows={8}
            className="max-h-none font-mono text-xs"
            value={draft.text}
            change={(text) => setDraft({ ...draft, text })}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) save();
              // What was written goes only by a button.
              if (event.key === "Escape" && draft.text === draft.base) setDraft(null);
            }}
          />
          {theirs && (
            <div role="alert" className="grid gap-2 rounded-md border border-amber/40 bg-amber-soft px-3 py-2 text-sm">
              <p className="text-amber">{t("edit.theirs")}</p>
              <div className="max-h-40 overflow-y-auto">{body ? <Prose text={body} /> : <em>{t("any.nothing")}</em>}</div>
            </div>
          )}
          {edit.error && <ProblemNote problem={asProblem(edit.error)} />}
          <div className="flex gap-2">
            <Button tone="primary" busy={edit.isPending} onClick={save}>
              {theirs ? t("edit.overwrite") : t("do.save")}
            </Button>
            <Button onClick={() => setDraft(null)}>{theirs ? t("edit.takeTheirs") : t("do.cancel")}</Button>
          </div>
        </div>
      )}
    </Section>
  );
}

export function Properties(of: Of) {
  const { board, task } = of;
  const edit = useEdit(of);
  const profiles = useProfiles();
  const now = useNow(15_000);
  const names = profiles.data?.profiles.map((profile) => profile.name) ?? [];
  const list = (text: string) => text.split(/[\s,]+/).filter(Boolean);
  const number = (text: string) => (text.trim() === "" ? null : Number(text));
  return (
    <dl className="grid grid-cols-1 gap-x-6 gap-y-0.5 text-sm sm:grid-cols-2" aria-label={t("field.all")}>
      <Property label={t("field.assignee")}>
        <PickName
          label={t("field.assignee")}
          value={task.assignee}
          names={names}
          none={t("any.nobody")}
          onPick={(assignee) => void act(board, [task.id], { verb: "assign", assignee })}
        />
      </Property>
      <Property label={t("field.reviewer")}>
        <PickName label={t("field.reviewer")} value={task.reviewer} names={names} none={t("any.asConfigured")} onPick={(reviewer) => edit.mutate({ reviewer })} />
      </Property>
      <Property label={t("field.priority")}>
        <Inline label={t("field.priority")} type="number" value={String(task.priority)} onSave={(text) => edit.mutate({ priority: Number(text) || 0 })} />
      </Property>
      <Property label={t("field.tenant")}>
        <Inline label={t("field.tenant")} value={task.tenant ?? ""} onSave={(text) => edit.mutate({ tenant: text || null })} />
      </Property>
      <Property label={t("field.model")}>
        <Inline label={t("field.model")} value={task.model ?? ""} placeholder={t("field.asProfile")} onSave={(text) => edit.mutate({ model: text || null })} />
      </Property>
      <Property label={t("field.skills")}>
        <Inline label={t("field.skills")} value={task.skills.join(", ")} onSave={(text) => edit.mutate({ skills: list(text) })} />
      </Property>
      <Property label={t("field.labels")}>
        <Inline label={t("field.labels")} value={task.requires.join(", ")} placeholder={t("field.anyHost")} onSave={(text) => edit.mutate({ requires: list(text) })} />
      </Property>
      <Property label={t("field.retries")}>
        <Inline label={t("field.retries")} type="number" value={task.max_retries === null ? "" : String(task.max_retries)} placeholder={t("field.asPolicy")} onSave={(text) => edit.mutate({ max_retries: number(text) })} />
      </Property>
      <Property label={t("field.runtime")}>
        <Inline
          label={t("field.runtimeMinutes")}
          type="number"
          value={task.max_runtime === null ? "" : String(Math.round(task.max_runtime / 60_000))}
          placeholder={t("field.asProfile")}
          suffix={t("field.minutes")}
          onSave={(text) => edit.mutate({ max_runtime: text.trim() === "" ? null : Number(text) * 60_000 })}
        />
      </Property>
      <Property label={t("field.workspace")}>
        <span className="truncate px-1.5" title={task.workspace_path ?? undefined}>
          {task.workspace_kind}
          {task.workspace_path ? <code className="ml-1 font-mono text-xs text-text-2">{task.workspace_path}</code> : null}
        </span>
      </Property>
      {task.branch && (
        <Property label={t("field.branch")}>
          <code className="truncate px-1.5 font-mono text-xs">{task.branch}</code>
        </Property>
      )}
      <Property label={t("field.created")}>
        <span className="truncate px-1.5 text-text-2" title={full(task.created_at)}>
          {t("field.createdBy", { ago: ago(task.created_at, now), who: task.created_by })}
        </span>
      </Property>
      {task.completed_at && (
        <Property label={t("field.done")}>
          <span className="truncate px-1.5 text-text-2" title={full(task.completed_at)}>
            {t("field.doneAfter", { ago: ago(task.completed_at, now), span: span(Date.parse(task.completed_at) - Date.parse(task.created_at)) })}
          </span>
        </Property>
      )}
    </dl>
  );
}

function Property({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="grid min-h-8 min-w-0 grid-cols-[6.5rem_minmax(0,1fr)] items-center gap-1">
      <dt className="text-xs text-text-3">{label}</dt>
      <dd className="flex min-w-0 items-center">{children}</dd>
    </div>
  );
}

const QUIET =
  "h-7 w-full min-w-0 rounded-md border border-transparent bg-transparent px-1.5 text-sm outline-none placeholder:text-text-3 hover:bg-hover focus:border-accent-text focus:bg-raised";

function Inline({
  label,
  value,
  onSave,
  type = "text",
  placeholder = t("any.none"),
  suffix,
}: {
  label: string;
  value: string;
  onSave: (text: string) => void;
  type?: string;
  placeholder?: string;
  suffix?: string;
}) {
  const [text, setText] = useState<string | null>(null);
  const left = useRef(false);
  return (
    <>
      <input
        aria-label={label}
        type={type}
        value={text ?? value}
        placeholder={placeholder}
        onFocus={() => {
          left.current = false;
          setText(value);
        }}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => {
          if (!left.current && text !== null && text.trim() !== value) onSave(text.trim());
          setText(null);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
          if (event.key === "Escape") {
            left.current = true;
            event.currentTarget.blur();
          }
        }}
        className={QUIET}
      />
      {suffix && value && <span className="pr-1 text-xs text-text-3">{suffix}</span>}
    </>
  );
}

function PickName({ label, value, names, none, onPick }: { label: string; value: string | null; names: string[]; none: string; onPick: (name: string | null) => void }) {
  const all = value && !names.includes(value) ? [value, ...names] : names;
  return (
    <span className="flex min-w-0 flex-1 items-center gap-1 pl-1.5">
      {value && <Avatar name={value} />}
      <select aria-label={label} value={value ?? ""} onChange={(event) => onPick(event.target.value || null)} className={`${QUIET} -ml-1 px-1`}>
        <option value="">{none}</option>
        {all.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </span>
  );
}
