// What is said about a task before there is one, in the dialog and in a column.

import type { ReactNode } from "react";
import { useProfiles } from "../api/queries.ts";
import type { NewTask, Status } from "../api/types.ts";
import { Check, Field, IconButton, Input, Select } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { CloseIcon } from "../design/icons.tsx";
import { t } from "../i18n/index.ts";
import { PickTask } from "../task/pick.tsx";

export interface Draft {
  title: string;
  body: string;
  assignee: string;
  priority: string;
  tenant: string;
  parents: { id: string; title: string }[];
  reviewer: string;
  /** In the person's own time, as a form has it. */
  at: string;
  triage: boolean;
  held: boolean;
  workspace: NonNullable<NewTask["workspace_kind"]> | "";
  path: string;
  skills: string;
  goal: boolean;
  turns: string;
}

/** A draft with nothing in it, for a column. */
export const blank = (status?: Status): Draft => ({
  title: "",
  body: "",
  assignee: "",
  priority: "0",
  tenant: "",
  parents: [],
  reviewer: "",
  at: "",
  triage: status === "triage",
  held: status === "todo",
  workspace: "",
  path: "",
  skills: "",
  goal: false,
  turns: "20",
});

/** A title and, in the lines after it, a description. */
export function split(text: string): { title: string; body: string } {
  const [title = "", ...rest] = text.trim().split("\n");
  return { title: title.trim(), body: rest.join("\n").trim() };
}

/** What is sent: only what was said. */
export function taskOf(draft: Draft): NewTask {
  const task: NewTask = { title: draft.title.trim(), priority: Number(draft.priority) || 0 };
  const skills = draft.skills.split(/[\s,]+/).filter(Boolean);
  if (draft.body.trim()) task.body = draft.body;
  if (draft.assignee) task.assignee = draft.assignee;
  if (draft.tenant.trim()) task.tenant = draft.tenant.trim();
  if (draft.parents.length > 0) task.parents = draft.parents.map((each) => each.id);
  if (draft.reviewer) task.reviewer = draft.reviewer;
  if (draft.at) task.at = new Date(draft.at).toISOString();
  if (skills.length > 0) task.skills = skills;
  if (draft.triage) task.triage = true;
  if (draft.held && !draft.triage) task.held = true;
  if (draft.workspace) task.workspace_kind = draft.workspace;
  if (draft.workspace && draft.workspace !== "scratch" && draft.path.trim()) task.workspace_path = draft.path.trim();
  if (draft.goal) {
    task.goal_mode = true;
    task.goal_max_turns = Number(draft.turns) || 20;
  }
  return task;
}

/** The profiles, and nobody. */
export function ProfileOptions({ none = t("any.nobody") }: { none?: string }) {
  const profiles = useProfiles();
  return (
    <>
      <option value="">{none}</option>
      {profiles.data?.profiles.map((profile) => (
        <option key={profile.name}>{profile.name}</option>
      ))}
    </>
  );
}

/** What few tasks need. `narrow` stands in a column. */
export function MoreFields({ board, draft, change, narrow = false }: { board: string; draft: Draft; change: (change: Partial<Draft>) => void; narrow?: boolean }) {
  const pair = (...children: ReactNode[]) => <div className={cx("grid grid-cols-1 gap-3", !narrow && "sm:grid-cols-2")}>{children}</div>;
  return (
    <>
      <Parents board={board} parents={draft.parents} change={(parents) => change({ parents })} />
      {pair(
        <Field key="reviewer" label={t("field.reviewer")}>
          {(id) => (
            <Select id={id} value={draft.reviewer} onChange={(event) => change({ reviewer: event.target.value })}>
              <ProfileOptions none={t("any.asConfigured")} />
            </Select>
          )}
        </Field>,
        <Field key="at" label={t("task.notBefore")}>
          {(id) => <Input id={id} type="datetime-local" value={draft.at} onChange={(event) => change({ at: event.target.value })} />}
        </Field>,
      )}
      <Field label={t("field.skills")}>{(id) => <Input id={id} value={draft.skills} placeholder="review, rust" onChange={(event) => change({ skills: event.target.value })} />}</Field>
      {pair(
        <Field key="workspace" label={t("field.workspace")}>
          {(id) => (
            <Select id={id} value={draft.workspace} onChange={(event) => change({ workspace: event.target.value as Draft["workspace"] })}>
              <option value="">{t("task.asBoard")}</option>
              <option value="scratch">{t("task.scratch")}</option>
              <option value="dir">{t("task.dir")}</option>
              <option value="worktree">{t("task.worktree")}</option>
            </Select>
          )}
        </Field>,
        <Field key="path" label={t("field.path")}>
          {(id) => (
            <Input id={id} value={draft.path} disabled={draft.workspace !== "dir" && draft.workspace !== "worktree"} placeholder="/absolute/path" className="font-mono" onChange={(event) => change({ path: event.target.value })} />
          )}
        </Field>,
      )}
      <div className="flex min-h-8 flex-wrap items-center gap-x-4 gap-y-2">
        <Check label={t("task.goal")} checked={draft.goal} onChange={(event) => change({ goal: event.target.checked })} />
        {draft.goal && (
          <label className="flex items-center gap-2 text-sm text-text-2">
            {t("task.turns")}
            <Input type="number" min={1} value={draft.turns} className="w-20!" onChange={(event) => change({ turns: event.target.value })} />
          </label>
        )}
      </div>
    </>
  );
}

function Parents({ board, parents, change }: { board: string; parents: Draft["parents"]; change: (parents: Draft["parents"]) => void }) {
  return (
    <div className="grid gap-1">
      <span className="flex items-center gap-1 text-xs font-medium text-text-2">
        {t("links.waitsFor")}
        <PickTask align="start" board={board} label={t("links.addParent")} taken={new Set(parents.map((each) => each.id))} onPick={(task) => change([...parents, task])} />
      </span>
      {parents.length === 0 ? (
        <span className="text-sm text-text-3">{t("any.nothing")}</span>
      ) : (
        <ul className="flex flex-wrap gap-1.5">
          {parents.map((each) => (
            <li key={each.id} className="flex max-w-full items-center gap-1 rounded-md border border-line-strong bg-raised py-0.5 pr-0.5 pl-2 text-xs">
              <span className="truncate">{each.title || <code className="font-mono">{each.id}</code>}</span>
              <IconButton label={t("task.unlinkNew", { title: each.title || each.id })} className="size-5" onClick={() => change(parents.filter((other) => other.id !== each.id))}>
                <CloseIcon size={11} />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
