// A button that finds a task.

import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { api } from "../api/actions.ts";
import type { TaskRef } from "../api/types.ts";
import { Button, Input, Popover } from "../design/controls.tsx";
import { PlusIcon, StatusIcon } from "../design/icons.tsx";
import { t } from "../i18n/index.ts";

export function PickTask({ board, label, taken, onPick, align = "end" }: { align?: "start" | "end"; board: string; label: string; taken: ReadonlySet<string>; onPick: (task: TaskRef) => void }) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const query = useDeferredValue(text.trim());
  const found = useQuery({
    queryKey: ["pick", board, query],
    queryFn: () => api.cards(board, query ? { q: query, limit: 20 } : { sort: "updated", limit: 20 }),
    enabled: open,
    staleTime: 2000,
  });
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      align={align}
      label={label}
      className="w-80 p-2"
      trigger={
        <Button tone="quiet" aria-label={label}>
          <PlusIcon size={13} />
        </Button>
      }
    >
      <Input autoFocus aria-label={t("links.find")} placeholder={t("links.findMore")} value={text} onChange={(event) => setText(event.target.value)} />
      <ul className="mt-1.5 grid max-h-64 overflow-y-auto">
        {found.data?.cards
          .filter((card) => !taken.has(card.id))
          .map((card) => (
            <li key={card.id}>
              <button
                type="button"
                className="flex h-8 w-full items-center gap-2 rounded-md px-2 text-left text-sm hover:bg-hover focus-visible:bg-hover"
                onClick={() => {
                  setOpen(false);
                  onPick({ id: card.id, title: card.title, status: card.status });
                }}
              >
                <StatusIcon status={card.status} />
                <span className="min-w-0 flex-1 truncate">{card.title}</span>
              </button>
            </li>
          ))}
        {found.data?.cards.length === 0 && <li className="px-2 py-4 text-center text-sm text-text-2">{t("any.noMatch")}</li>}
      </ul>
    </Popover>
  );
}
