// A blocked task's question, and the answer that lets it go on.

import { useState } from "react";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import type { BlockKind } from "../api/types.ts";
import { Button } from "../design/controls.tsx";
import { PlayIcon } from "../design/icons.tsx";
import { blockName } from "../design/words.ts";
import { t } from "../i18n/index.ts";
import { sent, useKept } from "../shell/drafts.ts";
import { act } from "../shell/moves.ts";
import { refusal } from "../shell/store.ts";
import { Prose } from "../task/prose.tsx";
import { Write } from "../task/write.tsx";

export function Answer({ board, id, kind, reason }: { board: string; id: string; kind: BlockKind | null; reason: string }) {
  const name = `answer ${board}/${id}`;
  const [text, setText] = useKept(name, "");
  const [busy, setBusy] = useState(false);
  const words = text.trim();
  const go = async (unblock: boolean) => {
    if (busy) return;
    setBusy(true);
    try {
      // The answer is a comment: the worker reads it when it starts again, and so does everybody else.
      if (words) await api.comment(board, id, words);
      // It is said, whatever becomes of the task: to say it twice would help nobody.
      sent(name, text);
      if (unblock) await act(board, [id], { verb: "unblock" }, t("done.unblocked", { what: id }));
    } catch (error) {
      refusal(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section aria-label={`${t("answer.label")}, ${id}`} className="grid grid-cols-1 gap-3 rounded-lg border border-line border-l-[3px] border-l-red bg-panel px-3.5 py-3 text-sm">
      <div>
        <h3 className="text-xs font-semibold text-red">{blockName(kind)}</h3>
        <div className="mt-1">
          <Prose text={reason} />
        </div>
      </div>
      <Write
        board={board}
        id={id}
        aria-label={t("answer.to", { id })}
        value={text}
        placeholder={kind === "needs_input" ? t("answer.hint") : t("answer.changed")}
        change={setText}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) void go(true);
        }}
      />
      <div className="flex flex-wrap gap-2">
        <Button tone="primary" busy={busy} onClick={() => void go(true)}>
          <PlayIcon size={11} /> {words ? t("do.answer") : t("do.unblock")}
        </Button>
        <Button disabled={!words || busy} onClick={() => void go(false)}>
          {t("do.commentOnly")}
        </Button>
      </div>
    </section>
  );
}
