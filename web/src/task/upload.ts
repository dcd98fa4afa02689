// Files on their way to a task: one after the other, wherever a person put them.

import { useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, refresh } from "../api/queries.ts";
import type { Problem } from "../api/types.ts";
import { t } from "../i18n/index.ts";

/** The files that are pasted or dropped, if there are any. A picture from the clipboard has no name of its own and gets one. */
export function filesOf(data: DataTransfer | null, now = new Date()): File[] {
  return [...(data?.files ?? [])].map((file, index) => {
    if (!/^image\.\w+$/.test(file.name)) return file;
    const moment = now.toISOString().slice(0, 19).replace(/\D/g, "");
    return new File([file], `pasted-${moment}${index > 0 ? `-${index + 1}` : ""}${file.name.slice(file.name.lastIndexOf("."))}`, { type: file.type });
  });
}

/** The files that are pasted. Office programs put a picture of a text beside the text: then the text is meant. */
export const pasted = (data: DataTransfer | null): File[] => (data?.types.includes("text/plain") ? [] : filesOf(data));

/** Whether files are being dragged, which is known before they are. */
export const carriesFiles = (data: DataTransfer | null): boolean => data?.types.includes("Files") ?? false;

/** Lets a person choose files. */
export function chooseFiles(then: (files: File[]) => void): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.addEventListener("change", () => then([...(input.files ?? [])]));
  input.click();
}

/** Attaches files to a task until one is refused. */
export function useUpload(board: string, id: string): { sending: string | null; problem: Problem | null; send: (files: File[]) => Promise<string[]> } {
  const [sending, setSending] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const send = async (files: File[]): Promise<string[]> => {
    const sent: string[] = [];
    if (files.length === 0) return sent;
    setProblem(null);
    for (const [index, file] of files.entries()) {
      setSending(files.length > 1 ? t("files.sendingOne", { name: file.name, at: index + 1, all: files.length }) : t("files.sending", { name: file.name }));
      try {
        sent.push((await api.attach(board, id, file)).name);
      } catch (error) {
        setProblem(asProblem(error));
        break;
      }
    }
    setSending(null);
    void client.invalidateQueries({ queryKey: keys.task(board, id) });
    void refresh(board, new Set([id]));
    return sent;
  };
  return { sending, problem, send };
}
