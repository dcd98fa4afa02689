// The fields of a task, each changed where it stands.

import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { ReactNode } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import type { Answer } from "../api/client.ts";
import { client, keys, refresh, useProfiles } from "../api/queries.ts";
import type { Shown, Task } from "../api/types.ts";
import { Avatar } from "../board/card.tsx";
import { Button, ProblemNote, Section } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { ago, full, span, useNow } from "../design/time.ts";
import { t } from "../i18n/index.ts";
import { act } from "../shell/moves.ts";
import { useKept } from "../shell/drafts.ts";
import { openDialog, refusal } from "../shell/store.ts";
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
    // The answer is the task as it is now: it is shown before everything is read anew, and nothing flashes.
    onSuccess: (answer) => client.setQueryData<Answer<Shown>>(keys.task(board, task.id), (old) => old && { data: { ...old.data, task: answer.data }, etag: answer.etag }),
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
    if (left.current || text === null || !title || title === of.task.title) return setText(null);
    return edit.mutate({ title }, { onSettled: () => setText((now) => (now === text ? null : now)) });
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
  // The shell runs it as it stands: nothing of it is a mark.
  const script = useProfiles().data?.profiles.find((profile) => profile.name === of.task.assignee)?.runner === "shell";
  return <Words of={of} field="body" title={t("field.description")} text={of.task.body ?? ""} script={script} editable />;
}

interface WordsOf {
  of: Of;
  /** What it is called where it is changed. A description may be taken away; what a task came to may only be said otherwise. */
  field: "body" | "result" | "summary";
  title: string;
  text: string;
  editable: boolean;
  script?: boolean;
  /** What is to stay as it is beside it. */
  keep?: Record<string, string>;
  /** Around the text. */
  className?: string;
}

/** A text of a task, and where it is written. */
export function Words({ of, field, title, text: body, editable, script = false, keep = {}, className = "" }: WordsOf) {
  const edit = useEdit(of);
  // What is being written, and what stood there when that began.
  const [draft, setDraft] = useKept<{ text: string; base: string } | null>(`${field} ${of.board}/${of.task.id}`, null);
  const theirs = draft !== null && draft.base !== body;
  const needed = field !== "body" && !draft?.text.trim();
  const save = () => {
    const next = (draft?.text ?? "").trim();
    if (next === body) return setDraft(null);
    if (needed) return undefined;
    return edit.mutate({ ...keep, [field]: next || null }, { onSuccess: () => setDraft(null) });
  };
  return (
    <Section
      title={title}
      aside={
        draft === null && editable ? (
          <Button tone="quiet" onClick={() => setDraft({ text: body, base: body })}>
            {body ? t("do.edit") : t("do.write")}
          </Button>
        ) : null
      }
    >
      {draft === null ? (
        body ? (
          script ? (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys.
            <pre tabIndex={0} dir="ltr" className="max-h-96 overflow-auto rounded-md border border-line bg-canvas p-3 font-mono text-xs">
              {body}
            </pre>
          ) : (
            <div className={cx("text-sm", className)}>
              <Prose text={body} />
            </div>
          )
        ) : (
          <p className="text-sm text-text-3">{t("edit.empty")}</p>
        )
      ) : (
        <div className="grid gap-2">
          <Write
            board={of.board}
            id={of.task.id}
            aria-label={title}
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
            <Button tone="primary" disabled={needed} busy={edit.isPending} onClick={save}>
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
  // Refusals are told where they come up.
  const save = (body: Record<string, unknown>) => edit.mutateAsync(body).catch(() => undefined);
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
          onPick={(assignee) => act(board, [task.id], { verb: "assign", assignee })}
        />
      </Property>
      <Property label={t("field.reviewer")}>
        <PickName label={t("field.reviewer")} value={task.reviewer} names={names} none={t("any.asConfigured")} onPick={(reviewer) => save({ reviewer })} />
      </Property>
      <Property label={t("field.priority")}>
        <Inline label={t("field.priority")} type="number" value={String(task.priority)} onSave={(text) => save({ priority: Number(text) || 0 })} />
      </Property>
      <Property label={t("field.tenant")}>
        <Inline label={t("field.tenant")} value={task.tenant ?? ""} onSave={(text) => save({ tenant: text || null })} />
      </Property>
      <Property label={t("field.model")}>
        <Inline label={t("field.model")} value={task.model ?? ""} placeholder={t("field.asProfile")} onSave={(text) => save({ model: text || null })} />
      </Property>
      <Property label={t("field.skills")}>
        <Inline label={t("field.skills")} value={task.skills.join(", ")} onSave={(text) => save({ skills: list(text) })} />
      </Property>
      <Property label={t("field.labels")}>
        <Inline label={t("field.labels")} value={task.requires.join(", ")} placeholder={t("field.anyHost")} onSave={(text) => save({ requires: list(text) })} />
      </Property>
      <Property label={t("field.retries")}>
        <Inline label={t("field.retries")} type="number" value={task.max_retries === null ? "" : String(task.max_retries)} placeholder={t("field.asPolicy")} onSave={(text) => save({ max_retries: number(text) })} />
      </Property>
      <Property label={t("field.runtime")}>
        <Inline
          label={t("field.runtimeMinutes")}
          type="number"
          value={task.max_runtime === null ? "" : String(Math.round(task.max_runtime / 60_000))}
          placeholder={t("field.asProfile")}
          suffix={t("field.minutes")}
          onSave={(text) => save({ max_runtime: text.trim() === "" ? null : Number(text) * 60_000 })}
        />
      </Property>
      <Property label={t("field.workspace")}>
        <WorkspaceField key={`${task.workspace_kind} ${task.workspace_path}`} kind={task.workspace_kind} path={task.workspace_path} onSave={(workspace) => save(workspace.kind === "worktree" ? { workspace } : { workspace, branch: null })} />
      </Property>
      {(task.branch || task.workspace_kind === "worktree") && (
        <Property label={t("field.branch")}>
          <Inline label={t("field.branch")} value={task.branch ?? ""} onSave={(text) => save({ branch: text || null })} />
        </Property>
      )}
      <Property label={t("field.goal")}>
        <Tick label={t("task.goal")} value={task.goal_mode} onTick={(goal_mode) => save({ goal_mode })} />
        {task.goal_mode && <Inline label={t("task.turns")} type="number" value={task.goal_max_turns === null ? "" : String(task.goal_max_turns)} placeholder={t("task.turns")} onSave={(text) => save({ goal_max_turns: number(text) })} />}
      </Property>
      {task.scheduled_at && (
        <Property label={t("task.notBefore")}>
          <button type="button" className="h-7 min-w-0 truncate rounded-md px-1.5 hover:bg-hover" onClick={() => openDialog({ kind: "schedule", ids: [task.id] })}>
            {full(task.scheduled_at)}
          </button>
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
  mono = false,
}: {
  label: string;
  value: string;
  onSave: (text: string) => unknown;
  type?: string;
  placeholder?: string;
  suffix?: string;
  mono?: boolean;
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
          if (left.current || text === null || text.trim() === value) return setText(null);
          // What was written stays until the server has said what there is now.
          return void Promise.resolve(onSave(text.trim())).finally(() => setText((now) => (now === text ? null : now)));
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
          if (event.key === "Escape") {
            left.current = true;
            event.currentTarget.blur();
          }
        }}
        className={cx(QUIET, "text-ellipsis", mono && "font-mono text-xs!")}
      />
      {suffix && value && <span className="pr-1 text-xs text-text-3">{suffix}</span>}
    </>
  );
}

const KINDS: Task["workspace_kind"][] = ["scratch", "dir", "worktree"];

/** Where runs work: a kind, and the directory that two of the kinds need. It is saved once it is whole. */
function WorkspaceField({ kind, path, onSave }: { kind: Task["workspace_kind"]; path: string | null; onSave: (workspace: { kind: Task["workspace_kind"]; path?: string }) => Promise<unknown> }) {
  const [chosen, setChosen] = useState(kind);
  const bare = chosen === "scratch";
  return (
    <span className="flex min-w-0 flex-1 items-center gap-1" title={path ?? undefined}>
      <select
        aria-label={t("field.workspace")}
        value={chosen}
        onChange={(event) => {
          const next = event.target.value as Task["workspace_kind"];
          setChosen(next);
          const there = kind === "scratch" ? null : path;
          // A directory is asked for first; what was refused is as it was.
          if (next !== "dir" || there) void onSave({ kind: next, ...(there && next !== "scratch" ? { path: there } : {}) }).finally(() => next === "scratch" && setChosen(kind));
        }}
        className={cx(QUIET, "px-0.5!", (!bare || path) && "max-w-24")}
      >
        {KINDS.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
      {bare ? path && <code className="truncate font-mono text-xs text-text-2">{path}</code> : <Inline label={t("field.path")} value={kind === "scratch" ? "" : (path ?? "")} placeholder="/absolute/path" mono onSave={(text) => (text || chosen === "worktree") && onSave({ kind: chosen, ...(text ? { path: text } : {}) })} />}
    </span>
  );
}

function PickName({ label, value, names, none, onPick }: { label: string; value: string | null; names: string[]; none: string; onPick: (name: string | null) => Promise<unknown> }) {
  const [shown, pick] = useWish(value ?? "", (name) => onPick(name || null));
  const all = shown && !names.includes(shown) ? [shown, ...names] : names;
  return (
    <span className="flex min-w-0 flex-1 items-center gap-1 pl-1.5">
      {shown && <Avatar name={shown} />}
      <select aria-label={label} value={shown} onChange={(event) => pick(event.target.value)} className={`${QUIET} -ml-1 px-1`}>
        <option value="">{none}</option>
        {all.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </span>
  );
}

function Tick({ label, value, onTick }: { label: string; value: boolean; onTick: (value: boolean) => Promise<unknown> }) {
  const [shown, tick] = useWish(value, onTick);
  return <input type="checkbox" aria-label={label} title={label} checked={shown} onChange={(event) => tick(event.target.checked)} className="mx-1.5 size-4 shrink-0 accent-(--accent)" />;
}

/** What somebody has just chosen, until it is so or was refused. */
function useWish<T>(value: T, choose: (next: T) => Promise<unknown>): [T, (next: T) => void] {
  const [wish, setWish] = useState<{ value: T } | null>(null);
  const pick = (next: T) => {
    const mine = { value: next };
    setWish(mine);
    void choose(next).finally(() => setWish((now) => (now === mine ? null : now)));
  };
  return [wish ? wish.value : value, pick];
}
