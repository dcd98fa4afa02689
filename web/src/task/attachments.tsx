// The files of a task: previews, one upload after another, and what a worker left.

import { useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { api } from "../api/actions.ts";
import { asProblem, url } from "../api/client.ts";
import { client, keys, refresh, useFileLimit } from "../api/queries.ts";
import type { Attachment } from "../api/types.ts";
import { Dialog, IconButton, ProblemNote, Section } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { ClipIcon, DownloadIcon, TrashIcon, UploadIcon } from "../design/icons.tsx";
import { ago, bytes, useNow } from "../design/time.ts";
import { t } from "../i18n/index.ts";
import { openDialog, refusal } from "../shell/store.ts";
import { useUpload } from "./upload.ts";

/** Most bytes of a text that a preview reads. */
const PREVIEW = 65_536;

const isImage = (file: Attachment) => /^image\/(png|jpeg|gif|webp|avif)$/.test(file.content_type ?? "");
const isText = (file: Attachment) =>
  /^(text\/|application\/(json|xml|x-yaml|toml|javascript))/.test(file.content_type ?? "") || /\.(md|txt|log|json|ya?ml|toml|rs|ts|py|patch|diff|csv)$/i.test(file.name);

export function Attachments({ board, id, attachments }: { board: string; id: string; attachments: Attachment[] }) {
  const { sending, problem, send } = useUpload(board, id);
  const [over, setOver] = useState(false);
  const [preview, setPreview] = useState<Attachment | null>(null);
  const limit = useFileLimit();
  const now = useNow(30_000);
  const path = (file: Attachment) => `/boards/${encodeURIComponent(board)}/tasks/${id}/attachments/${file.id}`;
  const settle = () => {
    void client.invalidateQueries({ queryKey: keys.task(board, id) });
    void refresh(board, new Set([id]));
  };
  const remove = (file: Attachment) =>
    openDialog({
      kind: "confirm",
      title: t("files.removeIt", { name: file.name }),
      text: t("files.removeAbout"),
      label: t("do.remove"),
      danger: true,
      act: () =>
        void api
          .detach(board, id, file.id)
          .catch((error) => refusal(asProblem(error)))
          .finally(settle),
    });
  return (
    <Section title={t("files.name")}>
      {attachments.length > 0 && (
        <ul className="grid grid-cols-1 gap-2 sm:grid-cols-2">
          {attachments.map((file) => (
            <li key={file.id} className="group flex items-center gap-2.5 rounded-lg border border-line bg-raised p-2 text-sm">
              <button
                type="button"
                disabled={!isImage(file) && !isText(file)}
                onClick={() => setPreview(file)}
                className="flex min-w-0 flex-1 items-center gap-2.5 text-left disabled:cursor-default"
              >
                {isImage(file) ? (
                  <img src={url(path(file))} alt="" loading="lazy" className="size-10 shrink-0 rounded-md border border-line object-cover" />
                ) : (
                  <span className="flex size-10 shrink-0 items-center justify-center rounded-md bg-hover text-text-3">
                    <ClipIcon />
                  </span>
                )}
                <span className="min-w-0">
                  <span className="block truncate font-medium">{file.name}</span>
                  <span className="block truncate text-xs text-text-3">
                    {bytes(file.size)}, {file.added_by}, {ago(file.created_at, now)}
                  </span>
                </span>
              </button>
              <a href={url(path(file), { download: true })} download={file.name} aria-label={t("files.download", { name: file.name })} className="inline-flex size-7 items-center justify-center rounded-md text-text-3 hover:bg-hover hover:text-text">
                <DownloadIcon size={14} />
              </a>
              <IconButton label={t("files.remove", { name: file.name })} onClick={() => remove(file)}>
                <TrashIcon size={14} />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      <label
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void send([...event.dataTransfer.files]);
        }}
        className={cx(
          "flex cursor-pointer items-center justify-center gap-2 rounded-lg border border-dashed px-3 py-3 text-xs focus-within:ring-2 focus-within:ring-accent-text",
          over ? "border-accent-text bg-accent-soft text-accent-text" : "border-line-strong text-text-2 hover:bg-hover",
        )}
      >
        <UploadIcon size={14} />
        {sending ?? t("files.drop", { limit: bytes(limit) })}
        <input
          type="file"
          multiple
          className="sr-only"
          disabled={sending !== null}
          onChange={(event) => {
            const files = [...(event.target.files ?? [])];
            event.target.value = "";
            void send(files);
          }}
        />
      </label>
      {problem && <ProblemNote problem={problem} />}
      {preview && (
        <Dialog open wide onClose={() => setPreview(null)} title={preview.name}>
          {isImage(preview) ? <img src={url(path(preview))} alt={preview.name} className="mx-auto max-h-[70vh] rounded-md" /> : <TextPreview address={url(path(preview))} />}
        </Dialog>
      )}
    </Section>
  );
}

function TextPreview({ address }: { address: string }) {
  const text = useQuery({
    queryKey: ["preview", address],
    queryFn: async () => {
      const response = await fetch(address, { headers: { Range: `bytes=0-${PREVIEW - 1}` } });
      if (!response.ok) throw new Error(t("files.unreadable", { status: String(response.status) }));
      return response.text();
    },
  });
  if (text.error) return <ProblemNote problem={asProblem(text.error)} />;
  if (text.data === undefined) return <div className="skeleton h-40" />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard.
    <pre tabIndex={0} className="max-h-[70vh] overflow-auto rounded-md border border-line bg-canvas p-3 font-mono text-xs whitespace-pre-wrap [overflow-wrap:anywhere]">
      {text.data}
    </pre>
  );
}
