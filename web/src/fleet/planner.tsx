// What the planner's model may do by itself, and what it says of profiles.

import { useMutation } from "@tanstack/react-query";
import { api } from "../api/actions.ts";
import { asProblem } from "../api/client.ts";
import { client, keys, useSettings } from "../api/queries.ts";
import type { Profile } from "../api/types.ts";
import { Badge, Button } from "../design/controls.tsx";
import { cx } from "../design/cx.ts";
import { t } from "../i18n/index.ts";
import { refusal, toast } from "../shell/store.ts";

/** Whether ideas are planned as they come; a click changes it. */
export function OrchestrationPill() {
  const settings = useSettings();
  const toggle = useMutation({
    mutationFn: (on: boolean) => api.configure({ auto_decompose: on }),
    onError: (error) => refusal(asProblem(error)),
    onSettled: () => client.invalidateQueries({ queryKey: keys.settings }),
  });
  if (!settings.data) return null;
  const { auto_decompose: on, planner_model: model } = settings.data;
  return (
    <button
      type="button"
      aria-pressed={on}
      disabled={toggle.isPending}
      title={t(on ? (model ? "plan.autoAbout" : "plan.autoWithout") : "plan.manualAbout")}
      onClick={() => toggle.mutate(!on)}
      className={cx("inline-flex h-6 items-center gap-1.5 rounded-full border px-2 text-xs font-medium", on ? "border-transparent bg-green-soft text-green" : "border-line-strong text-text-2 hover:bg-hover")}
    >
      <span className={cx("size-1.5 rounded-full", on ? (model ? "bg-green" : "bg-amber") : "bg-line-strong")} />
      {t(on ? "plan.auto" : "plan.manual")}
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
      if (result.ok) toast({ tone: "ok", text: t("plan.again", { profile: profile.name }) });
      else toast({ tone: "problem", text: t("plan.notDescribed", { reason: result.message ?? result.reason ?? "" }) });
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.profiles }),
  });
  const bare = !profile.description?.trim();
  return (
    <>
      {profile.description_auto && <Badge tone="purple" className="shrink-0">{t("plan.review")}</Badge>}
      {bare && <Badge tone="amber" className="shrink-0">{t("fleet.noDescription")}</Badge>}
      {settings.data?.planner_model && (bare || profile.description_auto) && (
        <Button busy={describe.isPending} aria-label={t("plan.describeOf", { profile: profile.name })} onClick={() => describe.mutate()}>
          {t("plan.describe")}
        </Button>
      )}
    </>
  );
}
