// What a worker writes, as it writes it.

import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { url } from "../api/client.ts";
import type { Run } from "../api/types.ts";
import { Button, IconButton } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { ChevronIcon, CopyIcon, DownloadIcon, SearchIcon } from "../design/icons.tsx";
import { t } from "../i18n/index.ts";
import { toast } from "../shell/store.ts";
import type { Line, Piece } from "./ansi.ts";
import { Terminal, plain } from "./ansi.ts";

/** Bytes of the end of a log that are read first. */
const TAIL = 400_000;

type State = "reading" | "live" | "ended" | "none" | "lost" | "failed";

function useLog(board: string, run: Run): { terminal: Terminal; state: State; version: number; again: () => void } {
  const [turn, again] = useReducer((n: number) => n + 1, 0);
  const terminal = useRef(new Terminal());
  const [version, bump] = useReducer((n: number) => n + 1, 0);
  const [state, setState] = useState<State>("reading");
  const open = run.ended_at === null;
  const path = `/boards/${encodeURIComponent(board)}/runs/${encodeURIComponent(run.id)}/log`;
  useEffect(() => {
    void turn;
    // What is shown stays until there is something new to show: when a run ends, nothing jumps.
    const fresh = new Terminal();
    setState("reading");
    let frame = 0;
    const write = (text: string) => {
      terminal.current = fresh;
      fresh.write(text);
      // Many small pieces are one picture.
      if (frame === 0) {
        frame = requestAnimationFrame(() => {
          frame = 0;
          bump();
        });
      }
    };
    if (!open) {
      const abort = new AbortController();
      fetch(url(path, { tail: TAIL }), { signal: abort.signal })
        .then(async (response) => {
          if (response.status === 404) return setState("none");
          if (!response.ok) return setState("failed");
          write(await response.text());
          return setState("ended");
        })
        .catch(() => abort.signal.aborted || setState("failed"));
      return () => {
        abort.abort();
        cancelAnimationFrame(frame);
      };
    }
    const source = new EventSource(url(`${path}/stream`, { tail: TAIL }));
    source.onopen = () => setState("live");
    source.addEventListener("log", (message) => write((JSON.parse(message.data) as { text: string }).text));
    source.addEventListener("end", () => {
      setState("ended");
      source.close();
    });
    source.onerror = () => setState(source.readyState === EventSource.CLOSED ? "none" : "lost");
    return () => {
      source.close();
      cancelAnimationFrame(frame);
    };
  }, [path, open, turn]);
  return { terminal: terminal.current, state, version, again };
}

export function LogView({ board, run, tall = false }: { board: string; run: Run; tall?: boolean }) {
  const { terminal, state, version, again } = useLog(board, run);
  const [follow, setFollow] = useState(true);
  const [text, setText] = useState("");
  const [hit, setHit] = useState(0);
  const box = useRef<HTMLElement>(null);
  const lines = terminal.lines;
  const list = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => 18,
    overscan: 20,
    paddingStart: 10,
    paddingEnd: 10,
  });
  // The line that is being written counts when something stands in it.
  const written = lines.at(-1)?.length === 0 ? lines.length - 1 : lines.length;
  const needle = text.trim().toLowerCase();
  const hits = useMemo(() => {
    void version;
    if (!needle) return [];
    return lines.flatMap((line, index) => (plain(line).toLowerCase().includes(needle) ? [index] : []));
  }, [needle, lines, version]);
  const current = hits.length > 0 ? hits[((hit % hits.length) + hits.length) % hits.length] : undefined;
  const end = lines.length - 1;
  useEffect(() => {
    void version;
    if (follow && !needle && end >= 0) list.scrollToIndex(end, { align: "end" });
  }, [follow, needle, end, version, list]);
  useEffect(() => {
    if (current !== undefined) list.scrollToIndex(current, { align: "center" });
  }, [current, list]);
  const onScroll = useCallback(() => {
    const element = box.current;
    if (!element) return;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
    setFollow((now) => (now === atEnd ? now : atEnd));
  }, []);
  const copy = () =>
    void navigator.clipboard.writeText(lines.map(plain).join("\n")).then(
      () => toast({ tone: "ok", text: t("log.copied") }),
      () => toast({ tone: "problem", text: t("log.notCopied") }),
    );
  const path = `/boards/${encodeURIComponent(board)}/runs/${encodeURIComponent(run.id)}/log`;
  return (
    <div className={cx("flex min-h-0 flex-col overflow-hidden rounded-lg border border-line-strong", tall ? "h-full" : "h-96")}>
      <div className="flex shrink-0 flex-wrap items-center gap-2 border-b border-line bg-raised px-2 py-1.5 text-xs">
        <span className="inline-flex items-center gap-1.5 text-text-2" role="status">
          <span className={cx("size-1.5 rounded-full", state === "live" ? "animate-beat bg-green" : state === "lost" || state === "failed" ? "bg-red" : "bg-line-strong")} />
          {t(`log.${state}`)}
        </span>
        {(state === "failed" || state === "none") && (
          <Button className="h-6! px-2!" onClick={again}>
            {t("do.tryAgain")}
          </Button>
        )}
        <span className="text-text-3">{t("log.lines", { n: written + terminal.dropped })}</span>
        <div className="relative ml-auto">
          <SearchIcon size={12} className="absolute top-2 left-2 text-text-3" />
          <input
            type="search"
            aria-label={t("log.search")}
            placeholder={t("log.search")}
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setHit(0);
            }}
            onKeyDown={(event) => {
              if (event.key === "Enter") setHit((at) => at + (event.shiftKey ? -1 : 1));
              if (event.key === "Escape" && text) {
                event.stopPropagation();
                setText("");
              }
            }}
            className="h-7 w-36 rounded-md border border-line-strong bg-panel pr-2 pl-6 text-xs outline-none placeholder:text-text-3 focus:border-accent-text"
          />
        </div>
        {needle && (
          <span className="inline-flex items-center text-text-2" role="status">
            {hits.length === 0 ? t("log.noHit") : `${(((hit % hits.length) + hits.length) % hits.length) + 1}/${hits.length}`}
            <IconButton label={t("log.previous")} disabled={hits.length === 0} onClick={() => setHit((at) => at - 1)}>
              <ChevronIcon className="rotate-180" size={12} />
            </IconButton>
            <IconButton label={t("log.next")} disabled={hits.length === 0} onClick={() => setHit((at) => at + 1)}>
              <ChevronIcon size={12} />
            </IconButton>
          </span>
        )}
        <Button tone={follow ? "go" : "plain"} aria-pressed={follow} onClick={() => setFollow((now) => !now)}>
          {t("log.follow")}
        </Button>
        <IconButton label={t("log.copy")} onClick={copy}>
          <CopyIcon size={14} />
        </IconButton>
        <a href={url(path)} download={`${run.id}.log`} aria-label={t("log.download")} className="inline-flex size-7 items-center justify-center rounded-md text-text-3 hover:bg-hover hover:text-text">
          <DownloadIcon size={14} />
        </a>
      </div>
      <section
        ref={box}
        aria-label={t("log.label", { n: String(run.attempt) })}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard.
        tabIndex={0}
        onScroll={onScroll}
        className="min-h-0 flex-1 overflow-auto bg-[#0b0c0e] font-mono text-xs leading-[18px] text-[#d6d9df]"
      >
        <div className="relative w-full" style={{ height: list.getTotalSize() }}>
          {list.getVirtualItems().map((item) => (
            <div
              key={item.key}
              ref={list.measureElement}
              data-index={item.index}
              className={cx("absolute inset-x-0 top-0 flex px-3", item.index === current && "bg-[#3a3213]")}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <span className="w-10 shrink-0 pr-3 text-right text-[#868b97] select-none">{item.index + 1 + terminal.dropped}</span>
              <span className="min-w-0 flex-1 whitespace-pre-wrap [overflow-wrap:anywhere]">
                <LineView line={lines[item.index] ?? []} needle={needle} />
              </span>
            </div>
          ))}
        </div>
      </section>
    </div>
  );
}

function LineView({ line, needle }: { line: Line; needle: string }) {
  if (line.length === 0) return "\u200b";
  return line.map((piece, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a written line never change places.
    <span key={index} style={look(piece)}>
      {needle ? mark(piece.text, needle) : piece.text}
    </span>
  ));
}

function look({ style }: Piece): React.CSSProperties {
  return {
    ...(style.color ? { color: style.color } : style.dim ? { color: "#9297a3" } : {}),
    ...(style.background ? { background: style.background } : {}),
    ...(style.bold ? { fontWeight: 650 } : {}),
    ...(style.italic ? { fontStyle: "italic" } : {}),
    ...(style.underline ? { textDecoration: "underline" } : {}),
  };
}

function mark(text: string, needle: string) {
  const parts: React.ReactNode[] = [];
  const lower = text.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(needle); at !== -1; at = lower.indexOf(needle, from)) {
    parts.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + needle.length)}</mark>);
    from = at + needle.length;
  }
  parts.push(text.slice(from));
  return parts;
}
