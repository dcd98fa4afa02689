// Who is told what becomes of a task: a switch for each channel of the configuration, and nothing where there is none.

import { useMutation, useQuery } from "@tanstack/react-query";
import { asProblem, get, post, send } from "../api/client.ts";
import { client } from "../api/queries.ts";
import type { Subscription } from "../api/types.ts";
import { Button, Section } from "../design/controls.tsx";
import { t } from "../i18n/index.ts";
import { refusal } from "../shell/store.ts";

export function Subscriptions({ board, id }: { board: string; id: string }) {
  const path = `/boards/${encodeURIComponent(board)}/tasks/${encodeURIComponent(id)}/subscriptions`;
  const key = ["subscriptions", board, id] as const;
  const found = useQuery({ queryKey: key, queryFn: () => get<{ subscriptions: Subscription[] }>(path), staleTime: 0 });
  const change = useMutation({
    mutationFn: ({ channel, verb }: { channel: string; verb: "PUT" | "DELETE" | "retry" }) => {
      const one = `${path}/${encodeURIComponent(channel)}`;
      return verb === "retry" ? post<unknown>(`${one}/retry`) : send<unknown>(verb, one, verb === "PUT" ? { body: {} } : {});
    },
    onError: (error) => refusal(asProblem(error)),
    onSettled: () => client.invalidateQueries({ queryKey: key }),
  });
  const all = found.data?.subscriptions ?? [];
  if (all.length === 0) return null;
  return (
    <Section title={t("notify.name")}>
      <ul className="grid gap-1">
        {all.map((each) => (
          <li key={each.channel} className="flex min-h-8 flex-wrap items-center gap-x-2 gap-y-1 text-sm">
            <label className="flex items-center gap-2">
              <input
                type="checkbox"
                checked={each.subscribed}
                disabled={change.isPending}
                onChange={() => change.mutate({ channel: each.channel, verb: each.subscribed ? "DELETE" : "PUT" })}
                className="size-4 accent-(--accent-text)"
              />
              {each.channel}
            </label>
            <span className="text-xs text-text-3">{each.kind ?? t("notify.unknown")}</span>
            {!each.ready && <span className="text-xs text-red">{t("notify.unusable")}</span>}
            {each.state === "suspended" && (
              <>
                <span className="min-w-0 text-xs text-red [overflow-wrap:anywhere]">{each.last_error}</span>
                <Button busy={change.isPending} onClick={() => change.mutate({ channel: each.channel, verb: "retry" })}>
                  {t("do.tryAgain")}
                </Button>
              </>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}
