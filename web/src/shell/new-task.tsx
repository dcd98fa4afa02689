// A new task.

import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { refresh, useHead, useProfiles } from "../api/queries.ts";
import type { NewTask as Body, Status } from "../api/types.ts";
import { Button, Check, Dialog, Field, IconButton, Input, ProblemNote, Select, TextArea } from "../design/controls.tsx";
import { CloseIcon } from "../design/icons.tsx";
import { PickTask } from "../task/pick.tsx";
import { closeDialog, toast } from "./store.ts";

export function NewTask({ board, status, parent, start = "" }: { board: string; status?: Status; parent?: string; start?: string }) {
  const profiles = useProfiles();
  const head = useHead(board);
  const navigate = useNavigate();
  const [title, setTitle] = useState(start.split("\n")[0] ?? "");
  const [body, setBody] = useState(start.split("\n").slice(1).join("\n"));
  const [assignee, setAssignee] = useState("");
  const [priority, setPriority] = useState("0");
  const [tenant, setTenant] = useState("");
  const [parents, setParents] = useState<{ id: string; title: string }[]>(parent ? [{ id: parent, title: "" }] : []);
  const [reviewer, setReviewer] = useState("");
  const [at, setAt] = useState("");
  const [triage, setTriage] = useState(status === "triage");
  const [held, setHeld] = useState(status === "todo");
  const [workspace, setWorkspace] = useState<NonNullable<Body["workspace_kind"]> | "">("");
  const [path, setPath] = useState("");
  const [skills, setSkills] = useState("");
  const [goal, setGoal] = useState(false);
  const [turns, setTurns] = useState("20");
  const [another, setAnother] = useState(false);
  const list = (text: string) => text.split(/[\s,]+/).filter(Boolean);
  const create = useMutation({
    mutationFn: () => {
      const task: Body = { title: title.trim(), priority: Number(priority) || 0 };
      if (body.trim()) task.body = body;
      if (assignee) task.assignee = assignee;
      if (tenant.trim()) task.tenant = tenant.trim();
      if (parents.length > 0) task.parents = parents.map((each) => each.id);
      if (reviewer) task.reviewer = reviewer;
      if (at) task.at = new Date(at).toISOString();
      if (skills.trim()) task.skills = list(skills);
      if (triage) task.triage = true;
      if (held && !triage) task.held = true;
      if (workspace) task.workspace_kind = workspace;
      if (workspace && path.trim()) task.workspace_path = path.trim();
      if (goal) {
        task.goal_mode = true;
        task.goal_max_turns = Number(turns) || 20;
      }
      return api.create(board, task);
    },
    onSuccess: (task) => {
      toast({
        tone: "ok",
        text: `Created ${task.id}`,
        offer: {
          label: "Open",
          act: () => void navigate({ to: ".", search: (old) => ({ ...old, task: task.id }) }),
        },
      });
      void refresh(board, new Set([task.id]));
      if (another) {
        setTitle("");
        setBody("");
      } else closeDialog();
    },
  });
  return (
    <Dialog open onClose={closeDialog} title="New task" wide>
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (title.trim()) create.mutate();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) event.currentTarget.requestSubmit();
        }}
      >
        <Field label="Title">
          {(id) => <Input id={id} autoFocus value={title} placeholder="What is to be done?" onChange={(event) => setTitle(event.target.value)} />}
        </Field>
        <Field label="Description" hint="Markdown. The worker reads this as its task.">
          {(id) => <TextArea id={id} rows={5} value={body} onChange={(event) => setBody(event.target.value)} />}
        </Field>
        <div className="grid gap-3 sm:grid-cols-3">
          <Field label="Assignee">
            {(id) => (
              <Select id={id} value={assignee} onChange={(event) => setAssignee(event.target.value)}>
                <option value="">Nobody</option>
                {profiles.data?.profiles.map((profile) => (
                  <option key={profile.name}>{profile.name}</option>
                ))}
              </Select>
            )}
          </Field>
          <Field label="Priority">
            {(id) => <Input id={id} type="number" value={priority} onChange={(event) => setPriority(event.target.value)} />}
          </Field>
          <Field label="Tenant">
            {(id) => (
              <>
                <Input id={id} value={tenant} list={`${id}-list`} onChange={(event) => setTenant(event.target.value)} />
                <datalist id={`${id}-list`}>
                  {head.data?.tenants.map((name) => (
                    <option key={name} value={name} />
                  ))}
                </datalist>
              </>
            )}
          </Field>
        </div>
        <details className="group rounded-lg border border-line" open={parents.length > 0 || undefined}>
          <summary className="px-3 py-2 text-sm text-text-2">More: parents, reviewer, time, skills, workspace, goal</summary>
          <div className="grid gap-3 border-t border-line p-3">
            <div className="grid gap-1">
              <span className="flex items-center gap-1 text-xs font-medium text-text-2">
                Waits for
                <PickTask
                  align="start"
                  board={board}
                  label="Add a task that it waits for"
                  taken={new Set(parents.map((each) => each.id))}
                  onPick={(task) => setParents((all) => [...all, task])}
                />
              </span>
              {parents.length === 0 ? (
                <span className="text-sm text-text-3">Nothing</span>
              ) : (
                <ul className="flex flex-wrap gap-1.5">
                  {parents.map((each) => (
                    <li key={each.id} className="flex max-w-full items-center gap-1 rounded-md border border-line-strong bg-raised py-0.5 pr-0.5 pl-2 text-xs">
                      <span className="truncate">{each.title || <code className="font-mono">{each.id}</code>}</span>
                      <IconButton label={`Do not wait for ${each.title || each.id}`} className="size-5" onClick={() => setParents((all) => all.filter((other) => other.id !== each.id))}>
                        <CloseIcon size={11} />
                      </IconButton>
                    </li>
                  ))}
                </ul>
              )}
            </div>
            <div className="grid gap-3 sm:grid-cols-2">
              <Field label="Reviewer">
                {(id) => (
                  <Select id={id} value={reviewer} onChange={(event) => setReviewer(event.target.value)}>
                    <option value="">As profile or board says</option>
                    {profiles.data?.profiles.map((profile) => (
                      <option key={profile.name}>{profile.name}</option>
                    ))}
                  </Select>
                )}
              </Field>
              <Field label="Not before">{(id) => <Input id={id} type="datetime-local" value={at} onChange={(event) => setAt(event.target.value)} />}</Field>
            </div>
            <Field label="Skills">
              {(id) => <Input id={id} value={skills} placeholder="review, rust" onChange={(event) => setSkills(event.target.value)} />}
            </Field>
            <div className="grid gap-3 sm:grid-cols-[10rem_1fr]">
              <Field label="Workspace">
                {(id) => (
                  <Select id={id} value={workspace} onChange={(event) => setWorkspace(event.target.value as typeof workspace)}>
                    <option value="">As the board says</option>
                    <option value="scratch">A scratch directory</option>
                    <option value="dir">A directory</option>
                    <option value="worktree">A git worktree</option>
                  </Select>
                )}
              </Field>
              <Field label="Path">
                {(id) => <Input id={id} value={path} disabled={workspace !== "dir" && workspace !== "worktree"} placeholder="/absolute/path" className="font-mono" onChange={(event) => setPath(event.target.value)} />}
              </Field>
            </div>
            <div className="flex flex-wrap items-center gap-4">
              <Check label="Work until the goal is reached" checked={goal} onChange={(event) => setGoal(event.target.checked)} />
              {goal && (
                <label className="flex items-center gap-2 text-sm text-text-2">
                  at most
                  <Input type="number" min={1} value={turns} className="w-20" onChange={(event) => setTurns(event.target.value)} />
                  turns
                </label>
              )}
            </div>
          </div>
        </details>
        <div className="flex flex-wrap gap-4">
          <Check label="Only an idea: put it in Triage" checked={triage} onChange={(event) => setTriage(event.target.checked)} />
          <Check label="Hold it until I promote it" checked={held && !triage} disabled={triage} onChange={(event) => setHeld(event.target.checked)} />
          <Check label="Create another" checked={another} onChange={(event) => setAnother(event.target.checked)} />
        </div>
        {create.error && <ProblemNote problem={asProblem(create.error)} />}
        <div className="flex justify-end gap-2">
          <Button size="md" onClick={closeDialog}>
            Cancel
          </Button>
          <Button size="md" tone="primary" type="submit" disabled={!title.trim()} busy={create.isPending}>
            Create task
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
