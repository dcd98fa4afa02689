// A new board.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { keys } from "../api/queries.ts";
import { Button, Dialog, Field, Input, ProblemNote, TextArea } from "../design/controls.tsx";
import { closeDialog, toast } from "./store.ts";

/** What of a text may stand in a board's name in addresses. */
export function slugOf(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 48);
}

export function NewBoard() {
  const [name, setName] = useState("");
  const [own, setOwn] = useState<string | null>(null);
  const [description, setDescription] = useState("");
  const [icon, setIcon] = useState("");
  const slug = own ?? slugOf(name);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: () =>
      api.createBoard({
        slug,
        ...(name.trim() ? { name: name.trim() } : {}),
        ...(description.trim() ? { description: description.trim() } : {}),
        ...(icon.trim() ? { icon: icon.trim() } : {}),
      }),
    onSuccess: async (board) => {
      await queries.invalidateQueries({ queryKey: keys.boards });
      toast({ tone: "ok", text: `Board ${board.name || board.slug} is there` });
      closeDialog();
      await navigate({ to: "/b/$board", params: { board: board.slug } });
    },
  });
  return (
    <Dialog open onClose={closeDialog} title="New board" description="A queue of its own. No link crosses boards.">
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (slug) create.mutate();
        }}
      >
        <div className="grid grid-cols-[1fr_5rem] gap-3">
          <Field label="Name">
            {(id) => <Input id={id} autoFocus value={name} placeholder="Website relaunch" onChange={(event) => setName(event.target.value)} />}
          </Field>
          <Field label="Icon">
            {(id) => <Input id={id} value={icon} maxLength={4} placeholder="🚀" onChange={(event) => setIcon(event.target.value)} />}
          </Field>
        </div>
        <Field label="Slug" hint="How commands and addresses name it. It cannot be changed later.">
          {(id) => <Input id={id} value={slug} className="font-mono" onChange={(event) => setOwn(event.target.value.toLowerCase().replace(/[^a-z0-9-]/g, "-"))} />}
        </Field>
        <Field label="Description">
          {(id) => <TextArea id={id} value={description} onChange={(event) => setDescription(event.target.value)} />}
        </Field>
        {create.error && <ProblemNote problem={asProblem(create.error)} />}
        <div className="mt-2 flex justify-end gap-2">
          <Button size="md" onClick={closeDialog}>
            Cancel
          </Button>
          <Button size="md" tone="primary" type="submit" disabled={!slug} busy={create.isPending}>
            Create board
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
