// An idea in the hands of the planner's model: asked for by a button, told in words whatever comes of it.

import { useMutation } from "@tanstack/react-query";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, refresh, useSettings } from "../api/queries.ts";
import { Button } from "../design/controls.tsx";
import { t } from "../i18n/index.ts";
import { refusal, toast } from "../shell/store.ts";

/** The two things that a model can be asked for; nothing where no model is set up. */
export function PlanWithModel({ board, id }: { board: string; id: string }) {
  const settings = useSettings();
  const plan = useMutation({
    mutationFn: (wish: "specify" | "decompose") => api.plan(board, id, wish),
    onError: (error) => refusal(asProblem(error)),
    onSuccess: (result) => {
      if (!result.ok) toast({ tone: "problem", text: t("plan.not", { reason: result.message ?? result.reason ?? "" }) });
      else if (result.fanout > 0) toast({ tone: "ok", text: t("plan.waits", { id, n: result.fanout }) });
      else toast({ tone: "ok", text: t("plan.specified", { id }) });
      void client.invalidateQueries({ queryKey: keys.task(board, id) });
      void refresh(board, new Set([id, ...result.child_ids]));
    },
  });
  const model = settings.data?.planner_model;
  if (!model) return null;
  return (
    <>
      <Button busy={plan.isPending && plan.variables === "specify"} disabled={plan.isPending} title={t("plan.asks", { model })} onClick={() => plan.mutate("specify")}>
        {t("plan.specify")}
      </Button>
      <Button busy={plan.isPending && plan.variables === "decompose"} disabled={plan.isPending} title={t("plan.asks", { model })} onClick={() => plan.mutate("decompose")}>
        {t("plan.decompose")}
      </Button>
    </>
  );
}
