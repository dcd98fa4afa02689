// The places below the board that a carried card can be let go on: put away, or deleted for good.

import { dropTargetForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { useEffect, useRef } from "react";
import type { ReactNode } from "react";
import { cx } from "../design/cx.ts";
import { StatusIcon, TrashIcon } from "../design/icons.tsx";
import { t } from "../i18n/index.ts";
import { useCarrying, useLook } from "./drag.ts";
import type { Target } from "./drag.ts";

export function Zones() {
  if (!useCarrying()) return null;
  return (
    <div className="fixed bottom-18 left-1/2 z-40 flex -translate-x-1/2 gap-2 rounded-xl border border-line-strong bg-raised p-2 shadow-float md:bottom-6">
      <Zone target="archived">
        <StatusIcon status="archived" /> {t("do.archive")}
      </Zone>
      <Zone target="delete" danger>
        <TrashIcon size={14} /> {t("do.delete")}
      </Zone>
    </div>
  );
}

function Zone({ target, danger = false, children }: { target: Target; danger?: boolean; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const look = useLook(target);
  useEffect(() => {
    const element = box.current;
    return element ? dropTargetForElements({ element, getData: () => ({ target }) }) : undefined;
  }, [target]);
  return (
    <div
      ref={box}
      data-drop={target}
      className={cx(
        "flex h-12 w-36 items-center justify-center gap-2 rounded-lg border border-dashed text-sm font-medium transition-colors",
        danger ? "border-red/50 text-red" : "border-line-strong text-text-2",
        look !== "no" && (danger ? "bg-red-soft" : "bg-accent-soft"),
      )}
    >
      {children}
    </div>
  );
}
