// A panel of the fleet.

import type { ReactNode } from "react";

export function Panel({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={title} className="min-w-0 rounded-xl border border-line bg-raised p-4 shadow-card">
      <div className="mb-3 flex min-h-6 items-center justify-between">
        <h2 className="text-xs font-semibold text-text-2">{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}
