// An idea in the hands of the planner's model: asked for by a button, told in words whatever comes of it.

import { useMutation } from "@tanstack/react-query";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, refresh, useSettings } from "../api/queries.ts";
import { Button } from "../design/controls.tsx";
import { refusal, toast } from "../shell/store.ts";

/** The two things that a model can be asked for; nothing where no model is set up. */
export function PlanWithModel({ board, id }: { board: string; id: string }) {
  const settings = useSettings();
  const plan = useMutation({
    mutationFn: (wish: "specify" | "decompose") => api.plan(board, id, wish),
    onError: (error) => refusal(asProblem(error)),
    onSuccess: (result) => {
      if (!result.ok) toast({ tone: "problem", text: `Not planned: ${result.message ?? result.reason}` });
      else if (result.fanout > 0) toast({ tone: "ok", text: `${id} waits for ${result.fanout} new tasks` });
      else toast({ tone: "ok", text: `${id} is specified` });
      void client.invalidateQueries({ queryKey: keys.task(board, id) });
      void refresh(board, new Set([id, ...result.child_ids]));
    },
  });
  const model = settings.data?.planner_model;
  if (!model) return null;
  return (
    <>
      <Button busy={plan.isPending && plan.variables === "specify"} disabled={plan.isPending} title={`Asks ${model}`} onClick={() => plan.mutate("specify")}>
        Specify with the model
      </Button>
      <Button busy={plan.isPending && plan.variables === "decompose"} disabled={plan.isPending} title={`Asks ${model}`} onClick={() => plan.mutate("decompose")}>
        Decompose with the model
      </Button>
    </>
  );
}
