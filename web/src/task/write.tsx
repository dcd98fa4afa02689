// Where a person writes about a task: files that are pasted, dropped or chosen there are attached to it and named in the words.

import { useRef, useState } from "react";
import type { ComponentProps } from "react";
import { IconButton, ProblemNote, TextArea } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { ClipIcon } from "../design/icons.tsx";
import { t } from "../i18n/index.ts";
import { carriesFiles, chooseFiles, filesOf, pasted, useUpload } from "./upload.ts";

export function Write({ board, id: task, value, change, field, className, ...rest }: { board: string; id: string; value: string; change: (text: string) => void; field?: string } & Omit<ComponentProps<typeof TextArea>, "id" | "value" | "onChange">) {
  const { sending, problem, send } = useUpload(board, task);
  const [over, setOver] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const attach = async (files: File[]) => {
    const names = (await send(files)).map((name) => `\`${name}\``).join(" ");
    const area = box.current;
    if (!names || !area) return;
    // Where the person writes now, which may be further on than when the files came.
    const [before, after] = [area.value.slice(0, area.selectionStart), area.value.slice(area.selectionEnd)];
    change(`${before}${/\S$/.test(before) ? " " : ""}${names}${after && !/^\s/.test(after) ? " " : ""}${after}`);
    area.focus();
  };
  return (
    <div className="grid grid-cols-1 gap-2">
      <div className="relative">
        <TextArea
          {...rest}
          {...(field ? { id: field } : {})}
          ref={box}
          dir="auto"
          value={value}
          className={cx("pr-10", over && "border-accent-text bg-accent-soft", className)}
          onChange={(event) => change(event.target.value)}
          onPaste={(event) => {
            const files = pasted(event.clipboardData);
            if (files.length === 0) return;
            event.preventDefault();
            void attach(files);
          }}
          onDragOver={(event) => {
            if (!carriesFiles(event.dataTransfer)) return;
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            setOver(false);
            if (!carriesFiles(event.dataTransfer)) return;
            event.preventDefault();
            void attach(filesOf(event.dataTransfer));
          }}
        />
        <IconButton label={t("files.attach")} disabled={sending !== null} className="absolute top-1 right-1" onClick={() => chooseFiles((files) => void attach(files))}>
          <ClipIcon size={14} />
        </IconButton>
      </div>
      {sending && (
        <p role="status" className="text-xs text-text-2">
          {sending}
        </p>
      )}
      {problem && <ProblemNote problem={problem} />}
    </div>
  );
}
