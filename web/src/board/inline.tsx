// A new task where it will stand: a title, Enter, and the next one.

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { refresh, useProfiles } from "../api/queries.ts";
import type { NewTask, Status } from "../api/types.ts";
import { Button } from "../design/controls.tsx";
import { openDialog } from "../shell/store.ts";

export function InlineCreate({ board, status, close }: { board: string; status: Status; close: () => void }) {
  const [text, setText] = useState("");
  const [assignee, setAssignee] = useState("");
  const profiles = useProfiles();
  const create = useMutation({
    mutationFn: () => {
      // The first line is the title, the rest is the description.
      const [title = "", ...rest] = text.trim().split("\n");
      const task: NewTask = { title: title.trim() };
      const body = rest.join("\n").trim();
      if (body) task.body = body;
      if (assignee) task.assignee = assignee;
      if (status === "triage") task.triage = true;
      if (status === "todo") task.held = true;
      return api.create(board, task);
    },
    onSuccess: (task) => {
      setText("");
      void refresh(board, new Set([task.id]));
    },
  });
  return (
    <form
      className="mx-1.5 mb-1.5 grid shrink-0 gap-2 rounded-lg border border-accent-text bg-raised p-2 shadow-card"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() && !create.isPending) create.mutate();
      }}
    >
      <textarea
        // biome-ignore lint/a11y/noAutofocus: it appears because a person asked for it, to write into it.
        autoFocus
        rows={2}
        aria-label="Title of the new task"
        placeholder="What is to be done?"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            event.currentTarget.form?.requestSubmit();
          } else if (event.key === "Escape") {
            event.stopPropagation();
            close();
          }
        }}
        className="field-sizing-content max-h-40 min-h-10 w-full resize-none bg-transparent text-sm outline-none placeholder:text-text-3"
      />
      {create.error && <p className="text-xs text-red [overflow-wrap:anywhere]">{asProblem(create.error).detail ?? asProblem(create.error).title}</p>}
      <div className="flex items-center gap-1">
        <select aria-label="Assignee of the new task" value={assignee} onChange={(event) => setAssignee(event.target.value)} className="h-7 w-0 min-w-0 flex-1 rounded-md border border-line-strong bg-raised px-1 text-xs">
          <option value="">Nobody</option>
          {profiles.data?.profiles.map((profile) => (
            <option key={profile.name}>{profile.name}</option>
          ))}
        </select>
        <Button
          tone="quiet"
          onClick={() => {
            close();
            openDialog({ kind: "new-task", status, title: text.trim() });
          }}
        >
          More…
        </Button>
        <Button tone="primary" type="submit" disabled={!text.trim()} busy={create.isPending}>
          Add
        </Button>
      </div>
    </form>
  );
}
