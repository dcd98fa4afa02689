// A new board, and what is set of one that is there.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { keys, useBoards, useProfiles } from "../api/queries.ts";
import type { Board } from "../api/types.ts";
import { Button, Check, Dialog, Field, Input, ProblemNote, Select, TextArea } from "../design/controls.tsx";
import { t } from "../i18n/index.ts";
import { closeDialog, openDialog, refusal, toast } from "./store.ts";

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
  const [show, setShow] = useState(true);
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
      toast({ tone: "ok", text: t("newBoard.created", { board: board.name || board.slug }) });
      closeDialog();
      if (show) await navigate({ to: "/b/$board", params: { board: board.slug } });
    },
  });
  return (
    <Dialog open onClose={closeDialog} title={t("newBoard.name")} description={t("newBoard.about")}>
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (slug) create.mutate();
        }}
      >
        <div className="grid grid-cols-[1fr_5rem] gap-3">
          <Field label={t("field.name")}>
            {(id) => <Input id={id} autoFocus value={name} placeholder={t("newBoard.example")} onChange={(event) => setName(event.target.value)} />}
          </Field>
          <Field label={t("field.icon")}>
            {(id) => <Input id={id} value={icon} maxLength={4} placeholder="🚀" onChange={(event) => setIcon(event.target.value)} />}
          </Field>
        </div>
        <Field label={t("field.slug")} hint={t("newBoard.slugHint")}>
          {(id) => <Input id={id} value={slug} className="font-mono" onChange={(event) => setOwn(event.target.value.toLowerCase().replace(/[^a-z0-9-]/g, "-"))} />}
        </Field>
        <Field label={t("field.description")}>
          {(id) => <TextArea id={id} value={description} onChange={(event) => setDescription(event.target.value)} />}
        </Field>
        <Check label={t("newBoard.show")} checked={show} onChange={(event) => setShow(event.target.checked)} />
        {create.error && <ProblemNote problem={asProblem(create.error)} />}
        <div className="mt-2 flex justify-end gap-2">
          <Button size="md" onClick={closeDialog}>
            {t("do.cancel")}
          </Button>
          <Button size="md" tone="primary" type="submit" disabled={!slug} busy={create.isPending}>
            {t("newBoard.create")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What a board is called and for, and its end. */
export function EditBoard({ board }: { board: string }) {
  const boards = useBoards();
  const found = boards.data?.boards.find((each) => each.slug === board);
  return (
    <Dialog open onClose={closeDialog} title={t("setBoard.name", { board })}>
      {found ? <BoardForm key={found.slug} board={found} others={(boards.data?.boards.length ?? 1) > 1} /> : <div className="skeleton h-40" />}
    </Dialog>
  );
}

function BoardForm({ board, others }: { board: Board; others: boolean }) {
  const [name, setName] = useState(board.name ?? "");
  const [icon, setIcon] = useState(board.icon ?? "");
  const [description, setDescription] = useState(board.description ?? "");
  const [reviewer, setReviewer] = useState(board.reviewer ?? "");
  const [folder, setFolder] = useState(board.default_workdir ?? "");
  const profiles = useProfiles();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const text = (value: string) => value.trim() || null;
  const save = useMutation({
    mutationFn: () => api.editBoard(board.slug, { name: text(name), icon: text(icon), description: text(description), reviewer: text(reviewer), default_workdir: text(folder) }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keys.boards });
      closeDialog();
    },
  });
  const archive = () =>
    openDialog({
      kind: "confirm",
      title: t("setBoard.archiveIt", { board: board.name || board.slug }),
      text: t("setBoard.archiveAbout"),
      label: t("setBoard.archive"),
      danger: true,
      act: () =>
        void api
          .archiveBoard(board.slug)
          .then(async () => {
            toast({ tone: "ok", text: t("setBoard.archived", { board: board.name || board.slug }) });
            localStorage.removeItem("andon.board");
            await queries.invalidateQueries({ queryKey: keys.boards });
            await navigate({ to: "/" });
          })
          .catch((error) => refusal(asProblem(error))),
    });
  return (
    <form
      className="grid gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <div className="grid grid-cols-[1fr_5rem] gap-3">
        <Field label={t("field.name")}>{(id) => <Input id={id} autoFocus value={name} placeholder={board.slug} onChange={(event) => setName(event.target.value)} />}</Field>
        <Field label={t("field.icon")}>{(id) => <Input id={id} value={icon} maxLength={4} onChange={(event) => setIcon(event.target.value)} />}</Field>
      </div>
      <Field label={t("field.description")}>{(id) => <TextArea id={id} value={description} onChange={(event) => setDescription(event.target.value)} />}</Field>
      <Field label={t("setBoard.reviewer")}>
        {(id) => (
          <Select id={id} value={reviewer} onChange={(event) => setReviewer(event.target.value)}>
            <option value="">{t("setBoard.asConfigured")}</option>
            <option value="person">{t("setBoard.person")}</option>
            {profiles.data?.profiles.map((profile) => (
              <option key={profile.name}>{profile.name}</option>
            ))}
          </Select>
        )}
      </Field>
      <Field label={t("setBoard.folder")} hint={t("setBoard.folderHint")}>
        {(id) => <Input id={id} value={folder} className="font-mono" placeholder="/absolute/path" onChange={(event) => setFolder(event.target.value)} />}
      </Field>
      {save.error && <ProblemNote problem={asProblem(save.error)} />}
      <div className="mt-2 flex justify-end gap-2">
        <Button size="md" tone="danger" className="mr-auto" disabled={!others} title={others ? undefined : t("setBoard.only")} onClick={archive}>
          {t("do.archiveMore")}
        </Button>
        <Button size="md" onClick={closeDialog}>
          {t("do.cancel")}
        </Button>
        <Button size="md" tone="primary" type="submit" busy={save.isPending}>
          {t("do.save")}
        </Button>
      </div>
    </form>
  );
}
