// What the planner's model may do by itself, and what it says of profiles.

import { useMutation } from "@tanstack/react-query";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, useSettings } from "../api/queries.ts";
import type { Profile } from "../api/types.ts";
import { Badge, Button } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { refusal, toast } from "../shell/store.ts";

/** Whether ideas are planned as they come; a click changes it. */
export function OrchestrationPill() {
  const settings = useSettings();
  const toggle = useMutation({
    mutationFn: (on: boolean) => api.configure({ auto_decompose: on }),
    onError: (error) => refusal(asProblem(error)),
    onSettled: () => client.invalidateQueries({ queryKey: ["settings"] }),
  });
  if (!settings.data) return null;
  const { auto_decompose: on, planner_model: model } = settings.data;
  const without = on && !model ? " No model is set up to do it." : "";
  return (
    <button
      type="button"
      aria-pressed={on}
      disabled={toggle.isPending}
      title={`${on ? "A model plans ideas as they come." : "Ideas wait for a person."}${without}`}
      onClick={() => toggle.mutate(!on)}
      className={cx("inline-flex h-6 items-center gap-1.5 rounded-full border px-2 text-xs font-medium", on ? "border-transparent bg-green-soft text-green" : "border-line-strong text-text-2 hover:bg-hover")}
    >
      <span className={cx("size-1.5 rounded-full", on ? (model ? "bg-green" : "bg-amber") : "bg-line-strong")} />
      Planning: {on ? "auto" : "manual"}
    </button>
  );
}

/** Who described a profile, and a model's offer to do so. */
export function Described({ profile }: { profile: Profile }) {
  const settings = useSettings();
  const describe = useMutation({
    mutationFn: () => api.describe(profile.name),
    onError: (error) => refusal(asProblem(error)),
    onSuccess: (result) => {
      if (result.ok) toast({ tone: "ok", text: `${profile.name} is described anew: review it` });
      else toast({ tone: "problem", text: `Not described: ${result.message ?? result.reason}` });
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.profiles }),
  });
  const bare = !profile.description?.trim();
  return (
    <>
      {profile.description_auto && <Badge tone="purple">auto, review</Badge>}
      {bare && <Badge tone="amber">no description</Badge>}
      {settings.data?.planner_model && (bare || profile.description_auto) && (
        <Button busy={describe.isPending} aria-label={`Auto-generate the description of ${profile.name}`} onClick={() => describe.mutate()}>
          Auto-generate
        </Button>
      )}
    </>
  );
}
