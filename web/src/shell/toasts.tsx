// What has just been done, and what was refused.

import { Words } from "../design/controls.tsx";
import { CheckIcon, AlertIcon, CloseIcon } from "../design/icons.tsx";
import { t } from "../i18n/index.ts";
import { dismiss, useToasts } from "./store.ts";

export function Toasts() {
  const toasts = useToasts();
  return (
    <div
      aria-live="polite"
      className="pointer-events-none fixed right-4 bottom-20 z-70 flex w-[min(24rem,calc(100vw-2rem))] flex-col gap-2 md:bottom-4"
    >
      {toasts.map((toast) => (
        <div
          key={toast.id}
          role={toast.tone === "problem" ? "alert" : "status"}
          className="pointer-events-auto flex animate-in items-start gap-2.5 rounded-lg border border-line-strong bg-raised px-3 py-2.5 text-sm shadow-float"
        >
          {toast.tone === "ok" ? (
            <CheckIcon className="mt-0.5 shrink-0 text-green" />
          ) : (
            <AlertIcon className="mt-0.5 shrink-0 text-red" />
          )}
          <div className="min-w-0 flex-1">
            <p className="break-words">
              <Words text={toast.text} />
            </p>
            {toast.hint && (
              <p className="mt-0.5 break-words text-text-2">
                <Words text={toast.hint} />
              </p>
            )}
          </div>
          {toast.offer && (
            <button
              type="button"
              className="font-medium text-accent-text hover:underline"
              onClick={() => {
                toast.offer?.act();
                dismiss(toast.id);
              }}
            >
              {toast.offer.label}
            </button>
          )}
          <button type="button" aria-label={t("do.dismiss")} onClick={() => dismiss(toast.id)} className="text-text-3 hover:text-text">
            <CloseIcon size={14} />
          </button>
        </div>
      ))}
    </div>
  );
}
